"""Go programs that run until they have said READY, and cores of them."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

# Targets that are never at rest, unless told to keep "still": it is of no use to wait for that.
RESTLESS = {
    "abandon",
    "busy",
    "churn",
    "healthy",
    "load",
    "pace",
    "preempted",
    "secrets",
    "vectors",
    "zoo",
}


@dataclass
class Core:
    binary: Path
    core: Path
    output: str  # what the target printed, for a kernel core with the runtime's own traceback


def wait_until_asleep(pid: int, seconds: float) -> bool:
    """Whether all threads of a process sleep, ten looks in a row, before so many seconds pass."""
    asleep = 0
    deadline = time.monotonic() + seconds
    while asleep < 10 and time.monotonic() < deadline:
        time.sleep(0.03)
        try:
            threads = Path(f"/proc/{pid}/task").glob("*/stat")
            states = {stat.read_text().rpartition(")")[2].split()[0] for stat in threads}
        except OSError:  # a thread, or all of them, ended just now
            states = set()
        asleep = asleep + 1 if states == {"S"} else 0
    return asleep == 10


class Running:
    """A target that has said READY. Ends with the `with` block."""

    def __init__(self, binary: Path, folder: Path, *arguments: str) -> None:
        self.binary = binary
        self.folder = folder
        self.restless = binary.name in RESTLESS and "still" not in arguments
        self.log = folder / "output"
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [binary, *arguments],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "GOTRACEBACK": "crash"},
            )

    def __enter__(self) -> Running:
        deadline = time.monotonic() + 60
        while "READY" not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError(
                    f"{self.binary} did not get ready:\n{self.log.read_text()[-2000:]}"
                )
            time.sleep(0.05)
        self.settle()
        return self

    def settle(self) -> None:
        """Lets the last goroutines park and the sweeper end, also on a loaded machine.

        A thread that runs may hold anything, so what it happens to have on its stack is not proved.
        """
        wait_until_asleep(self.pid, 0.3 if self.restless else 3)

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    @property
    def pid(self) -> int:
        return self.process.pid

    def abort(self) -> Core:
        """A kernel core, with the traceback Go prints for the same instant."""
        self.process.send_signal(signal.SIGABRT)
        self.process.wait(timeout=60)
        cores = list(self.folder.glob("core*"))
        assert cores, "the kernel wrote no core here"
        return Core(self.binary, cores[0], self.log.read_text())

    def gcore(self) -> Core:
        subprocess.run(
            ["gcore", "-o", self.folder / "gcore", str(self.pid)], check=True, capture_output=True
        )
        return Core(self.binary, self.folder / f"gcore.{self.pid}", self.log.read_text())


def kernel_writes_cores_here() -> bool:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    return not pattern.startswith("|") and "/" not in pattern


def need_kernel_cores() -> None:
    """Skips what needs them where there are none; on a CI machine nearly all would be skipped."""
    if kernel_writes_cores_here():
        return
    why = "core_pattern sends cores elsewhere; `sysctl kernel.core_pattern=core`"
    if os.environ.get("CI", "") not in ("", "0", "false"):
        pytest.fail(f"{why} (on CI this is no reason to skip a test)", pytrace=False)
    pytest.skip(why)
