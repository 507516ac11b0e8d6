"""Makes the seeds that are written by hand: tests/fuzz/make_seeds.py, once, after a change here."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"

# Numbers of Go's minor versions whose maps differ, as maps_fuzz takes them: the version less 18.
MAP_VERSIONS = {"go1_18": 0, "go1_23": 5, "go1_24": 6, "go1_26": 8, "go1_27": 9}
MAP_FORMS = {"large": 0, "small": 1, "indirect": 0xC4}

TABLES = [
    b"go1.23.2 X:loud,odd",
    b"go1.23 amd64 aaaaaaaa quiet\n"
    b"go1.23.2 amd64 aaaaaaaa quiet loud=bbbbbbbb odd=cccccccc\n"
    b"go1.23.5 amd64 aaaaaaaa quiet loud=bbbbbbbb\n",
    b"aaaaaaaa 00000001 00000002\n 00000005\n"
    b"bbbbbbbb of aaaaaaaa -00000001 +00000003\n"
    b"cccccccc of aaaaaaaa -00000002 +00000004\n",
    b"00000005 = runtime\n 3 _Gwaiting\n -7 low\n"
    b"00000001 16 runtime.a\n 0 8 link *runtime.a\n 8 8 inner runtime.b\n"
    b"00000003 24 runtime.a\n 16 8 link []uint8\n"
    b"00000004 32 runtime.c\n 24 8 link string\n"
    b"00000002 8 runtime.b\n 0 4 x uint32\n 4 1 y struct { a int; b string }\n",
]

HEADER = (
    b"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
)
REST = b"01 00000000:00000000 00:00000000 00000000  1000        0 "
SOCKETS = {
    "tcp": HEADER
    + b" inode\n   0: 0100007F:1F90 00000000:0000 "
    + REST
    + b"1 1 0000000000000000 100 0 0 10 0\n   1: 0100007F:D431 0200000A:0050 "
    + REST
    + b"2 1 0000000000000000 20 4 30 10 -1\n",
    "tcp6": b"   0: 00000000000000000000000001000000:01BB 0000000000000000FFFF00000100007F:0016 "
    + REST
    + b"3 1\n",
    "unix": b"Num       RefCount Protocol Flags    Type St Inode Path\n"
    b"0000000000000000: 00000002 00000000 00010000 0001 01 12345 /run/a b.sock\n"
    b"0000000000000000: 00000003 00000000 00000000 0001 03 23456 @abstract\n",
}

MAPS = (
    b"00400000-00452000 r-xp 00001000 08:02 173521      /usr/bin/a b (deleted)\n"
    b"c000000000-c000400000 rw-p 00000000 00:00 0 \n"
    b"c000400000-c004000000 ---p 00000000 00:00 0 \n"
    b"7f0000001000-7f0000002000 rw-s 00000000 00:05 9   /dev/shm/x\n"
    b"7ffd00001000-7ffd00002000 r-xp 00000000 00:00 0   [vdso]\n"
)


def write(fuzzer: str, name: str, data: bytes) -> None:
    folder = CORPUS / fuzzer
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def notes_of(core: bytes) -> bytes:
    """What the PT_NOTE segments have."""
    start, count = struct.unpack_from("<Q", core, 32)[0], struct.unpack_from("<H", core, 56)[0]
    notes = b""
    for i in range(count):
        kind, _, offset, _, _, size = struct.unpack_from("<IIQQQQ", core, start + 56 * i)
        if kind == 4:
            notes += core[offset : offset + size]
    return notes


def dump_notes() -> bytes:
    """What parked dump notes (core/target/dump_notes.cpp)."""
    descriptions = (
        struct.pack("<QqqQ", 1, 1 << 60, 1 << 40, 1),
        struct.pack("<6Q", 0x1000, 0x3000, 1, 0x5000, 0x6000, 2),
        struct.pack("<q", 3) + b"socket:[4711]\0",
        struct.pack("<Q", 4711) + b"tcp\x00127.0.0.1:80\0\0",
        struct.pack("<QQ", 3, 0x1234) + b"threads\0one did not stop\0",
    )
    notes = b""
    for number, description in enumerate(descriptions):
        padded = description + bytes(-len(description) % 4)
        notes += struct.pack("<III8s", 7, len(description), 0x504B0001 + number, b"PARKED") + padded
    return notes


def zstd(data: bytes, *options: str) -> bytes:
    return subprocess.run(
        ["zstd", "-c", "-q", *options], input=data, stdout=subprocess.PIPE, check=True
    ).stdout


def main() -> None:
    cores = {
        name: (CORPUS / "core_fuzz" / name).read_bytes()
        for name in ("linux", "linux_arm64", "delve")
    }
    for name, core in cores.items():
        write("notes_fuzz", name, bytes([name.endswith("arm64")]) + notes_of(core))
    # A set of registers behind the last thread's that is empty: NT_FPREGSET.
    empty = struct.pack("<III8s", 5, 0, 2, b"CORE")
    write("notes_fuzz", "no_registers", bytes(1) + notes_of(cores["linux"]) + empty)
    # The vector registers of arm64: NT_FPREGSET, or NT_ARM_SVE with the same in it.
    plain = bytes(range(256)) * 2 + bytes(16)
    scalable = struct.pack("<IIHHHH", 16 + len(plain), 16 + len(plain), 16, 16, 0, 0) + plain
    for name, kind, owner, registers in (
        ("vectors_arm64", 2, b"CORE", plain),
        ("scalable_arm64", 0x405, b"LINUX", scalable),
    ):
        head = struct.pack("<III8s", len(owner) + 1, len(registers), kind, owner)
        write("notes_fuzz", name, bytes([1]) + notes_of(cores["linux_arm64"]) + head + registers)
    write("notes_fuzz", "parked_dump", bytes(1) + notes_of(cores["linux"]) + dump_notes())
    skipped = struct.pack("<II", 0x184D2A50, 4) + b"skip"
    write("zstd_fuzz", "frame", zstd(cores["linux"], "--check"))
    write("zstd_fuzz", "frames", skipped + zstd(cores["delve"]) + zstd(bytes(16384)))
    write("zstd_fuzz", "cut", zstd(cores["linux"], "--ultra", "-22")[:-9])
    write("tables_fuzz", "experiments", b"\0".join(TABLES))
    write("tables_fuzz", "between", b"\0".join([b"go1.23.3", *TABLES[1:]]))
    write("tables_fuzz", "newer", b"\0".join([b"go1.99", *TABLES[1:]]))
    for name, text in SOCKETS.items():
        write("sockets_fuzz", name, text)
    write("proc_maps_fuzz", "process", MAPS)
    for version, number in MAP_VERSIONS.items():
        for form, flags in MAP_FORMS.items():
            write("maps_fuzz", f"{version}_{form}", bytes([number, flags]))
    # Of the fuzzers of real programs: one word changed, and many to begin from, each by nothing.
    for program in range(5):
        for name, count, argument in (("one", 1, 8), ("many", 16, 0)):
            patches = b"".join(
                struct.pack("<BBHI", i, 5, argument, 7919 * (i + program)) for i in range(count)
            )
            write("types_fuzz", f"program{program}_{name}", bytes([program, program]) + patches)
            write("globals_fuzz", f"program{program}_{name}", bytes([program]) + patches)
            for proved in range(2):
                which = bytes([2 * program + proved])
                write("resources_fuzz", f"program{program}_{name}_{proved}", which + patches)


if __name__ == "__main__":
    main()
