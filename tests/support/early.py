"""A process that stands where a Go program has hardly begun, whatever the machine is busy with."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import subprocess
from pathlib import Path

from support.commands import run

TRACEME, CONT, SINGLESTEP, GETREGS, SETREGS, DETACH = 0, 7, 9, 12, 13, 17  # sys/ptrace.h
# user_regs_struct.
NAMES = (
    *("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx", "rdx"),
    *("rsi", "rdi", "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base", "gs_base"),
    *("ds", "es", "fs", "gs"),
)
MUNMAP = 11
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long] * 2 + [ctypes.c_void_p] * 2
LIBC.ptrace.restype = ctypes.c_long


def ptrace(request: int, pid: int, data: object = None) -> None:
    if LIBC.ptrace(request, pid, None, data) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


class Early:
    """Held before its first instruction, and then where it was told to run to."""

    def __init__(self, binary: Path) -> None:
        self.binary = binary
        self.process = subprocess.Popen(
            [binary],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a stopped process in the tests' own group is a danger to them
            preexec_fn=lambda: ptrace(TRACEME, 0),
        )
        try:
            self.wait_for_trap()
        except BaseException:
            self.__exit__()
            raise

    @property
    def pid(self) -> int:
        return self.process.pid

    def let_go(self) -> None:
        """So that parked may trace it: it stays stopped."""
        ptrace(DETACH, self.pid, int(signal.SIGSTOP))
        os.waitpid(self.pid, os.WUNTRACED)

    def wait_for_trap(self) -> None:
        while True:
            _, status = os.waitpid(self.pid, 0)
            if not os.WIFSTOPPED(status):
                raise RuntimeError(f"it ended: {status}")
            if os.WSTOPSIG(status) == signal.SIGTRAP:
                return
            ptrace(CONT, self.pid, os.WSTOPSIG(status))

    def registers(self) -> dict[str, int]:
        raw = ctypes.create_string_buffer(8 * len(NAMES))
        ptrace(GETREGS, self.pid, ctypes.addressof(raw))
        return dict(zip(NAMES, struct.unpack(f"{len(NAMES)}Q", raw.raw), strict=True))

    def set_registers(self, **changes: int) -> None:
        words = {**self.registers(), **changes}
        raw = ctypes.create_string_buffer(struct.pack(f"{len(NAMES)}Q", *words.values()))
        ptrace(SETREGS, self.pid, ctypes.addressof(raw))

    def memory(self, address: int, new: bytes | None = None, size: int = 8) -> bytes:
        with Path(f"/proc/{self.pid}/mem").open("r+b", buffering=0) as memory:
            memory.seek(address)
            old = memory.read(size if new is None else len(new))
            if new is not None:
                memory.seek(address)
                memory.write(new)
        return old

    def maps(self) -> list[tuple[int, int, str]]:
        """Start, end and path."""
        found = []
        for line in Path(f"/proc/{self.pid}/maps").read_text().splitlines():
            words = line.split(maxsplit=5)
            start, end = (int(word, 16) for word in words[0].split("-"))
            found.append((start, end, words[5] if len(words) > 5 else ""))
        return found

    def bias(self, binary: Path) -> int:
        if "(Position-Independent" not in run("readelf", "-h", binary).stdout:
            return 0
        segments = run("readelf", "-lW", binary).stdout.splitlines()
        linked = next(line.split()[2] for line in segments if line.split()[:1] == ["LOAD"])
        start = next(start for start, _, path in self.maps() if path == str(self.binary))
        return start - int(linked, 16)

    def run_to(self, address: int) -> None:
        code = self.memory(address, b"\xcc")  # int3
        ptrace(CONT, self.pid)
        self.wait_for_trap()
        self.memory(address, code)
        assert self.registers()["rip"] == address + 1
        self.set_registers(rip=address)

    def run_to_return(self) -> None:
        """Of the function it stands at the start of."""
        self.run_to(int.from_bytes(self.memory(self.registers()["rsp"]), "little"))

    def unmap_program(self) -> None:
        """As if the kernel had not mapped it yet."""
        start = next(start for start, _, path in self.maps() if path == "[vdso]")
        call = start + self.memory(start, size=0x1000).index(b"\x0f\x05")  # syscall
        maps = self.maps()
        first = next(i for i, (_, _, path) in enumerate(maps) if path == str(self.binary))
        for begin, end, path in maps[first:]:
            if path not in ("", str(self.binary)):
                break
            self.set_registers(rip=call, rax=MUNMAP, rdi=begin, rsi=end - begin)
            ptrace(SINGLESTEP, self.pid)
            self.wait_for_trap()

    def __enter__(self) -> Early:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
