"""Opening a core or a process, and asking about it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Union

from . import _parked
from .document import (
    Document,
    Finding,
    Goroutine,
    Group,
    Incomplete,
    Parts,
    Target,
    Timer,
    Why,
)
from .errors import Error

if TYPE_CHECKING:
    Path = Union[str, "os.PathLike[str]"]
    Command = Union[str, Sequence[str]]
    #: Called with the stage's name, how much is done, and of how much (0: not known).
    Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class Result:
    """What a command answered."""

    output: str
    #: One line, empty if all is well.
    error: str
    #: 0 clean, 1 findings at or above ``--fail-on``, 2 usage or unreadable, 3 incomplete.
    exit_code: int
    #: With ``--timings``: where the time went, one line a stage.
    timings: str = ""


class Session(Parts):
    """A target that was read: every answer is about the same instant.

    What commands besides the report list has an attribute each, as ``session.http``, asked for on
    first use. Made by :func:`open_core` and :func:`attach`. Memory is given back by :meth:`close`,
    at the end of a ``with`` block, or with the object.
    """

    def __init__(self, native: _parked.Session) -> None:
        self._native = native
        self._parts: dict[str, Document] = {}

    def execute(
        self,
        command: Command,
        *,
        color: bool = False,
        width: int = 0,
        sink: Callable[[str], object] | None = None,
    ) -> Result:
        """Runs a command of the family, exactly as typed in the shell or a debugger.

        ``command`` is a line (``"goroutines --with reason 'chan send'"``) or a list of words.
        ``width`` is in columns, 0 leaves lines as they are. With ``sink``, the output is passed to
        it piece by piece as it is made, and ``Result.output`` stays empty.
        """
        words = split_words(command) if isinstance(command, str) else list(command)
        return Result(*self._native.run(words, color=color, width=width, sink=sink))

    def run(self, command: Command, *, color: bool = False, width: int = 0) -> str:
        """Like :meth:`execute`, but returns the text, and raises :class:`parked.Error` instead of
        returning one."""
        result = self.execute(command, color=color, width=width)
        if result.error:
            raise Error(result.error, result.exit_code)
        return result.output

    def report(self, *options: str) -> str:
        """The leak report as text; ``options`` as in ``parked report --help``."""
        return self.run(["report", *options])

    def json(self, *options: str) -> dict[str, Any]:
        """The report as the JSON document of docs/json.md; ``options`` such as filters."""
        document: dict[str, Any] = json.loads(self.run(["report", "--json", *options]))
        return document

    def stack_registers(self, goroutine: int) -> tuple[int, int, int] | None:
        """pc, sp and frame pointer a goroutine's stack is walked from; None if it has none."""
        return self._native.registers_of(goroutine)

    @cached_property
    def document(self) -> Document:
        """The whole report as typed objects, made on first use."""
        return Document.from_json(self.json())

    @property
    def target(self) -> Target:
        """Which program, how and when it was read."""
        return self.document.target

    @property
    def goroutines(self) -> tuple[Goroutine, ...]:
        """All goroutines, the runtime's own included (``Goroutine.system``), by id."""
        return self.document.goroutines

    @property
    def groups(self) -> tuple[Group, ...]:
        """Goroutines with the same stack that wait for the same kind of thing, largest first."""
        return self.document.groups

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The silent patterns behind the groups."""
        return self.document.findings

    @property
    def timers(self) -> tuple[Timer, ...]:
        """Every timer of every P, and those of channels nobody waits on."""
        return self.document.timers

    def part(self, command: str) -> Document:
        if command not in self._parts:
            self._parts[command] = Document.from_json(json.loads(self.run([command, "--json"])))
        return self._parts[command]

    def why(self, goroutine: int) -> Why:
        """What keeps a blocked goroutine from being called leaked."""
        return Why.from_json(json.loads(self.run(["why", str(goroutine), "--json"]))["why"])

    @property
    def incomplete(self) -> tuple[Incomplete, ...]:
        """What could not be read; empty if everything could."""
        return self.document.incomplete

    def close(self) -> None:
        """Gives the memory back. The session cannot be used after it; closing twice is fine."""
        self._native.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_core(
    core: Path,
    executable: Path | None = None,
    *,
    sysroot: Path | Sequence[Path] = (),
    debug_dir: Path | Sequence[Path] = (),
    debuginfod: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> Session:
    """Opens a core file: of the kernel, gcore or Delve, plain or zstd-compressed.

    Without ``executable`` it is found from the core's own notes: where they say it was, also below
    ``sysroot``, beside the core, in ``debug_dir`` under any name by its build id, and with
    ``debuginfod`` at the servers of DEBUGINFOD_URLS; so are libraries. Several folders may be given
    as a list. ``force`` goes on although the build ids of the two differ. Ctrl-C raises
    KeyboardInterrupt. Raises :class:`parked.Error`.
    """
    return Session(
        _parked.Session.open(
            core=os.fsencode(core),
            executable=_path(executable),
            sysroots=_paths(sysroot),
            debug_folders=_paths(debug_dir),
            debuginfod=debuginfod,
            force=force,
            progress=progress,
        )
    )


def attach(
    pid: int,
    *,
    stop: bool = True,
    max_pause: float = 1.0,
    executable: Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Session:
    """Reads a live process, which runs again before this returns.

    It stands still for ``max_pause`` seconds at most (0: no bound); what was not copied by then is
    in :attr:`Session.incomplete`, and nothing is proved.

    ``stop=False`` does not stop it for the few milliseconds that takes; then values may be torn,
    and nothing is proved. Raises :class:`parked.Error`.
    """
    if pid <= 0:
        raise Error(f"not a process id: {pid}")
    return Session(
        _parked.Session.open(
            pid=pid,
            stop=stop,
            max_pause=max_pause,
            executable=_path(executable),
            force=force,
            progress=progress,
        )
    )


@dataclass(frozen=True)
class CommandHelp:
    """One command of the family."""

    name: str
    synopsis: str
    summary: str


def commands() -> tuple[CommandHelp, ...]:
    """The commands :meth:`Session.execute` understands, in the order of the manual."""
    return tuple(CommandHelp(*command) for command in _parked.commands())


def command_help(command: str = "") -> str:
    """The help text of a command, or of the family."""
    return _parked.command_help(command)


def help_asked(command: Command) -> str:
    """The text that a command asks for, as ``report --help``; empty if it asks for none."""
    words = split_words(command) if isinstance(command, str) else list(command)
    return _parked.help_asked(words)


def check_command(command: Command) -> str:
    """What is wrong with a command, in one line, before anything is opened; empty if nothing."""
    words = split_words(command) if isinstance(command, str) else list(command)
    return _parked.check_command(words)


def split_words(line: str) -> list[str]:
    """Splits a command line into words, quotes as in a shell."""
    return _parked.split_words(line)


def version() -> str:
    """The version of parked."""
    return _parked.version()


def _path(path: Path | None) -> bytes:
    return b"" if path is None else os.fsencode(path)


def _paths(paths: Path | Sequence[Path]) -> list[bytes]:
    return [os.fsencode(p) for p in ([paths] if isinstance(paths, (str, os.PathLike)) else paths)]
