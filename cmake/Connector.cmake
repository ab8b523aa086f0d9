# connector(NAME [LINKS target...]): the adapter in src/connect/NAME, which the program can be built without:
# -DANABRANCH_<NAME>=OFF. Where it is on, src/app/slots.cc sees ANABRANCH_HAS_<NAME>, and nobody else.
function(connector NAME)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  string(TOUPPER ${NAME} UPPER)
  option(ANABRANCH_${UPPER} "Build the connector ${NAME}" ON)
  if(NOT ANABRANCH_${UPPER})
    return()
  endif()
  station(connect/${NAME} LINKS ${ARG_LINKS})
  set_property(GLOBAL APPEND PROPERTY ANABRANCH_CONNECTORS connect_${NAME})
  set_property(GLOBAL APPEND PROPERTY ANABRANCH_CONNECTOR_DEFINITIONS ANABRANCH_HAS_${UPPER})
endfunction()
