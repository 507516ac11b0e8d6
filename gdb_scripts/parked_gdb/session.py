"""The session of what gdb holds, kept until the program moves."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Callable

import gdb
import parked
from parked import _parked

from . import inferior, output
from .access import Access

# After any of these the bytes or registers that were read may be different.
_MOVES = (
    "cont",
    "stop",
    "exited",
    "new_objfile",
    "free_objfile",
    "clear_objfiles",
    "inferior_call",
    "memory_changed",
    "register_changed",
    "inferior_deleted",
    "connection_removed",
    "gdb_exiting",
)


@dataclass(frozen=True)
class Opening:
    """What a command says about opening: where files may be, and whether they have to fit."""

    force: bool = False
    sysroots: tuple[bytes, ...] = ()
    debug_folders: tuple[bytes, ...] = ()
    debuginfod: bool = False

    def has_places(self) -> bool:
        return bool(self.sysroots or self.debug_folders or self.debuginfod)


def opening_words(words: list[str]) -> tuple[list[str], str, Opening]:
    """The other words, what is wrong, and what they say about opening."""
    rest, wrong, force, sysroots, folders, debuginfod = _parked.take_opening_words(words)
    return rest, wrong, Opening(force, tuple(sysroots), tuple(folders), debuginfod)


@dataclass
class _Cached:
    key: object
    session: parked.Session
    access: Access | None

    def close(self) -> None:
        self.session.close()
        if self.access is not None:
            self.access.close()


_cached: _Cached | None = None
_places = Opening()  # where files may be, until another command says something else
_on_move: list[Callable[[], None]] = []
_watching = False


def current(opening: Opening | None = None, show_progress: bool = False) -> parked.Session:
    """The session of the selected inferior, opened if need be. Raises gdb.GdbError."""
    global _cached, _places
    opening = opening or Opening()
    if opening.has_places():
        _places = opening
    opening = replace(_places, force=opening.force)
    held = inferior.current()
    key = (held, opening, _stamp(held.core))
    if _cached is not None and _cached.key == key and held.stopped:
        return _cached.session
    forget()
    _cached = _open(held, opening, key, show_progress)
    return _cached.session


def forget() -> None:
    """Gives the session's memory back."""
    global _cached
    if _cached is not None:
        old, _cached = _cached, None
        old.close()


def call_on_move(function: Callable[[], None]) -> None:
    """Has `function` called whenever the program moved."""
    _on_move.append(function)


def watch() -> None:
    """Starts to listen for the program moving."""
    global _watching
    if _watching:
        return
    _watching = True
    for name in _MOVES:
        registry = getattr(gdb.events, name, None)  # some are newer than gdb 12
        if registry is not None:
            registry.connect(_moved)


def _moved(_event: object) -> None:
    forget()
    for function in _on_move:
        function()


def _open(held: inferior.Held, opening: Opening, key: object, show_progress: bool) -> _Cached:
    force = opening.force
    progress = output.Progress() if show_progress else None
    access: Access | None = None
    try:
        if held.kind is inferior.Kind.CORE:
            native = _parked.Session.open(
                core=os.fsencode(held.core),
                executable=os.fsencode(held.executable),
                sysroots=list(opening.sysroots),
                debug_folders=list(opening.debug_folders),
                debuginfod=opening.debuginfod,
                force=force,
                progress=progress,
            )
        elif held.kind is inferior.Kind.PROCESS and not held.stopped:
            # Non-stop mode: some threads run, so it is read as it runs.
            native = _parked.Session.open(
                pid=held.pid,
                executable=os.fsencode(held.executable),
                force=force,
                stop=False,
                progress=progress,
            )
        else:
            access = Access(held.executable)
            process = held.kind is inferior.Kind.PROCESS
            native = _parked.Session.open(
                pid=held.pid if process else 0,
                executable=access.executable,
                force=force,
                already_stopped=process,
                debugger=access,
                progress=progress,
            )
    except BaseException as error:
        if access is not None:
            access.close()
        if isinstance(error, parked.Error):
            raise gdb.GdbError(f"parked: {error}") from None
        raise
    finally:
        if progress is not None:
            progress.clear()
    return _Cached(key, parked.Session(native), access)


def _stamp(path: str) -> object:
    """Changes when another core is written to the same path."""
    if not path:
        return None
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
