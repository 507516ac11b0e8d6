"""What parked asks gdb for: registers always, memory where only gdb can read it."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import gdb

from . import registers

_PAGE = 4096
_MASK = 0xFFFFFFFFFFFFFFFF
_TARGET_PREFIX = "target:"
_AT_ENTRY = re.compile(r"^9\s+AT_ENTRY\s.*?(0x[0-9a-f]+)", re.MULTILINE)
# Start Addr, End Addr, Size, Offset, Perms (gdb 12 and later).
_MAPPING = re.compile(
    r"^\s*(0x[0-9a-f]+)\s+(0x[0-9a-f]+)\s+0x[0-9a-f]+\s+0x[0-9a-f]+\s+([r-][w-][x-][ps-])",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Thread:
    """A thread and the registers the Go runtime gives a meaning to; 0 if unknown.

    `words` is what all its registers hold, in words and no order.
    """

    tid: int
    pc: int
    sp: int
    frame_pointer: int
    link: int
    words: list[int]


@dataclass(frozen=True)
class Range:
    """Readable memory."""

    start: int
    end: int
    writable: bool


class Access:
    """The selected inferior, in the words of parked._parked.Debugger."""

    def __init__(self, executable: str) -> None:
        self._inferior = gdb.selected_inferior()
        self._fetched: str | None = None
        if executable.startswith(_TARGET_PREFIX):
            executable = self._fetch(executable[len(_TARGET_PREFIX) :])
        self.executable = os.fsencode(executable)
        self.libraries = [os.fsencode(path) for path in _libraries()]
        self.load_bias = _load_bias(executable)

    def close(self) -> None:
        """Removes the copy of a remote executable."""
        if self._fetched is not None:
            shutil.rmtree(self._fetched, ignore_errors=True)
            self._fetched = None

    def read(self, address: int, size: int) -> bytes:
        """The readable bytes from `address` on, at most `size`."""
        try:
            return bytes(self._inferior.read_memory(address, size))
        except (gdb.error, OverflowError):
            pass
        # gdb gives all or nothing: find how far it goes, page by page.
        got = bytearray()
        while len(got) < size:
            step = min(_PAGE - (address + len(got)) % _PAGE, size - len(got))
            if step == size:
                break  # just tried
            try:
                got += bytes(self._inferior.read_memory(address + len(got), step))
            except (gdb.error, OverflowError):
                break
        return bytes(got)

    def threads(self) -> list[Thread]:
        """All threads with their registers; those gdb cannot read have none and are left out."""
        result = []
        with _selection_kept():
            for thread in self._inferior.threads():
                if not thread.is_valid() or thread.is_running():
                    continue
                try:
                    thread.switch()
                    frame = gdb.newest_frame()
                    names = registers.of(frame.architecture())
                    result.append(
                        Thread(
                            tid=thread.ptid[1] or thread.ptid[2] or thread.ptid[0],
                            pc=_register(frame, names.pc),
                            sp=_register(frame, names.sp),
                            frame_pointer=_register(frame, names.frame_pointer),
                            link=_register(frame, names.link),
                            words=_words(frame, names),
                        )
                    )
                except gdb.error:
                    continue
        return result

    def ranges(self) -> list[Range]:
        """Readable memory as gdb knows it; empty if it does not."""
        try:
            return parse_mappings(gdb.execute("info proc mappings", to_string=True))
        except gdb.error:
            return []

    def _fetch(self, path: str) -> str:
        """A local copy of a file that is only where the program runs."""
        # The path is the target's word, and gdb takes each line for a command.
        if "\n" in path:
            raise gdb.GdbError("parked: the program's path has a line break: give gdb the program.")
        self._fetched = tempfile.mkdtemp(prefix="parked-")
        copy = os.path.join(self._fetched, os.path.basename(path))
        try:
            gdb.execute(f"remote get {_argument(path)} {_argument(copy)}", to_string=True)
        except gdb.error as error:
            self.close()
            raise gdb.GdbError(
                f"parked: cannot copy {path} from the target ({error}): "
                "give gdb the program with `file`."
            ) from None
        return copy


def _argument(text: str) -> str:
    """A word of a gdb command line, whatever is in it."""
    return re.sub(r"([\s'\"\\])", r"\\\1", text)


def parse_mappings(text: str) -> list[Range]:
    """The readable ranges in the output of `info proc mappings`."""
    return [
        Range(int(start, 16), int(end, 16), permissions[1] == "w")
        for start, end, permissions in _MAPPING.findall(text)
        if permissions[0] == "r"
    ]


def parse_entry(text: str) -> int | None:
    """Where the program's entry point is loaded, from the output of `info auxv`."""
    match = _AT_ENTRY.search(text)
    return int(match.group(1), 16) if match else None


def elf_entry(path: str) -> int | None:
    """Where the entry point of a 64-bit little-endian ELF file was linked."""
    try:
        with open(path, "rb") as file:
            header = file.read(32)
    except OSError:
        return None
    if len(header) < 32 or header[:6] != b"\x7fELF\x02\x01":
        return None
    return int(struct.unpack_from("<Q", header, 24)[0])


def _libraries() -> list[str]:
    """Files that gdb has loaded and that are here; whether they are the same build ids tell."""
    names = [objfile.filename or "" for objfile in gdb.objfiles()]
    return [
        path
        for path in (name.removeprefix(_TARGET_PREFIX) for name in names)
        if os.path.isfile(path)
    ]


def _load_bias(executable: str) -> int | None:
    linked = elf_entry(executable)
    try:
        loaded = parse_entry(gdb.execute("info auxv", to_string=True))
    except gdb.error:
        return None
    if linked is None or loaded is None:
        return None
    return (loaded - linked) & _MASK


def _register(frame: gdb.Frame, name: str) -> int:
    if not name:
        return 0
    try:
        value = frame.read_register(name)
        if value.is_optimized_out:
            return 0
        return int(value) & _MASK
    except (gdb.error, ValueError):
        return 0


def _words(frame: gdb.Frame, names: registers.Names) -> list[int]:
    """All general and vector registers; none if one of them cannot be read."""
    architecture = frame.architecture()
    vectors = _vectors(architecture, names)
    if not vectors:
        return []
    words = []
    try:
        for register in architecture.registers("general"):
            words.append(int(frame.read_register(register)) & _MASK)
        for of_width, fields, lanes in vectors:
            for name in of_width:
                value = frame.read_register(name)
                for field in fields:
                    value = value[field]
                words += [int(value[lane]) & _MASK for lane in range(lanes)]
    except (gdb.error, ValueError):
        return []
    return words


@functools.cache
def _vectors(
    architecture: gdb.Architecture, names: registers.Names
) -> list[tuple[list[str], list[str], int]]:
    """Names of the vector registers, the way to their words, and how many words that are: the
    widest, since the narrower ones are a part of them."""
    present = {register.name for register in architecture.registers("vector")}
    for prefix, count, words, lanes in names.vectors:
        of_width = [name for name in (f"{prefix}{i}" for i in range(count)) if name in present]
        if of_width:
            return [(of_width, words.split("."), lanes)]
    return []


@contextlib.contextmanager
def _selection_kept() -> Iterator[None]:
    """Leaves the user's selected thread and frame as they were."""
    thread = gdb.selected_thread()
    try:
        frame = gdb.selected_frame()
    except gdb.error:
        frame = None
    try:
        yield
    finally:
        if thread is not None and thread.is_valid():
            thread.switch()
            if frame is not None and frame.is_valid():
                frame.select()
