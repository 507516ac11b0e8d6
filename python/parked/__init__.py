"""Goroutine-leak reports from cores and live processes of Go programs.

>>> import parked
>>> session = parked.open_core("core.1234", executable="./service")
>>> print(session.report())
>>> for group in session.groups:
...     print(group.count, group.verdict, group.reason)

Nothing runs inside the target, and nothing is written to it.
"""

from .checks import Leaks, assert_no_leaks, leaks
from .document import (
    Crash,
    CreatedBy,
    Document,
    FailOn,
    Finding,
    Frame,
    Goroutine,
    Group,
    Incomplete,
    OpenFile,
    Origin,
    Panic,
    Panicking,
    Place,
    SqlConnection,
    SqlPool,
    Target,
    Timer,
    WaitObject,
    WayStep,
    Why,
)
from .errors import Error
from .locations import gdb_script, lldb_plugin
from .session import (
    CommandHelp,
    Result,
    Session,
    attach,
    check_command,
    command_help,
    commands,
    help_asked,
    open_core,
    split_words,
    version,
)

__all__ = [
    "CommandHelp",
    "Crash",
    "CreatedBy",
    "Document",
    "Error",
    "FailOn",
    "Finding",
    "Frame",
    "Goroutine",
    "Group",
    "Incomplete",
    "Leaks",
    "OpenFile",
    "Origin",
    "Panic",
    "Panicking",
    "Place",
    "Result",
    "Session",
    "SqlConnection",
    "SqlPool",
    "Target",
    "Timer",
    "WaitObject",
    "WayStep",
    "Why",
    "assert_no_leaks",
    "attach",
    "check_command",
    "command_help",
    "commands",
    "gdb_script",
    "help_asked",
    "leaks",
    "lldb_plugin",
    "open_core",
    "split_words",
    "version",
]
