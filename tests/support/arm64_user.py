"""Cores of arm64 programs by qemu's user mode: quick, but without vector registers, text and the
list of mapped files. While a thread runs Go code nothing can be proved of them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from support.running import Core, wait_until_asleep

QEMU = "qemu-aarch64-static"


def available() -> bool:
    return shutil.which(QEMU) is not None


def crash(binary: Path, folder: Path, *arguments: str, patience: float = 60) -> Core:
    """Aborts the program when it has said READY, and, told to keep "still", its threads sleep."""
    program = folder / binary.name
    shutil.copy(binary, program)
    log = folder / "output"
    # The core of qemu itself is not wanted.
    words = ["sh", "-c", 'ulimit -c unlimited; exec "$@"', "sh", QEMU, program, *arguments]
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(word) for word in words],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "GOTRACEBACK": "crash"},
        )
    deadline = time.monotonic() + 60
    while "READY" not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"{binary} did not get ready:\n{log.read_text()[-2000:]}")
        time.sleep(0.05)
    wait_until_asleep(process.pid, 10 if "still" in arguments else 0.3)
    process.send_signal(signal.SIGABRT)
    process.wait(timeout=patience)
    core = next(folder.glob("qemu_*.core"))
    for own in folder.glob("core*"):
        own.unlink()
    return Core(program, core, log.read_text())
