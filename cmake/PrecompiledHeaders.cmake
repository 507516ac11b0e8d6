# Reading the headers of the standard library, fmt and GoogleTest is most of what compiling a file here
# costs. They are compiled once, for the program and for its tests. What a file includes stays written in it:
# with -DPARKED_PCH=OFF, as scripts/test's step `tidy` configures it, everything has to compile as well.
option(PARKED_PCH "Compile the headers of libraries once" ON)

# clang writes the folder into what it precompiles, so that each folder has one of its own, and ccache would
# find nothing again that was compiled with another one's. Instead of the precompiled file it is given what
# the headers say, in a file beside it (pch_external_checksum in ccache's manual). It also has to see which
# argument is a path, which it does not behind -Xclang.
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -include-pch <PCH_FILE>)
endif()
function(parked_sum_headers name)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}_sum.cpp)
  list(TRANSFORM ARGN PREPEND "#include " OUTPUT_VARIABLE includes)
  list(JOIN includes "\n" includes)
  file(CONFIGURE OUTPUT ${source} CONTENT "${includes}\n")
  execute_process(COMMAND ${CMAKE_CXX_COMPILER} -std=c++${CMAKE_CXX_STANDARD} -E -P ${source}
                  OUTPUT_VARIABLE said RESULT_VARIABLE failed ERROR_QUIET)
  if(NOT failed)  # without a sum ccache reads the precompiled file itself
    string(SHA256 sum "${said}")
    file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${name}.dir/cmake_pch.hxx.pch.sum
         CONTENT "${sum}\n")
  endif()
endfunction()

# parked_header_set(NAME HEADER… [OPTIONS OPTION…] LIBRARIES TARGET…): the headers are compiled as a target using
# LIBRARIES; whoever uses them has to be compiled with the same options.
function(parked_header_set name)
  cmake_parse_arguments(PARSE_ARGV 1 set "" "" "OPTIONS;LIBRARIES")
  if(NOT PARKED_PCH)
    return()
  endif()
  set(empty ${CMAKE_CURRENT_BINARY_DIR}/${name}.cpp)
  file(CONFIGURE OUTPUT ${empty} CONTENT "// Compiled for its precompiled headers only.\n")
  add_library(${name} OBJECT ${empty})
  target_link_libraries(${name} PRIVATE ${set_LIBRARIES})
  target_compile_options(${name} PRIVATE ${set_OPTIONS})
  target_precompile_headers(${name} PRIVATE ${set_UNPARSED_ARGUMENTS})
  if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
    parked_sum_headers(${name} ${set_UNPARSED_ARGUMENTS})
  endif()
endfunction()

# parked_use_headers(TARGET NAME): TARGET's sources begin with what parked_header_set(NAME) compiled.
function(parked_use_headers target name)
  if(PARKED_PCH)
    target_precompile_headers(${target} REUSE_FROM ${name})
  endif()
endfunction()
