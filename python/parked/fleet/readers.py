"""The worker's side of :mod:`parked.fleet.reader`: a process for each thread, started anew when it
ends."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from .rows import Json

#: Bytes of an answer.
_MOST_ANSWER = 2 * 1024**3


class ReaderEnded(Exception):  # noqa: N818  it is what happened, and an input's fault
    """The process ended, or was ended, over a request; says why."""


def _python_path() -> str:
    """Where this package is, also for who has found it in another way than by the environment."""
    known = os.environ.get("PYTHONPATH")
    return os.pathsep.join([str(Path(__file__).parents[2]), *([known] if known else [])])


class ReaderLate(ReaderEnded):
    """The time for a request was over, and the process was ended."""


class Reader:
    """A process that reads inputs, one after the other."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = bytearray()

    def _start(self) -> subprocess.Popen[bytes]:
        self._buffer.clear()
        return subprocess.Popen(
            [sys.executable, "-m", "parked.fleet.reader", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": _python_path()},
            start_new_session=True,
        )

    def _send(self, request: Json) -> subprocess.Popen[bytes]:
        """The process that has the request: one that has just ended by itself gets no more."""
        for _ in range(2):
            if self._process is None or self._process.poll() is not None:
                self.close()
                self._process = self._start()
            process = self._process
            assert process.stdin
            with suppress(OSError):
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()
                return process
            self._process.wait()
        raise ReaderEnded(self._ended())

    def ask(self, request: Json, seconds: float) -> Json:
        """The answer to ``request``. Raises ReaderEnded, also when it takes longer than that."""
        deadline = time.monotonic() + seconds
        process = self._send(request)
        assert process.stdout
        line = self._line(process.stdout.fileno(), deadline)
        if line == b"" and self._ended_by_itself():
            process = self._send(request)
            assert process.stdout
            line = self._line(process.stdout.fileno(), deadline)
        if line is None:
            self.close()
            raise ReaderLate
        if not line:
            raise ReaderEnded(self._ended())
        answer: Json = json.loads(line)
        return answer

    def _ended_by_itself(self) -> bool:
        """It was done with the input before, and had not read this one."""
        process = self._process
        if process is None:
            return False
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        return process.returncode == 0

    def _line(self, descriptor: int, deadline: float) -> bytes | None:
        """Empty: the process has ended. None: the time is over."""
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        while True:
            end = self._buffer.find(b"\n")
            if end >= 0:
                line = bytes(self._buffer[: end + 1])
                del self._buffer[: end + 1]
                return line
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                return None
            piece = os.read(descriptor, 1 << 20)
            if not piece or len(self._buffer) > _MOST_ANSWER:
                return b""
            self._buffer += piece

    def _ended(self) -> str:
        process = self._process
        assert process is not None
        self.close()
        code = process.returncode
        if code == -signal.SIGXCPU:
            return "it takes too much time of the processor"
        if code == -signal.SIGKILL:
            return "the process that read it was killed (out of memory?)"
        if code < 0:
            return f"the process that read it was ended by {signal.Signals(-code).name}"
        return f"the process that read it ended with exit code {code}"

    def close(self) -> None:
        """Ends the process, and what it has started."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            # One that has just ended by itself says more than one that is killed.
            process.wait(timeout=0.2 if self._buffer else 0.05)
        if process.poll() is None:
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()


_of_thread = threading.local()
_all: list[Reader] = []


def reader_of_this_thread() -> Reader:
    """A reader that lasts as long as the worker does."""
    reader: Reader | None = getattr(_of_thread, "reader", None)
    if reader is None:
        reader = _of_thread.reader = Reader()
        _all.append(reader)
    return reader


@atexit.register
def close_all() -> None:
    """Ends all of them, and what they have started."""
    while _all:
        _all.pop().close()
