# Which Pythons the module is built for. gdb loads it into the Python it was linked with, which need
# not be the one on PATH, so gdb itself is asked.

set(PARKED_PYTHON_EXECUTABLE "" CACHE FILEPATH
    "Build the Python module for this interpreter instead of the one inside gdb")
set(PARKED_PYTHONS "" CACHE STRING
    "Build the Python module for these interpreters as well (a list of programs)")

# Free of semicolons, which CMake would take for list separators.
set(_parked_ask "print('parked:%s|%s|%s' % (__import__('sys').version.split()[0], \
__import__('sysconfig').get_paths()['include'], \
__import__('sysconfig').get_config_var('EXT_SUFFIX')))")

# parked_ask_python(<list> <command>...): appends "version|include dir|module suffix" if it runs.
function(parked_ask_python list)
  execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE answer ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed AND answer MATCHES "parked:([^\n]*)")
    set(${list} ${${list}} "${CMAKE_MATCH_1}" PARENT_SCOPE)
  endif()
endfunction()

# parked_interpreters(<out>): a list of names; for each, <name>_INCLUDE and <name>_SUFFIX are set.
# A wheel gets a second module when gdb's Python is another than the one the wheel is for.
macro(parked_interpreters out)
  set(_answers "")
  if(SKBUILD)
    parked_ask_python(_answers ${Python_EXECUTABLE} -c "${_parked_ask}")
  endif()
  if(PARKED_PYTHON_EXECUTABLE)
    parked_ask_python(_answers ${PARKED_PYTHON_EXECUTABLE} -c "${_parked_ask}")
    if(NOT _answers)
      message(FATAL_ERROR "PARKED_PYTHON_EXECUTABLE (${PARKED_PYTHON_EXECUTABLE}) does not run")
    endif()
  else()
    find_program(GDB_EXECUTABLE gdb)
    if(GDB_EXECUTABLE)
      parked_ask_python(_answers ${GDB_EXECUTABLE} -nx -batch -ex "python ${_parked_ask}")
    endif()
  endif()
  foreach(_python IN LISTS PARKED_PYTHONS)
    list(LENGTH _answers _count)
    parked_ask_python(_answers ${_python} -c "${_parked_ask}")
    list(LENGTH _answers _now)
    if(_now EQUAL _count)
      message(FATAL_ERROR "${_python} (PARKED_PYTHONS) does not run")
    endif()
  endforeach()
  if(NOT _answers)
    message(WARNING "No gdb with Python found: the module is built for python3 on PATH")
    parked_ask_python(_answers python3 -c "${_parked_ask}")
  endif()
  if(NOT _answers)
    message(FATAL_ERROR "No Python found: install one, or configure with -DPARKED_PYTHON=OFF")
  endif()

  set(${out} "")
  foreach(_answer IN LISTS _answers)
    string(REPLACE "|" ";" _answer "${_answer}")
    list(GET _answer 0 _version)
    list(GET _answer 1 _include)
    list(GET _answer 2 _suffix)
    string(MAKE_C_IDENTIFIER "python${_suffix}" _name)
    if(_name IN_LIST ${out})
      continue()  # one ABI, one module, wherever its headers are
    endif()
    if(EXISTS ${_include}/Python.h)
      message(STATUS "Python module for ${_version}: ${_include}")
      list(APPEND ${out} ${_name})
      set(${_name}_INCLUDE ${_include})
      set(${_name}_SUFFIX ${_suffix})
    elseif(${out})  # the wheel's own Python is served
      message(WARNING "No Python.h for gdb's Python ${_version}: the gdb commands will not load")
    else()
      message(FATAL_ERROR "Python ${_version} has no ${_include}/Python.h: install its development "
                          "package (python3-dev), or configure with -DPARKED_PYTHON=OFF")
    endif()
  endforeach()
endmacro()
