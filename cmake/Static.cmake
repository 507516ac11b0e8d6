# -DPARKED_STATIC=ON: a program that needs no shared library, for machines and containers that have none of them.
# Libraries are those of CMAKE_PREFIX_PATH (scripts/static-libraries) and of the system.
if(PARKED_STATIC)
  set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
  set(CMAKE_SKIP_RPATH ON)  # which glibc refuses in such a program, before it has begun
  # What nobody calls is left out, of libraries as well.
  add_compile_options(-ffunction-sections -fdata-sections)
  add_link_options(-static-pie -Wl,--gc-sections)
endif()

# parked_link_statically(PREFIX…): an archive does not say which others it needs; pkg-config does, for each
# of these results of pkg_check_modules.
function(parked_link_statically)
  if(NOT PARKED_STATIC)
    return()
  endif()
  foreach(prefix IN LISTS ARGN)
    target_link_directories(PkgConfig::${prefix} INTERFACE ${${prefix}_STATIC_LIBRARY_DIRS})
    target_link_libraries(PkgConfig::${prefix} INTERFACE ${${prefix}_STATIC_LIBRARIES})
  endforeach()
endfunction()

# parked_small(TARGET…): what is run once for a report is compiled for size; there is more of it than of what is run
# for each object.
function(parked_small)
  if(PARKED_STATIC)
    foreach(target IN LISTS ARGN)
      target_compile_options(${target} PRIVATE -Os)
      # Those that are there were compiled with -O2.
      set_target_properties(${target} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)
    endforeach()
  endif()
endfunction()
