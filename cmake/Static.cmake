# -DPARKED_STATIC=ON: a program that needs no shared library, for machines and containers that have none of them.
# Libraries are those of CMAKE_PREFIX_PATH (scripts/static-libraries) and of the system.
# -DPARKED_BUNDLED=ON: the same libraries go into all that is built, but the C and the C++ library (wheels).
if(PARKED_STATIC OR PARKED_BUNDLED)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
endif()
if(PARKED_STATIC)
  set(CMAKE_SKIP_RPATH ON)  # which glibc refuses in such a program, before it has begun
  # What nobody calls is left out, of libraries as well.
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-static-pie -Wl,--gc-sections)
  # Such a program relocates itself as it starts: its table of that takes a hundredth of the usual form.
  add_link_options(-Wl,-z,pack-relative-relocs)
endif()

# parked_link_statically(PREFIX…): an archive does not say which others it needs; pkg-config does, for each
# of these results of pkg_check_modules.
function(parked_link_statically)
  if(NOT PARKED_STATIC AND NOT PARKED_BUNDLED)
    return()
  endif()
  foreach(prefix IN LISTS ARGN)
    foreach(library IN LISTS ${prefix}_STATIC_LIBRARIES)
      # By name the linker would take the shared object, where both are there.
      find_library(PARKED_${library}_ARCHIVE ${library} HINTS ${${prefix}_STATIC_LIBRARY_DIRS})
      mark_as_advanced(PARKED_${library}_ARCHIVE)
      target_link_libraries(PkgConfig::${prefix} INTERFACE ${PARKED_${library}_ARCHIVE})
    endforeach()
  endforeach()
endfunction()

# parked_fast(TARGET…): what is run for each object is compiled for speed, all else of a static program for size
# (scripts/package): there is more of what is run once for a report.
function(parked_fast)
  if(PARKED_STATIC)
    foreach(target IN LISTS ARGN)
      target_compile_options(${target} PRIVATE -O2)
      # Those that are there were compiled with -Os.
      set_target_properties(${target} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)
    endforeach()
  endif()
endfunction()
