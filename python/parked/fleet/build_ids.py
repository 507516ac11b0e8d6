"""Build ids of executables, and of the executable that a core is of.

Of a core they are in the first page of the executable, which kernels write to cores
(core(5), coredump_filter). Reads ELF files of 64 bits, little endian, as parked does; what is
damaged has no build ids.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

ET_EXEC, ET_DYN, ET_CORE = 2, 3, 4
_PT_LOAD, _PT_NOTE = 1, 4
_NT_AUXV, _NT_FILE, _AT_PHDR = 6, 0x46494C45, 3
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_PROGRAM = struct.Struct("<IIQQQQQQ")
_NOTE = struct.Struct("<III")
_PAGE = 4096
#: How the note of a build id of 20 bytes begins.
_GNU_BUILD_ID = _NOTE.pack(4, 20, 3) + b"GNU\0"
_MOST_PROGRAM_HEADERS = 65_535
_MOST_NOTES = 1024 * 1024
_MOST_NOTE_SEGMENTS = 8
_MOST_ID = 512

#: Gives so many bytes at an offset or address; fewer where there are not as many.
Read = Callable[[int, int], bytes]


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    file_size: int


class BuildIds(NamedTuple):
    """Of an executable; empty: it has none."""

    go: str
    #: In hexadecimal, as debuginfod names files.
    gnu: str


def elf_kind(head: bytes) -> int | None:
    """``ET_CORE``, ``ET_EXEC``, …, of the first bytes of a file; None: no ELF file."""
    if len(head) < _HEADER.size or head[:6] != b"\x7fELF\x02\x01":
        return None
    return int(_HEADER.unpack_from(head)[1])


def _segments(read: Read) -> list[_Segment]:
    head = read(0, _HEADER.size)
    if elf_kind(head) is None:
        return []
    fields = _HEADER.unpack(head)
    at, size, number = fields[5], fields[9], min(fields[10], _MOST_PROGRAM_HEADERS)
    if size != _PROGRAM.size:
        return []
    table = read(at, number * size)
    found = []
    for index in range(len(table) // size):
        kind, _, offset, address, _, file_size, _, _ = _PROGRAM.unpack_from(table, index * size)
        found.append(_Segment(kind, offset, address, file_size))
    return found


def _notes(content: bytes) -> list[tuple[bytes, int, bytes]]:
    """Owner, type and content of each."""
    found, at = [], 0
    while at + _NOTE.size <= len(content):
        name_size, size, kind = _NOTE.unpack_from(content, at)
        at += _NOTE.size
        name = content[at : at + name_size].rstrip(b"\0")
        at += (name_size + 3) & ~3
        found.append((name, kind, content[at : at + size]))
        at += (size + 3) & ~3
    return found


def _notes_in(read: Read, segments: list[_Segment]) -> list[tuple[bytes, int, bytes]]:
    """Of the first segments with notes; programs and cores have one or two."""
    found = []
    for segment in [each for each in segments if each.kind == _PT_NOTE][:_MOST_NOTE_SEGMENTS]:
        found += _notes(read(segment.offset, min(segment.file_size, _MOST_NOTES)))
    return found


def _ids_in(notes: list[tuple[bytes, int, bytes]]) -> BuildIds:
    go = next((what for name, kind, what in notes if (name, kind) == (b"Go", 4)), b"")
    gnu = next((what for name, kind, what in notes if (name, kind) == (b"GNU", 3)), b"")
    return BuildIds(go[:_MOST_ID].decode("ascii", "replace"), gnu[:_MOST_ID].hex())


def build_ids(read: Read) -> BuildIds:
    """Of an executable, of which ``read`` gives bytes by their offset in the file."""
    notes = _notes_in(read, _segments(read))
    # Go's linker (1.24 and later) writes the GNU one beside its own, but into no segment of notes.
    first = read(0, _PAGE)
    at = first.find(_GNU_BUILD_ID)
    if at >= 0:
        notes += _notes(first[at:])[:1]
    return _ids_in(notes)


def _core_notes(read: Read, segments: list[_Segment]) -> dict[int, bytes]:
    """The kernel's notes of a core, the first of each type."""
    found: dict[int, bytes] = {}
    for name, kind, what in _notes_in(read, segments):
        if name == b"CORE":
            found.setdefault(kind, what)
    return found


def _auxiliary(note: bytes, wanted: int) -> int | None:
    pairs = struct.iter_unpack("<QQ", note[: len(note) // 16 * 16])
    return next((value for key, value in pairs if key == wanted), None)


def _file_at(note: bytes, address: int) -> str:
    """Path of the file that is mapped there; empty: none is."""
    if len(note) < 16:
        return ""
    number = min(struct.unpack_from("<Q", note)[0], (len(note) - 16) // 24)
    names = note[16 + number * 24 :].split(b"\0")
    for index, (start, end, _) in enumerate(struct.iter_unpack("<QQQ", note[16 : 16 + number * 24])):
        if start <= address < end and index < len(names):
            return names[index].decode("utf-8", "replace")
    return ""


class CoreOf(NamedTuple):
    """What a core says of its executable."""

    ids: BuildIds
    #: Its path where it ran; empty: not known.
    path: str


def executable_of_core(read: Read) -> CoreOf:
    """Of the executable that a core is of, of which ``read`` gives bytes by their offset."""
    segments = _segments(read)
    notes = _core_notes(read, segments)
    headers = _auxiliary(notes.get(_NT_AUXV, b""), _AT_PHDR)
    if headers is None:
        return CoreOf(BuildIds("", ""), "")
    path = _file_at(notes.get(_NT_FILE, b""), headers)
    loads = (each for each in segments if each.kind == _PT_LOAD)
    first = next((it for it in loads if 0 <= headers - it.address < it.file_size), None)
    if first is None:
        return CoreOf(BuildIds("", ""), path)

    def read_mapped(offset: int, size: int) -> bytes:
        if offset >= first.file_size:
            return b""
        return read(first.offset + offset, min(size, first.file_size - offset))

    return CoreOf(build_ids(read_mapped), path)


def reader_of(file: BinaryIO) -> Read:
    """Reads ``file``, which can be sought in."""

    def read(offset: int, size: int) -> bytes:
        if not 0 <= offset < 2**62:
            return b""
        file.seek(offset)
        return file.read(size)

    return read
