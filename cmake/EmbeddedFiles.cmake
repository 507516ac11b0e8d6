# Files of the tree that the library brings (core/base/embedded_file.h). Tables and pages of a megabyte take a tenth
# of it when they are packed.
find_program(GZIP gzip REQUIRED)

# parked_embed(SOURCE DEFINITION FILE…): packs each FILE, which source SOURCE of the current folder embeds. It is
# compiled with DEFINITION for the folder of the packed files (a string literal), where each is named FILE.gz.
function(parked_embed source definition)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  file(MAKE_DIRECTORY ${folder})
  set(packed "")
  foreach(file IN LISTS ARGN)
    cmake_path(GET file FILENAME name)
    add_custom_command(OUTPUT ${folder}/${name}.gz
      COMMAND ${GZIP} -9nc ${file} > ${folder}/${name}.gz
      DEPENDS ${file}
      VERBATIM)
    list(APPEND packed ${folder}/${name}.gz)
  endforeach()
  set_source_files_properties(${source} PROPERTIES
    COMPILE_DEFINITIONS ${definition}="${folder}"
    OBJECT_DEPENDS "${packed}")
endfunction()
