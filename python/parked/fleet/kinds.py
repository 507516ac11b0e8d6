"""What an input is, told by its content, and the reading of each kind but cores.

A kind is a row of :data:`READERS`: how it is told, and what reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .build_ids import ET_CORE, ET_DYN, ET_EXEC, elf_kind
from .documents import read_document, read_lines
from .log_lines import plain_lines
from .profiles import is_debug1, read_debug1, read_profile
from .rows import Reading
from .text_groups import Judge, groups_of_dump
from .traceback import HEADER, Parser

MIB = 1024 * 1024
#: Tags of the fields that a profile may begin with (profiles.py).
_FIELDS = (b"\x0a", b"\x12", b"\x1a", b"\x22", b"\x2a", b"\x32", b"\x5a")
#: Bytes that no text has; those of terminals, as colours are, are not among them.
_CONTROLS = frozenset(b"\x00\x01\x02\x03\x04\x05\x06\x0e\x0f\x10\x11\x12")
#: Bytes of a line; what is longer is read as several.
_MOST_LINE = 4 * MIB


class UnknownKindError(ValueError):
    """The input is nothing that can be read; says what it looks like."""


class NotWantedError(ValueError):
    """The input is an executable: found among cores, and no input itself."""


@dataclass(frozen=True)
class Kind:
    """One kind of input that is no core."""

    name: str
    #: Whether it is one, by the first bytes.
    is_one: Callable[[bytes], bool]
    #: Reads it; raises ValueError with what is wrong.
    read: Callable[[Path, Judge], Reading]
    #: Bytes that one may have.
    most: int


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(_MOST_LINE):
            yield line


def _text_lines(path: Path) -> Iterator[str]:
    for line in _lines(path):
        yield line.decode("utf-8", "replace").removesuffix("\n")


def _ends_with_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 1, 0))
        return file.read(1) == b"\n"


def _first_line(head: bytes) -> str:
    return head.lstrip().split(b"\n", 1)[0].decode("utf-8", "replace")


def _starts_report(head: bytes) -> bool:
    start = head.lstrip()[:200]
    return start.startswith(b"{") and b'"parked' in start and b'"schema"' in start


def _is_lines(head: bytes) -> bool:
    return _starts_report(head) and b'"type"' in head.lstrip()[:64]


def _is_document(head: bytes) -> bool:
    return _starts_report(head) and not _is_lines(head)


def _is_dump(head: bytes) -> bool:
    return HEADER.fullmatch(_first_line(head)) is not None


def _is_profile(head: bytes) -> bool:
    """Of a message: it begins with a field of Profile's that has others in it, and is no text."""
    return head[:1] in _FIELDS and not _is_text(head)


def _is_text(head: bytes) -> bool:
    try:
        head[:4096].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head[:4096]) - 4:
            return False
    return not _CONTROLS & set(head[:4096])


def _read_report(path: Path, judge: Judge) -> Reading:
    return read_document(path)


def _read_report_lines(path: Path, judge: Judge) -> Reading:
    return read_lines(_lines(path))


def _read_dump(path: Path, judge: Judge) -> Reading:
    parser = Parser()
    for line in _text_lines(path):
        parser.take(line.rstrip("\r"))
    reading = groups_of_dump(parser.finish(not _ends_with_line(path)), judge, leaks_are_gos=True)
    reading.kind = "goroutines"
    return reading


def _read_log(path: Path, judge: Judge) -> Reading:
    parser = Parser()
    for line in plain_lines(_text_lines(path)):
        parser.take(line)
    dump = parser.finish()
    if not dump.goroutines:
        raise UnknownKindError("a text without a traceback of Go's")
    reading = groups_of_dump(dump, judge, leaks_are_gos=False)
    reading.kind = "crash_log"
    if dump.earlier:
        reading.target["earlier_dumps"] = dump.earlier
    if dump.death:
        reading.target["death"] = dump.death
    return reading


def _read_profile(path: Path, judge: Judge) -> Reading:
    return read_profile(path.read_bytes(), judge)


def _read_debug1(path: Path, judge: Judge) -> Reading:
    return read_debug1(_text_lines(path), judge)


READERS = (
    Kind("report", _is_lines, _read_report_lines, 64 * 1024 * MIB),
    Kind("report", _is_document, _read_report, 128 * MIB),
    Kind("goroutines", _is_dump, _read_dump, 1024 * MIB),
    Kind("pprof", lambda head: is_debug1(_first_line(head)), _read_debug1, 256 * MIB),
    Kind("pprof", _is_profile, _read_profile, 64 * MIB),
    Kind("crash_log", _is_text, _read_log, 4096 * MIB),
)


def kind_of(head: bytes) -> Kind | None:
    """What an input is that begins so; None: a core.

    Raises UnknownKindError, and NotWantedError of an executable.
    """
    elf = elf_kind(head)
    if elf == ET_CORE:
        return None
    if elf in (ET_EXEC, ET_DYN):
        raise NotWantedError("an executable, and no core")
    if elf is not None or head.startswith(b"\x7fELF"):
        raise UnknownKindError("an ELF file, but no core of 64 bits")
    if not head.strip():
        raise UnknownKindError("empty" if not head else "nothing but zeros or blanks")
    found = next((each for each in READERS if each.is_one(head)), None)
    if found is None:
        raise UnknownKindError("neither core, report, goroutine dump, log nor profile")
    return found
