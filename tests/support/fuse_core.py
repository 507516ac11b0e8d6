"""A folder whose one file, `core`, is what the kernel writes as it dumps a process that dies there:
it goes on to whoever takes it, piece by piece, as through a core_pattern pipe, and the kernel waits
meanwhile, with the process as it was. The kernel's core_pattern stays as it is.

A file system in user space (fuse), without a library: only what a core takes of the protocol
(include/uapi/linux/fuse.h)."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

LOOKUP, FORGET, GETATTR, SETATTR, OPEN, WRITE, STATFS = 1, 2, 3, 4, 14, 16, 17
RELEASE, FSYNC, FLUSH, INIT, OPENDIR, RELEASEDIR, ACCESS, CREATE = 18, 20, 25, 26, 27, 29, 34, 35
BATCH_FORGET = 42

ROOT, FILE = 1, 2  # inodes
FOLDER_MODE, FILE_MODE = 0o040755, 0o100600
HEADER = struct.Struct("<IIQQIIII")
WRITE_IN = struct.Struct("<QQIIQII")
REQUEST = 1 << 20
MOST = 128 << 10  # bytes of a write

_libc = ctypes.CDLL(None, use_errno=True)


def _attributes(inode: int, size: int) -> bytes:
    mode = FOLDER_MODE if inode == ROOT else FILE_MODE
    times = (0,) * 6
    return struct.pack(
        "<QQQQQQIIIIIIIIII", inode, size, 0, *times, mode, 1, os.getuid(), os.getgid(), 0, 4096, 0
    )


class FuseCore:
    """`take` gets the bytes of the core in order, holes as zeros; it may wait, and False means that
    nobody wants more. Mounted until the `with` block ends."""

    def __init__(self, folder: Path, take: Callable[[bytes], bool]) -> None:
        self.folder = folder
        self.take = take
        self.size = 0
        self.ended = threading.Event()  # the kernel has closed the file

    def __enter__(self) -> FuseCore:
        try:
            self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        except OSError as problem:
            pytest.skip(f"/dev/fuse cannot be used: {problem}")
        options = f"fd={self.device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
        done = _libc.mount(b"parked", bytes(self.folder), b"fuse", 6, options.encode())
        if done != 0:
            os.close(self.device)
            pytest.skip(f"fuse cannot be mounted: {os.strerror(ctypes.get_errno())}")
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        detach = 2
        _libc.umount2(bytes(self.folder), detach)
        with contextlib.suppress(OSError):
            os.close(self.device)

    def _serve(self) -> None:
        while True:
            try:
                request = os.read(self.device, REQUEST)
            except OSError as problem:
                if problem.errno in (errno.EINTR, errno.ENOENT):
                    continue
                return  # unmounted
            _, operation, unique, inode, *_ = HEADER.unpack_from(request)
            if operation in (FORGET, BATCH_FORGET):
                continue
            answer = self._answer(operation, inode, request[HEADER.size :])
            code, body = (-answer, b"") if isinstance(answer, int) else (0, answer)
            with contextlib.suppress(OSError):  # nobody waits for it any more
                os.write(self.device, struct.pack("<IiQ", 16 + len(body), code, unique) + body)

    def _entry(self) -> bytes:
        return struct.pack("<QQQQII", FILE, 0, 0, 0, 0, 0) + _attributes(FILE, self.size)

    def _answer(self, operation: int, inode: int, body: bytes) -> bytes | int:
        if operation == INIT:
            return struct.pack("<IIIIHHIIHHI7I", 7, 31, 0, 0, 8, 8, MOST, 1, 32, 0, *[0] * 8)
        if operation == LOOKUP:
            return errno.ENOENT
        if operation in (GETATTR, SETATTR):
            return struct.pack("<QII", 0, 0, 0) + _attributes(inode, self.size)
        if operation == CREATE:
            return self._entry() + struct.pack("<QII", 1, 0, 0)
        if operation == WRITE:
            return self._write(body)
        if operation == RELEASE:
            self.ended.set()
        if operation == STATFS:
            return struct.pack(
                "<QQQQQIIII6I", 1 << 30, 1 << 30, 1 << 30, 1, 1, 4096, 255, 4096, 0, *[0] * 6
            )
        if operation in (OPEN, OPENDIR):
            return struct.pack("<QII", 1, 0, 0)
        done = (RELEASE, RELEASEDIR, FLUSH, FSYNC, ACCESS)
        return b"" if operation in done else errno.ENOSYS

    def _write(self, body: bytes) -> bytes | int:
        _, offset, size, *_ = WRITE_IN.unpack_from(body)
        data = body[WRITE_IN.size : WRITE_IN.size + size]
        if offset < self.size:
            return errno.EIO  # a core is written from its start to its end
        while self.size < offset:
            zeros = bytes(min(offset - self.size, 1 << 20))
            if not self.take(zeros):
                return errno.EPIPE
            self.size += len(zeros)
        if not self.take(data):
            return errno.EPIPE
        self.size += len(data)
        return struct.pack("<II", len(data), 0)
