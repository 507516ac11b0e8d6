"""What parked reads out of gdb's own answers."""

from __future__ import annotations

import struct
from pathlib import Path
from types import ModuleType

import pytest

INFO_TARGET = """Symbols from "/srv/it's here/service".
Local core dump file:
\t`{core}', file type elf64-x86-64.
\t0x0000000000400000 - 0x0000000000401000 is load1
Local exec file:
\t`{program}', file type elf64-x86-64.
\tEntry point: 0x48c6e0
"""

AUXV = """33   AT_SYSINFO_EHDR      System-supplied DSO's ELF header 0x7f3bca20b000
3    AT_PHDR              Program headers for program    0x400040
9    AT_ENTRY             Entry point of program         0x55d24b8fca40
31   AT_EXECFN            File name of executable        0x7fff0cc23ff2 "./bin"
"""

MAPPINGS = """process 8550
Mapped address spaces:

          Start Addr           End Addr       Size     Offset  Perms  objfile
            0x400000           0x401000     0x1000        0x0  r--p   /srv/service
            0x401000           0x402000     0x1000     0x1000  r-xp   /srv/service
        0xc000000000       0xc004000000  0x4000000        0x0  rw-p
        0xc004000000       0xc008000000  0x4000000        0x0  ---p
  0xffffffffff600000 0xffffffffff601000     0x1000        0x0  --xp   [vsyscall]
"""


def elf(path: Path, kind: int, entry: int = 0) -> Path:
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HHIQ", kind, 62, 1, entry)
    path.write_bytes(header.ljust(64, b"\0"))
    return path


@pytest.mark.parametrize("quote", ["`", "'"])
def test_the_core_is_found_among_the_files_of_info_target(
    parked_gdb: ModuleType, tmp_path: Path, quote: str
) -> None:
    core = elf(tmp_path / "core, it's mine", kind=4)
    program = elf(tmp_path / "service", kind=2)
    text = INFO_TARGET.format(core=core, program=program).replace("`", quote)
    paths = parked_gdb.inferior.quoted_paths(text)
    assert paths == [str(core), str(program)]
    assert parked_gdb.inferior.core_among(list(reversed(paths))) == str(core)


def test_paths_are_found_in_wrapped_and_styled_output(parked_gdb: ModuleType) -> None:
    text = "Local core dump file:\n\t`\x1b[32m/srv/core\x1b[m',\n        file type elf64-x86-64.\n"
    assert parked_gdb.inferior.quoted_paths(text) == ["/srv/core"]


def test_without_a_core_there_is_none(parked_gdb: ModuleType, tmp_path: Path) -> None:
    program = elf(tmp_path / "service", kind=3)
    short = tmp_path / "short"
    short.write_bytes(b"\x7fELF")
    paths = [str(program), str(short), str(tmp_path / "gone"), str(tmp_path)]
    assert parked_gdb.inferior.core_among(paths) is None


def test_load_bias_is_where_the_entry_point_is_minus_where_it_was_linked(
    parked_gdb: ModuleType, tmp_path: Path
) -> None:
    assert parked_gdb.access.parse_entry(AUXV) == 0x55D24B8FCA40
    assert parked_gdb.access.parse_entry("") is None
    assert parked_gdb.access.elf_entry(str(elf(tmp_path / "a", 3, entry=0x8BA40))) == 0x8BA40
    (tmp_path / "b").write_bytes(b"#!/bin/sh\nexec service\n...............")
    assert parked_gdb.access.elf_entry(str(tmp_path / "b")) is None
    assert parked_gdb.access.elf_entry(str(tmp_path / "gone")) is None


def test_mappings_are_the_readable_ones(parked_gdb: ModuleType) -> None:
    ranges = parked_gdb.access.parse_mappings(MAPPINGS)
    assert [(r.start, r.end, r.writable) for r in ranges] == [
        (0x400000, 0x401000, False),
        (0x401000, 0x402000, False),
        (0xC000000000, 0xC004000000, True),
    ]
    assert parked_gdb.access.parse_mappings("warning: unable to open /proc file") == []
