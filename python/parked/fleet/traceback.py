"""Go's own goroutine dumps: what the runtime prints when a program dies, and ``debug=2`` of pprof.

Read strictly: only headers that the runtime writes begin a goroutine (runtime/traceback.go, Go 1.18
to 1.27), and whatever else stands between them is left out. What a dump lacks because it was cut
off is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .places import Frame
from .waits import without_marks

#: Longer lines are no part of a traceback: names of functions end far below.
MOST_LINE = 16 * 1024
#: Frames kept of a goroutine; the runtime itself elides all but a hundred.
MOST_FRAMES = 256

HEADER = re.compile(
    r"goroutine ([0-9]{1,19})"
    r"(?: gp=(?:0x[0-9a-f]+|nil))?(?: m=(?:nil|-?[0-9]+))?(?: mp=(?:0x[0-9a-f]+|nil))?"
    r" \[([^\[\]]{1,200}?)( labels:\{.*\})?\](?: \{.*\})?:"
)
_PLACE = re.compile(
    r"\t(\S.*):([0-9]{1,9})"
    r"(?: \+0x[0-9a-f]+)?( fp=0x[0-9a-f]+ sp=0x[0-9a-f]+)?(?: pc=0x[0-9a-f]+)?"
)
_CREATED = re.compile(r"created by (\S.*?)( in goroutine [0-9]+)?")
_WRAPPER = re.compile(r".*\.(?:gowrap|deferwrap)[0-9]+(?:-\S+)?")
_MINUTES = re.compile(r"([0-9]{1,9}) minutes")
_ELIDED = re.compile(r"\.\.\.(?:[0-9]+ frames elided|additional frames elided)\.\.\.")
_ANCESTOR = re.compile(r"\[originating from goroutine [0-9]+\]:")
_UNAVAILABLE = "\tgoroutine running on other thread; stack unavailable"
#: What the runtime says before the goroutines of a program that dies.
DEATH = re.compile(r"(panic: |fatal error: |SIG[A-Z0-9]+: |\[signal SIG|runtime: goroutine stack )")


@dataclass
class Goroutine:
    """One goroutine of a dump."""

    id: int
    #: The runtime's word without marks: ``chan receive``, ``running``.
    reason: str
    #: Whole minutes that it has been blocked; 0: less than one, or not told.
    minutes: int = 0
    #: The runtime's own leak detection has found that nothing can wake it.
    leaked: bool = False
    frames: list[Frame] = field(default_factory=list)
    creator: Frame | None = None
    #: Its stack is there to its end, as far as the runtime prints it.
    complete: bool = False


@dataclass
class Dump:
    """The goroutines of one dump, by id."""

    goroutines: dict[int, Goroutine] = field(default_factory=dict)
    #: What is missing, a sentence each.
    missing: list[str] = field(default_factory=list)
    #: Dumps that came before this one in the same text; this is the last.
    earlier: int = 0
    #: Why the program died, as it said: ``panic: …``.
    death: str | None = None


def _header(line: str) -> Goroutine | None:
    found = HEADER.fullmatch(line)
    if not found:
        return None
    state, *more = found[2].split(", ")
    minutes = next((int(at[1]) for at in map(_MINUTES.fullmatch, more) if at), 0)
    return Goroutine(int(found[1]), without_marks(state), minutes, leaked=" (leaked)" in state)


def function_of(call: str) -> str | None:
    """``main.f`` of "main.f(0x1, {0x2, 0x3})"; None: it is no line of a call."""
    if not call.endswith(")") or call[:1].isspace():
        return None
    depth = 0
    for at in range(len(call) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(call[at], 0)
        if depth == 0:
            return call[:at] or None
    return None


def _is_old_wrapper(goroutine: Goroutine) -> bool:
    """Whether the outermost frame only passes arguments: what Go before 1.21 made of a go
    statement with arguments is a function literal on its line."""
    creator = goroutine.creator
    if creator is None or len(goroutine.frames) < 2:
        return False
    inner, outermost = goroutine.frames[-2:]
    return (
        (outermost.file, outermost.line) == (creator.file, creator.line)
        and outermost.function.startswith(creator.function + ".func")
        and not inner.function.startswith("runtime.")
    )


def _without_wrappers(goroutine: Goroutine, old: bool) -> None:
    """Takes away what the runtime leaves out of its shorter dumps, too."""
    frames = [each for each in goroutine.frames if each.function != "runtime.goexit"]
    goroutine.frames = [each for each in frames if not _WRAPPER.fullmatch(each.function)]
    if old and _is_old_wrapper(goroutine):
        del goroutine.frames[-1]


class Parser:
    """Takes a dump line by line, without line ends."""

    def __init__(self, most_goroutines: int = 4_000_000) -> None:
        self.dump = Dump()
        self._most = most_goroutines
        self._now: Goroutine | None = None
        self._call: str | None = None
        self._creator: str | None = None
        self._among_ancestors = False
        self._threads = False
        #: All frames are shown (GOTRACEBACK=system), and creators without the goroutine's id.
        self._all_frames = self._is_old = False
        self._frames: dict[Frame, Frame] = {}

    def take(self, line: str) -> None:
        if len(line) > MOST_LINE:
            line = line[:MOST_LINE]
        started = _header(line) if line.startswith("goroutine ") else None
        if started:
            self._begin(started)
        elif self._now is None:
            self._outside(line)
        elif not line.strip():
            self._end()
        else:
            self._inside(line)

    def finish(self, cut: bool = False) -> Dump:
        """``cut``: the text is known to lack its end."""
        last = self._now
        self._end()
        if last is not None and not cut:
            # Every goroutine but the first and the runtime's own tells who created it, last of all.
            entry = last.frames[-1].function if last.frames else ""
            cut = not last.complete and last.id != 1 and not entry.startswith("runtime.")
        if cut:
            self.dump.missing.append("the text ends within a goroutine")
        return self.dump

    def _begin(self, goroutine: Goroutine) -> None:
        self._end()
        if goroutine.id in self.dump.goroutines and not self._threads:
            self._next_dump(None)
        known = goroutine.id in self.dump.goroutines
        if len(self.dump.goroutines) >= self._most:
            if not any("goroutines were left out" in each for each in self.dump.missing):
                self.dump.missing.append("more goroutines were left out")
        elif not known and goroutine.id != 0:
            self.dump.goroutines[goroutine.id] = goroutine
        self._now = goroutine

    def _next_dump(self, death: str | None) -> None:
        self.dump = Dump(earlier=self.dump.earlier + 1, death=death)
        self._threads = False
        self._frames.clear()

    def _outside(self, line: str) -> None:
        if line == "-----":
            # With GOTRACEBACK=crash each thread prints its goroutine once more.
            self._threads = bool(self.dump.goroutines)
        elif DEATH.match(line) and not self._threads:
            if self.dump.goroutines:
                self._next_dump(line[:1000])
            elif self.dump.death is None:
                self.dump.death = line[:1000]

    def _inside(self, line: str) -> None:
        goroutine = self._now
        assert goroutine is not None
        if line == "-----":
            self._end()
            self._outside(line)
        elif self._among_ancestors:
            return
        elif _ANCESTOR.fullmatch(line):
            self._among_ancestors = goroutine.complete = True
        elif _ELIDED.fullmatch(line):
            self._call = None
        elif line == _UNAVAILABLE:
            goroutine.complete = True
        elif line.startswith("\t"):
            self._place(goroutine, line)
        elif line.startswith("created by ") and (created := _CREATED.fullmatch(line)):
            self._creator, self._call = created[1], None
            self._is_old = created[2] is None
        else:
            self._creator = None
            self._call = function_of(line)

    def _place(self, goroutine: Goroutine, line: str) -> None:
        place = _PLACE.fullmatch(line)
        name = self._creator or self._call
        if place and name:
            self._all_frames = self._all_frames or place[3] is not None
            frame = Frame(name, place[1], int(place[2]))
            frame = self._frames.setdefault(frame, frame)
            if self._creator:
                goroutine.creator, goroutine.complete = frame, True
            elif len(goroutine.frames) < MOST_FRAMES:
                goroutine.frames.append(frame)
        self._call = self._creator = None

    def _end(self) -> None:
        if self._now is not None and self._all_frames:
            _without_wrappers(self._now, self._is_old)
        self._all_frames = self._is_old = False
        self._now = self._call = self._creator = None
        self._among_ancestors = False


def parse(lines: Iterable[str]) -> Dump:
    """The last dump that stands in ``lines``."""
    parser = Parser()
    for line in lines:
        parser.take(line)
    return parser.finish()
