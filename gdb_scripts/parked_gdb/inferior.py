"""What gdb holds at the moment: a core, a process of this machine, or something remote."""

from __future__ import annotations

import enum
import os
import re
from dataclasses import dataclass

import gdb

_ET_CORE = 4
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# gdb quotes with ` and ' (up to 13) or ' and ' (later), and may wrap the line after the comma.
_QUOTED = re.compile(r"[`']([^\n]+)',\s")


class Kind(enum.Enum):
    """How the target's memory is reached."""

    CORE = "core"
    #: A process gdb itself traces: read through /proc.
    PROCESS = "process"
    #: Only gdb can read it: gdbserver, a simulator, a recording.
    REMOTE = "remote"


@dataclass(frozen=True)
class Held:
    """The selected inferior, as far as opening it needs."""

    kind: Kind
    number: int
    pid: int
    #: The core's path; empty for other kinds.
    core: str
    #: The program's path as gdb knows it; empty if it has none.
    executable: str
    #: All its threads are stopped.
    stopped: bool


def current() -> Held:
    """Describes the selected inferior. Raises gdb.GdbError if there is nothing to read."""
    inferior = gdb.selected_inferior()
    executable = _executable()
    connection = _connection_type(inferior)
    if connection == "core":
        return Held(Kind.CORE, inferior.num, inferior.pid, core_path(inferior), executable, True)
    threads = inferior.threads()
    if inferior.pid == 0 or not threads:
        raise gdb.GdbError(
            "There is nothing to read: open a core (core-file), attach to a process, or run one."
        )
    stopped = not any(thread.is_running() for thread in threads)
    local = connection == "native" and os.access(f"/proc/{inferior.pid}/mem", os.R_OK)
    if not local and not stopped:
        raise gdb.GdbError("The program is running: interrupt it first.")
    kind = Kind.PROCESS if local else Kind.REMOTE
    return Held(kind, inferior.num, inferior.pid, "", executable, stopped)


def core_path(inferior: gdb.Inferior) -> str:
    """The path of the core file the inferior shows. Raises gdb.GdbError if gdb will not say."""
    corefile = getattr(inferior, "corefile", None)  # gdb 17
    if corefile is not None:
        return str(corefile.filename)
    path = core_among(quoted_paths(gdb.execute("info target", to_string=True)))
    if path is None:
        raise gdb.GdbError("parked: gdb does not say which core file it reads.")
    return path


def quoted_paths(text: str) -> list[str]:
    """The file names in the output of `info target`, whatever language it is in."""
    return _QUOTED.findall(_ESCAPES.sub("", text))


def core_among(paths: list[str]) -> str | None:
    """The first of `paths` that is an ELF core: the output names executables just the same way."""
    for path in paths:
        try:
            with open(path, "rb") as file:
                header = file.read(18)
        except OSError:
            continue
        if header[:4] == b"\x7fELF" and int.from_bytes(header[16:18], "little") == _ET_CORE:
            return path
    return None


def _executable() -> str:
    space = gdb.current_progspace()
    if space is None:
        return ""
    # executable_filename is of gdb 16; filename is the symbol file's, mostly the same.
    return getattr(space, "executable_filename", None) or space.filename or ""


def _connection_type(inferior: gdb.Inferior) -> str:
    connection = inferior.connection
    return "" if connection is None else str(connection.type)
