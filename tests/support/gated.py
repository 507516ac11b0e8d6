"""A program ``parked`` that misbehaves over some inputs, or waits, and tells what it did."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from support.paths import PARKED

# What it does is told by the name of the core, which lies unpacked on this machine.
SCRIPT = """#!/bin/sh
case "$*" in
  *--version*) exec {parked} --version ;;
  *hang*) exec sleep 100000 ;;
  *eat*) exec python3 -c 'eaten = bytearray(1)
while True: eaten += bytes(1 << 24)' ;;
  *die*) kill -SEGV $$ ;;
esac
echo "begin $$ $*" >> {folder}/log
case "$*" in
  *'{at}'*) echo $$ > {folder}/at-gate.partial; mv {folder}/at-gate.partial {folder}/at-gate
    while [ ! -e {folder}/open ]; do sleep 0.05; done ;;
esac
{parked} "$@"
status=$?
echo "end $$ $*" >> {folder}/log
exit $status
"""


def until(what: Callable[[], bool], why: str, seconds: float = 60) -> None:
    """Waits for a condition; a minute is the only bound."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


class Gated:
    """The program in a folder of its own."""

    def __init__(self, folder: Path, at: str = "gate") -> None:
        """It waits over what has ``at`` among its arguments."""
        self.folder = folder
        folder.mkdir()
        self.program = folder / "parked"
        self.program.write_text(SCRIPT.format(parked=PARKED, folder=folder, at=at))
        self.program.chmod(0o755)

    def wait(self) -> int:
        """Until it waits over an input; its process."""
        until((self.folder / "at-gate").exists, "nothing came to the gate")
        return int((self.folder / "at-gate").read_text())

    def close(self) -> None:
        (self.folder / "at-gate").unlink()

    def open(self) -> None:
        (self.folder / "open").touch()

    def log(self) -> list[tuple[str, str]]:
        """``("begin", "a.core")`` and so on, of reports."""
        path = self.folder / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        words = (line.split() for line in lines if " report " in line)
        return [(each[0], Path(next(w for w in each if ".core" in w)).name) for each in words]


def kill(pid: int, signal: int) -> None:
    os.kill(pid, signal)
