# The benchmarks' programs. script/bench brings this in with -DCMAKE_PROJECT_anabranch_INCLUDE=bench/bench.cmake, so that
# the project's own lists need not know of it; it takes effect at their end, when all stations are there.
function(anabranch_bench_programs)
  add_executable(anabranch_load ${CMAKE_SOURCE_DIR}/bench/load.cc)
  target_link_libraries(anabranch_load PRIVATE http front CLI11::CLI11)
  set_target_properties(anabranch_load PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()
if(ANABRANCH_BENCH)
  cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL anabranch_bench_programs)
endif()
