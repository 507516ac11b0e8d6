# Reading the headers of the standard library, fmt and GoogleTest is most of what compiling a file here
# costs. They are compiled once, for the program and for its tests. What a file includes stays written in it:
# with -DPARKED_PCH=OFF, as scripts/test's step `tidy` configures it, everything has to compile as well.
option(PARKED_PCH "Compile the headers of libraries once" ON)

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
endfunction()

# parked_use_headers(TARGET NAME): TARGET's sources begin with what parked_header_set(NAME) compiled.
function(parked_use_headers target name)
  if(PARKED_PCH)
    target_precompile_headers(${target} REUSE_FROM ${name})
  endif()
endfunction()
