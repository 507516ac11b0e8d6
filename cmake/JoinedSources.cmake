# A room's sources are compiled several at a time: of what a file costs here most is what the headers'
# templates cost, which those of one compilation share. It takes a third of the time. -DPARKED_JOIN=OFF compiles
# each by itself, as clang-tidy and clangd want them.
#
# CMake's own UNITY_BUILD names the sources by their whole path, so that ccache would not serve what a clone in
# another folder compiled.
option(PARKED_JOIN "Compile several sources of a room at a time" ON)
set(PARKED_JOINED 8)

# parked_join(TARGET ROOT): TARGET's sources, which lie below the include directory ROOT. A source that is compiled
# with definitions of its own stays by itself, and so does one that has CMake's SKIP_UNITY_BUILD_INCLUSION.
function(parked_join target root)
  if(NOT PARKED_JOIN)
    return()
  endif()
  get_target_property(folder ${target} SOURCE_DIR)
  get_target_property(binaries ${target} BINARY_DIR)
  get_target_property(sources ${target} SOURCES)
  set(all "")
  set(some "")
  set(number 0)
  list(LENGTH sources left)
  foreach(source IN LISTS sources)
    math(EXPR left "${left} - 1")
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${folder})
    get_source_file_property(own ${source} DIRECTORY ${folder} COMPILE_DEFINITIONS)
    get_source_file_property(apart ${source} DIRECTORY ${folder} SKIP_UNITY_BUILD_INCLUSION)
    if(own OR apart)
      list(APPEND all ${source})
    else()
      set_source_files_properties(${source} TARGET_DIRECTORY ${target} PROPERTIES HEADER_FILE_ONLY ON)
      list(APPEND all ${source})
      cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${root})
      list(APPEND some "#include \"${source}\"\n")
    endif()
    list(LENGTH some count)
    if(count EQUAL PARKED_JOINED OR (left EQUAL 0 AND count GREATER 0))
      string(CONCAT content ${some})
      set(joined ${binaries}/joined_${target}_${number}.cpp)
      file(CONFIGURE OUTPUT ${joined} CONTENT "${content}" @ONLY)
      set_property(SOURCE ${joined} TARGET_DIRECTORY ${target} PROPERTY GENERATED ON)
      list(APPEND all ${joined})
      set(some "")
      math(EXPR number "${number} + 1")
    endif()
  endforeach()
  set_property(TARGET ${target} PROPERTY SOURCES ${all})
  # g++ takes a source that is included for a header, where a member of a file-local type would be a mistake.
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()
