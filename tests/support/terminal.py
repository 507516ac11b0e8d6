"""A debugger at a terminal of its own, as a person uses it: typed commands, and Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time
from pathlib import Path
from types import TracebackType

QUIET = 0.25  # seconds without a word behind a prompt: it waits for the next command
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A program at a pseudo terminal that asks with `prompt`. Ends with the `with` block."""

    def __init__(self, prompt: str, *command: object) -> None:
        self._prompt = prompt.rstrip().encode()
        self._pid, self._screen = pty.fork()
        if self._pid == 0:
            os.environ.update(TERM="dumb", LC_ALL="C.UTF-8")
            words = [str(word) for word in command]
            os.execvp(words[0], words)
        fcntl.ioctl(self._screen, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
        self._unread = b""
        self.answer()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._pid != 0:
            self.end(timeout=30 if error is None else 0)

    @property
    def pid(self) -> int:
        return self._pid

    def anonymous(self) -> int:
        """Its anonymous memory, in MB."""
        status = Path(f"/proc/{self._pid}/status").read_text()
        found = re.search(r"^RssAnon:\s+(\d+) kB", status, re.MULTILINE)
        assert found is not None
        return int(found.group(1)) >> 10

    def type(self, line: str) -> None:
        os.write(self._screen, line.encode() + b"\r")

    def interrupt(self) -> None:
        os.write(self._screen, b"\x03")

    def ask(self, command: str, timeout: float = 120) -> str:
        """What a command answers, without the line it was typed on."""
        self.type(command)
        return self.answer(timeout, behind=command)

    def answer(self, timeout: float = 120, behind: str = "") -> str:
        """All until the next prompt; with `behind`, from the line on after that text."""
        if behind:
            self.read_until(behind.encode() + b"\r", timeout)
        return self.read_until(self._prompt, timeout, at_end=True)

    def read_until(self, text: bytes, timeout: float, *, at_end: bool = False) -> str:
        """All up to and with `text`; with `at_end`, when nothing more comes behind it."""
        got = bytearray(self._unread)
        deadline = time.monotonic() + timeout
        while True:
            tail = bytes(got[-(256 if at_end else 1 << 16) - len(text) :])
            if at_end and self._plain(tail).rstrip().endswith(text.decode()):
                if not select.select([self._screen], [], [], QUIET)[0]:
                    self._unread = b""
                    return self._plain(got[: got.rindex(text)])
            elif not at_end and text in tail:
                end = got.index(text) + len(text)
                self._unread = bytes(got[end:])
                return self._plain(got[:end])
            left = deadline - time.monotonic()
            assert left > 0, f"no {text!r} within {timeout}s: {bytes(got[-400:])!r}"
            if not select.select([self._screen], [], [], left)[0]:
                continue
            try:
                piece = os.read(self._screen, 1 << 16)
            except OSError:
                piece = b""
            assert piece, f"it ended: {bytes(got[-400:])!r}"
            got += piece

    def end(self, timeout: float) -> int:
        """Has it end by `quit`; its exit status, as waitpid gives it."""
        pid, self._pid = self._pid, 0
        os.write(self._screen, b"quit\r")
        deadline = time.monotonic() + timeout
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                break
            if time.monotonic() > deadline:
                os.kill(pid, 9)
                _, status = os.waitpid(pid, 0)
                assert timeout == 0, "it does not end"
                break
            if select.select([self._screen], [], [], 0.05)[0]:
                try:
                    os.read(self._screen, 1 << 16)
                except OSError:
                    time.sleep(0.01)
        os.close(self._screen)
        return status

    @staticmethod
    def _plain(text: bytes | bytearray) -> str:
        return ESCAPES.sub("", text.decode(errors="replace")).replace("\r\n", "\n")


def remote(server: list[object], says: str) -> tuple[subprocess.Popen[str], int]:
    """Starts a debug server on a port that it chooses; `says` matches what tells the port."""
    process = subprocess.Popen(
        [str(word) for word in server],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    # Killed, it says nothing any more: so long is waited for its word, not for ever.
    too_long = threading.Timer(60, process.kill)
    too_long.start()
    try:
        for line in process.stdout:
            if found := re.search(says, line):
                return process, int(found.group(1))
    finally:
        too_long.cancel()
    process.kill()
    process.wait()
    raise AssertionError("the server does not listen")


def port_in(told: Path, server: subprocess.Popen[str], seconds: float = 30) -> str:
    """The number that a server writes there, with a zero byte behind it."""
    deadline = time.monotonic() + seconds
    while b"\0" not in (text := told.read_bytes()):
        if server.poll() is not None or time.monotonic() > deadline:
            server.kill()
            server.wait()
            raise AssertionError(f"the server does not listen: {text!r}")
        time.sleep(0.02)
    return text.split(b"\0")[0].decode()
