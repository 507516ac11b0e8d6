"""Bounds that a process sets itself, so that one input cannot take a machine."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from pathlib import Path

_PR_SET_PDEATHSIG = 1
# Looked up once: between fork and exec as little as possible is done.
_LIBC = ctypes.CDLL(None)


def die_with_parent(parent: int) -> None:
    """This process is killed when ``parent``, which started it, ends, however that ends."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended already
        os._exit(1)


def bound_memory(size: int) -> None:
    """Address space of this process, in bytes; may be raised again."""
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (size, hard))


def bound_processor(seconds: float) -> None:
    """Seconds of the processor from now on, after which this process is killed."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def begin_peak() -> None:
    """From now on :func:`peak_memory` counts."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _from_status(name: str) -> int | None:
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    line = next((each for each in status.splitlines() if each.startswith(f"{name}:")), "")
    return int(line.split()[1]) * 1024 if line else None


def peak_memory() -> int | None:
    """Bytes that this process had in memory at most since :func:`begin_peak`."""
    return _from_status("VmHWM")


def memory_now() -> int | None:
    """Bytes that this process has in memory."""
    return _from_status("VmRSS")
