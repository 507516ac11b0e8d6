"""A copy of a core that is damaged on purpose, and where the runtime's structures are in it."""

from __future__ import annotations

import contextlib
import json
import mmap
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.building import symbols

PT_LOAD = 1
PF_W = 2
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
MASK = (1 << 64) - 1

TYPES = [
    "context.cancelCtx",
    "database/sql.DB",
    "internal/runtime/maps.Map",
    "internal/runtime/maps.table",
    "net/http.Transport",
    "os.file",
    "runtime._defer",
    "runtime._panic",
    "runtime.g",
    "runtime.hchan",
    "runtime.hmap",
    "runtime.m",
    "runtime.mheap",
    "runtime.moduledata",
    "runtime.mspan",
    "runtime.notifyList",
    "runtime.p",
    "runtime.pollCache",
    "runtime.pollDesc",
    "runtime.schedt",
    "runtime.semaRoot",
    "runtime.special",
    "runtime.sudog",
]
# Run by gdb: the offset of each field of each type.
DUMP = """
import gdb, json
def fields(t, base, prefix, out, depth):
    for f in t.strip_typedefs().fields():
        at = base + f.bitpos // 8
        out[prefix + f.name] = at
        inner = f.type.strip_typedefs()
        if inner.code == gdb.TYPE_CODE_STRUCT and depth < 3:
            fields(inner, at, prefix + f.name + ".", out, depth + 1)
    return out
found = {}
for name in TYPES:
    try:
        found[name] = fields(gdb.lookup_type(name), 0, "", {}, 0)
    except gdb.error:
        pass
print("@@" + json.dumps(found))
"""


class Layout:
    """Offsets and addresses of an executable with DWARF, as gdb and nm have them."""

    def __init__(self, binary: Path) -> None:
        script = f"TYPES = {TYPES!r}\n{DUMP}"
        made = subprocess.run(
            ["gdb", "-nx", "-batch", "-ex", "python exec(" + repr(script) + ")", binary],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        line = next(x for x in made.stdout.splitlines() if x.startswith("@@"))
        self.types: dict[str, dict[str, int]] = json.loads(line[2:])
        self.symbols = symbols(binary)

    def has(self, type_name: str, field: str) -> bool:
        return field in self.types.get(type_name, {})

    def at(self, type_name: str, *fields: str) -> int:
        """Offset of the first of the fields that there is."""
        known = self.types[type_name]
        return next(known[field] for field in fields if field in known)


@dataclass
class Segment:
    number: int
    type: int
    flags: int
    offset: int
    address: int
    file_size: int
    memory_size: int


class DamagedCore:
    """A private copy of a core. What is done to it inside of `damage()` is undone behind it."""

    def __init__(self, core: Path, copy: Path) -> None:
        subprocess.run(["cp", "--sparse=always", core, copy], check=True)
        self.path = copy
        self._file = copy.open("r+b")
        self._map = mmap.mmap(self._file.fileno(), 0)
        self._undo: list[tuple[int, bytes]] = []
        self._size = len(self._map)
        self.segments = self._read_segments()

    def close(self) -> None:
        self._map.close()
        self._file.close()
        self.path.unlink()

    def _read_segments(self) -> list[Segment]:
        offset = int.from_bytes(self._map[32:40], "little")
        count = int.from_bytes(self._map[56:58], "little")
        found = []
        for i in range(count):
            kind, flags, at, address, _, file_size, memory_size, _ = PROGRAM_HEADER.unpack_from(
                self._map, offset + i * PROGRAM_HEADER.size
            )
            found.append(Segment(i, kind, flags, at, address, file_size, memory_size))
        return found

    @property
    def loads(self) -> list[Segment]:
        return [s for s in self.segments if s.type == PT_LOAD and s.file_size > 0]

    def _offset(self, address: int) -> int:
        for s in self.loads:
            if s.address <= address < s.address + s.file_size:
                return s.offset + address - s.address
        raise KeyError(hex(address))

    def has(self, address: int) -> bool:
        return any(s.address <= address < s.address + s.file_size for s in self.loads)

    def read(self, address: int, size: int) -> bytes:
        at = self._offset(address)
        return self._map[at : at + size]

    def word(self, address: int) -> int:
        return int.from_bytes(self.read(address, 8), "little")

    def write(self, offset: int, data: bytes) -> None:
        self._undo.append((offset, self._map[offset : offset + len(data)]))
        self._map[offset : offset + len(data)] = data

    def put(self, address: int, value: int, size: int = 8) -> None:
        self.write(self._offset(address), (value & MASK).to_bytes(8, "little")[:size])

    def _put_segments(self, segments: list[Segment]) -> None:
        """A new table of segments behind the end of the file."""
        at = (self._size + 4095) // 4096 * 4096
        table = b"".join(
            PROGRAM_HEADER.pack(
                s.type, s.flags, s.offset, s.address, 0, s.file_size, s.memory_size, 4096
            )
            for s in segments
        )
        self._map.resize(at + len(table))
        self._map[at : at + len(table)] = table
        self.write(32, at.to_bytes(8, "little"))
        self.write(56, len(segments).to_bytes(2, "little"))

    def drop(self, segment: Segment) -> None:
        """As if the kernel had not dumped it."""
        self._put_segments(
            [Segment(**{**vars(s), "file_size": 0}) if s is segment else s for s in self.segments]
        )

    def forget(self, segment: Segment) -> None:
        """As if it had never been there."""
        self._put_segments([s for s in self.segments if s is not segment])

    def hole(self, start: int, end: int) -> None:
        """As if these addresses, inside of one segment, had not been dumped."""
        parts = []
        for s in self.segments:
            if s.type != PT_LOAD or not s.address <= start < s.address + s.file_size:
                parts.append(s)
                continue
            parts.append(
                Segment(
                    **{**vars(s), "file_size": start - s.address, "memory_size": end - s.address}
                )
            )
            rest = s.address + s.file_size - end
            parts.append(
                Segment(s.number, s.type, s.flags, s.offset + end - s.address, end, rest, rest)
            )
        self._put_segments(parts)

    def add(self, segment: Segment) -> None:
        self._put_segments([*self.segments, segment])

    @contextlib.contextmanager
    def damage(self) -> Iterator[None]:
        try:
            yield
        finally:
            for offset, data in reversed(self._undo):
                self._map[offset : offset + len(data)] = data
            self._undo.clear()
            if len(self._map) != self._size:
                self._map.resize(self._size)
            self._map.flush()
