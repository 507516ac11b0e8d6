"""Memory cgroups of a test's own, of whichever version the kernel has here."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

TOP = Path("/sys/fs/cgroup")


class Cgroup:
    """A cgroup with a limit, removed at the end of the `with` block; its processes must have ended
    by then."""

    def __init__(self, name: str, limit: int) -> None:
        self.unified = "memory" in _words(TOP / "cgroup.subtree_control")
        self.folder = (TOP if self.unified else TOP / "memory") / f"parked-{os.getpid()}-{name}"
        self.first = limit

    def __enter__(self) -> Cgroup:
        try:
            self.folder.mkdir()
            self.limit(self.first)
        except OSError as problem:
            if self.folder.exists():
                self.folder.rmdir()
            pytest.skip(f"no memory cgroup can be made here: {problem}")
        return self

    def __exit__(self, *_: object) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self.folder.rmdir()
                return
            except OSError:
                assert time.monotonic() < deadline, f"{self.folder} is still in use"
                time.sleep(0.05)

    def limit(self, size: int) -> None:
        name = "memory.max" if self.unified else "memory.limit_in_bytes"
        (self.folder / name).write_text(str(size))

    def used(self) -> int:
        name = "memory.current" if self.unified else "memory.usage_in_bytes"
        return int((self.folder / name).read_text())

    def add(self, pid: int) -> None:
        (self.folder / "cgroup.procs").write_text(str(pid))


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
