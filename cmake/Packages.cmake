# What cpack makes of a build (scripts/package): Debian packages of one with all parts, a tarball and an RPM of a
# static one. A package is a component of the installation.
set(PARKED_CONTACT "parked maintainers <maintainers@parked.invalid>" CACHE STRING
    "Who answers for packages that are given to others")
set(CPACK_PACKAGE_NAME parked)
set(CPACK_PACKAGE_VENDOR "parked maintainers")
set(CPACK_PACKAGE_CONTACT "${PARKED_CONTACT}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "why goroutines of a Go program are parked, and which leaked")
set(about "parked opens a core or a live process of any Go program and reports which
goroutines leaked, what each of them waits on and who keeps it alive. Nothing
runs in the program, and it need not be built for it.")
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL parked)

# parked_package_docs(COMPONENT NAME): what a Debian package has to bring in its folder of documents.
function(parked_package_docs component name)
  if(SKBUILD)  # in a wheel they would lie beside packages of others
    return()
  endif()
  set(to ${CMAKE_INSTALL_DATADIR}/doc/${name})
  install(FILES ${PROJECT_SOURCE_DIR}/packaging/copyright DESTINATION ${to} COMPONENT ${component})
  install(FILES ${changelogs} DESTINATION ${to} COMPONENT ${component})
endfunction()

# Without the moment at which it was compressed.
if(NOT SKBUILD)
  string(TIMESTAMP PARKED_DAY "%a, %d %b %Y" UTC)  # SOURCE_DATE_EPOCH decides about it
  configure_file(packaging/changelog.in packaging/changelog.Debian @ONLY)
  set(changelogs ${CMAKE_CURRENT_BINARY_DIR}/packaging/changelog.gz
                 ${CMAKE_CURRENT_BINARY_DIR}/packaging/changelog.Debian.gz)
  add_custom_command(
    OUTPUT ${changelogs}
    COMMAND ${GZIP} -9nc ${PROJECT_SOURCE_DIR}/CHANGELOG.md > packaging/changelog.gz
    COMMAND ${GZIP} -9nc packaging/changelog.Debian > packaging/changelog.Debian.gz
    DEPENDS CHANGELOG.md ${CMAKE_CURRENT_BINARY_DIR}/packaging/changelog.Debian
    VERBATIM)
  add_custom_target(parked_changelogs DEPENDS ${changelogs})
  add_dependencies(product parked_changelogs)
  parked_package_docs(parked parked)
endif()

if(PARKED_STATIC)
  set(CPACK_GENERATOR "TGZ;RPM")
  set(CPACK_SYSTEM_NAME linux-${CMAKE_SYSTEM_PROCESSOR})
  set(CPACK_RPM_PACKAGE_LICENSE Apache-2.0)
  set(CPACK_RPM_PACKAGE_DESCRIPTION "${about}")
  set(CPACK_RPM_PACKAGE_AUTOREQ OFF)
  set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
  # SOURCE_DATE_EPOCH is the time of the build, and nobody need know where that was.
  set(CPACK_RPM_SPEC_MORE_DEFINE "%define use_source_date_epoch_as_buildtime 1
%define clamp_mtime_to_source_date_epoch 1
%define _buildhost parked")
  # Folders that every system has belong to its own packages.
  set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
      /usr/share/man /usr/share/man/man1 /usr/share/bash-completion /usr/share/bash-completion/completions
      /usr/share/zsh /usr/share/zsh/site-functions /usr/share/fish /usr/share/fish/vendor_completions.d)
else()
  set(CPACK_GENERATOR DEB)
  set(CPACK_DEB_COMPONENT_INSTALL ON)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
  set(CPACK_DEBIAN_PACKAGE_SECTION devel)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
  set(CPACK_DEBIAN_PARKED_PACKAGE_NAME parked)
  set(CPACK_DEBIAN_PARKED_DESCRIPTION "${about}")
  if(PARKED_PYTHON)
    list(APPEND CPACK_COMPONENTS_ALL gdb)
    parked_package_docs(gdb parked-gdb)
    set(CPACK_COMPONENT_GDB_DEPENDS parked)
    set(CPACK_DEBIAN_GDB_PACKAGE_NAME parked-gdb)
    set(CPACK_DEBIAN_GDB_PACKAGE_DEPENDS python3)
    set(CPACK_DEBIAN_GDB_PACKAGE_RECOMMENDS gdb)
    set(CPACK_DEBIAN_GDB_DESCRIPTION "commands of parked inside of gdb\n${about}
The Python package parked is in it, too.")
  endif()
  if(PARKED_LLDB)
    list(APPEND CPACK_COMPONENTS_ALL lldb)
    parked_package_docs(lldb parked-lldb)
    set(CPACK_COMPONENT_LLDB_DEPENDS parked)
    set(CPACK_DEBIAN_LLDB_PACKAGE_NAME parked-lldb)
    set(CPACK_DEBIAN_LLDB_DESCRIPTION "commands of parked inside of lldb\n${about}")
  endif()
endif()
include(CPack)
