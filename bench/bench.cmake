# Adds bench/ to the project without the project's own list knowing of it: see script/bench.
cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL add_subdirectory bench)
