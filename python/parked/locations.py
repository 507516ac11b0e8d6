"""Where the files for gdb and lldb were installed."""

from __future__ import annotations

from pathlib import Path

from . import _paths

_PACKAGE = Path(__file__).parent


def gdb_script() -> Path:
    """The file to ``source`` in gdb."""
    return _absolute(_paths.GDB_SCRIPT)


def lldb_plugin() -> Path:
    """The library to ``plugin load`` in lldb."""
    return _absolute(_paths.LLDB_PLUGIN)


def _absolute(relative: str) -> Path:
    # Not resolve(): in a build tree the package's files are links into the source tree.
    parts = list(_PACKAGE.absolute().parts)
    for part in Path(relative).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return Path(*parts)
