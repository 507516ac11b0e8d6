"""How text looks and goes out in gdb."""

from __future__ import annotations

import os
import sys
import time

import gdb


def width() -> int:
    """Columns of gdb's screen; 0 if lines are not to be fitted."""
    return int(gdb.parameter("width") or 0)


def color(from_tty: bool) -> bool:
    """Whether escape sequences are wanted: typed at a terminal, and neither gdb nor the user's
    environment (NO_COLOR) is against it."""
    return (
        from_tty
        and bool(gdb.parameter("style enabled"))
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "dumb") != "dumb"
        and sys.__stdout__ is not None
        and os.isatty(sys.__stdout__.fileno())
    )


def write(text: str) -> None:
    """Writes to gdb's standard output, which pages, logs and captures as the user set it."""
    try:
        gdb.write(text)
    except UnicodeEncodeError:  # a host charset without these characters, as in the C locale
        gdb.write(text.encode("ascii", "replace").decode("ascii"))


class Progress:
    """One line at the terminal while long work runs, nothing for short work."""

    _PATIENCE = 1.0

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._length = 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        if time.monotonic() - self._started < self._PATIENCE:
            return
        text = f"{stage} {done * 100 // total}%" if total else stage
        gdb.write("\r" + text.ljust(self._length), gdb.STDERR)
        gdb.flush(gdb.STDERR)
        self._length = len(text)

    def clear(self) -> None:
        """Takes the line away."""
        if self._length:
            gdb.write("\r" + " " * self._length + "\r", gdb.STDERR)
            gdb.flush(gdb.STDERR)
            self._length = 0
