"""Goroutine-leak reports from cores and live processes of Go programs.

>>> import parked
>>> session = parked.open_core("core.1234", executable="./service")
>>> print(session.report())
>>> for group in session.groups:
...     print(group.count, group.verdict, group.reason)

Nothing runs inside the target, and nothing is written to it.
"""

from . import difference, document, left_behind
from .checks import Leaks, assert_no_leaks, leaks
from .difference import *
from .diffs import diff, write_baseline
from .document import *
from .errors import Error
from .exec_reports import exec_summary
from .left_behind import *
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
    "Error",
    "Leaks",
    "Result",
    "Session",
    "assert_no_leaks",
    "attach",
    "check_command",
    "command_help",
    "commands",
    "diff",
    "exec_summary",
    "gdb_script",
    "help_asked",
    "leaks",
    "lldb_plugin",
    "open_core",
    "split_words",
    "version",
    "write_baseline",
]
__all__ += document.__all__
__all__ += difference.__all__
__all__ += left_behind.__all__
