# Where the front-ends go, relative to the install prefix. In a wheel the prefix is site-packages, so
# everything but the program sits inside the package.
if(SKBUILD)
  set(CMAKE_INSTALL_BINDIR ${SKBUILD_SCRIPTS_DIR})
  set(PARKED_INSTALL_PYTHONDIR .)
  set(PARKED_INSTALL_GDBDIR parked/share)
  set(PARKED_INSTALL_PLUGINDIR parked/share)
else()
  set(PARKED_INSTALL_PYTHONDIR ${CMAKE_INSTALL_LIBDIR}/parked/python)
  set(PARKED_INSTALL_GDBDIR ${CMAKE_INSTALL_DATADIR}/parked)
  set(PARKED_INSTALL_PLUGINDIR ${CMAKE_INSTALL_LIBDIR}/parked)
endif()
