"""`parked watch`: which groups grow, and what of them is still there, on tests/targets/growth."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.commands import parked, start
from support.matrix import Build
from support.paths import PARKED
from support.running import Running

pytestmark = pytest.mark.alone

RATE = 20

ROWS = {
    "row": {
        "quick": [Build("1.27", "default")],
        "ci": [Build("1.27", "default")],
        "full": [Build(go, "default") for go in ("1.18", "1.20", "1.22", "1.23", "1.26", "1.27")],
    }
}


def looks(text: str) -> list[dict[str, dict[str, Any]]]:
    """Of each look its groups, by the function they are in."""
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["look"] for line in lines] == list(range(1, len(lines) + 1))
    found = []
    for line in lines:
        assert line["type"] == "look"
        groups = {g["user"]["func"]: g for g in line["groups"]}
        assert sum(g["count"] for g in line["groups"]) == line["goroutines"]
        found.append(groups)
    return found


def leaked_so_far(target: Running) -> int:
    assert target.process.stdin is not None
    before = target.log.read_text().count("leaked")
    target.process.stdin.write(b"count\n")
    target.process.stdin.flush()
    deadline = time.monotonic() + 60
    while (text := target.log.read_text()).count("leaked") == before:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(re.findall(r"leaked (\d+)", text)[-1])


def test_what_grows_is_told_from_what_does_not(row: Build, running: Callable[..., Running]) -> None:
    with running("growth", row, str(RATE)) as target:
        first = leaked_so_far(target)
        started = time.monotonic()
        result = parked("watch", target.pid, "--every", "400ms", "--count", "8", "--json")
        took = time.monotonic() - started
        last = leaked_so_far(target)
    assert result.returncode == 0, result.stderr
    seen = looks(result.stdout)
    assert len(seen) == 8
    counts = [look["main.leak"]["count"] for look in seen]
    assert first <= counts[0] and counts[-1] <= last
    assert [look["main.leak"]["growing"] for look in seen] == [False] * 3 + [True] * 5
    rate = (last - first) / took * 60
    assert 0.6 * rate < seen[-1]["main.leak"]["per_minute"] < 1.6 * rate
    for before, now in zip(seen, seen[1:]):
        leak, pool = now["main.leak"], now["main.wait"]
        # Nobody who leaked is ever taken for another.
        assert leak["same"] == before["main.leak"]["count"]
        assert leak["same_as_first"] == counts[0]
        assert leak["new"] == leak["change"] == leak["count"] - before["main.leak"]["count"]
        assert leak["gone"] == 0 and leak["parked_anew"] == 0
        assert pool["same"] == pool["same_as_first"] == pool["count"] == 5
        assert pool["new"] == pool["gone"] == pool["change"] == 0
        workers = now.get("main.worker", {"count": 8})
        assert workers["count"] <= 8
    for look in seen:
        assert not look["main.wait"]["growing"]
        assert next(iter(look)) == "main.leak" or not look["main.leak"]["growing"]
        if "main.visit" in look:
            assert not look["main.visit"]["growing"]
    visitors = [look["main.visit"] for look in seen[1:] if "main.visit" in look]
    assert sum(v["new"] for v in visitors) > 40 and sum(v["gone"] for v in visitors) > 40
    # Each visit ends after half a second at most, which is two looks.
    assert all(v["same_as_first"] == 0 for v in visitors[2:])


def test_fail_on_growing(row: Build, running: Callable[..., Running]) -> None:
    words = ["--every", "200ms", "--count", "5", "--fail-on", "growing"]
    with running("growth", row, str(RATE)) as target:
        leaking = parked("watch", target.pid, *words)
        others = parked("watch", target.pid, *words, "--without", "userloc", "main.leak")
        verdict = parked("watch", target.pid, "--count", "1", "--fail-on", "proved")
        blind = parked("watch", target.pid, "--count", "1", "--fail-on", "proved", "--no-proof")
        limited = parked("watch", target.pid, "--count", "1", "--limit", "1")
    assert leaking.returncode == 1, leaking.stdout
    assert re.search(r"^growing +1 group, by [\d,]+/min$", leaking.stdout, re.MULTILINE)
    assert re.search(r"grows [\d,]+/min +PROVED +chan send .*\n +main.leak ", leaking.stdout)
    assert leaking.stdout.count("watching") == 5
    assert others.returncode == 0, others.stdout
    assert "main.leak" not in others.stdout
    assert (verdict.returncode, blind.returncode) == (1, 0)
    assert limited.stdout.count("main.go") == 1 and "more groups" in limited.stdout


def test_the_end_of_the_process_is_told_at_once(
    row: Build, running: Callable[..., Running]
) -> None:
    with running("growth", row, "0") as target:
        watching = start("watch", target.pid, "--every", "1m")
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("watching")
        time.sleep(0.5)
    ended = time.monotonic()
    _, errors = watching.communicate(timeout=30)
    assert time.monotonic() - ended < 30  # and not the minute between two looks
    assert watching.returncode == 0, errors
    assert errors == f"parked: process {target.pid} has ended, after look 1\n"
    never = parked("watch", target.pid)
    assert never.returncode == 2 and str(target.pid) in never.stderr and never.stdout == ""


def test_another_program_in_the_same_process(row: Build, running: Callable[..., Running]) -> None:
    with running("growth", row, "0") as target:
        watching = start("watch", target.pid, "--every", "300ms")
        assert watching.stdout is not None and target.process.stdin is not None
        assert watching.stdout.readline().startswith("watching")
        target.process.stdin.write(b"exec\n")
        target.process.stdin.flush()
        _, errors = watching.communicate(timeout=30)
    assert watching.returncode == 0, errors
    assert "another program" in errors


def test_ctrl_c_ends_it_and_the_process_lives(row: Build, running: Callable[..., Running]) -> None:
    with running("growth", row, "0") as target:
        watching = start("watch", target.pid, "--every", "1m")
        assert watching.stdout is not None
        watching.stdout.readline()
        time.sleep(0.3)
        watching.send_signal(signal.SIGINT)
        _, errors = watching.communicate(timeout=60)
        assert watching.returncode == 0, errors
        assert leaked_so_far(target) == 0  # it answers


class Terminal:
    """parked on a terminal of our own."""

    def __init__(self, *words: object, rows: int = 24, columns: int = 100) -> None:
        self.master, slave = pty.openpty()
        self.resize(rows, columns)
        self.process = subprocess.Popen(
            [str(word) for word in (PARKED, *words)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm"},
            start_new_session=True,
        )
        os.close(slave)
        self.text = ""

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds: float) -> str:
        """What arrives from now on."""
        new = b""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not select.select([self.master], [], [], left)[0]:
                break
            try:
                piece = os.read(self.master, 1 << 16)
            except OSError:  # the other end was closed
                break
            if not piece:
                break
            new += piece
        self.text += new.decode()
        return new.decode()

    def read_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, self.text[-2000:]
            self.read(0.1)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)


def frames(text: str) -> list[list[str]]:
    """What was drawn, each time from the upper left corner on, as lines without colour."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return [
        [line.removesuffix("\x1b[K") for line in frame.split("\x1b[J")[0].split("\r\n")]
        for frame in plain.split("\x1b[H")[1:]
        if "\x1b[J" in frame  # all of it has come
    ]


def test_on_a_terminal_it_redraws_in_place(row: Build, running: Callable[..., Running]) -> None:
    with running("growth", row, str(RATE)) as target:
        terminal = Terminal("watch", target.pid, "--every", "300ms", rows=14, columns=90)
        try:
            started = time.monotonic()
            terminal.read_until(lambda: len(frames(terminal.text)) >= 6)
            assert terminal.text.startswith("\x1b[?1049h\x1b[?25l\x1b[H")
            drawn = frames(terminal.text)
            assert len(drawn) <= (time.monotonic() - started) / 0.3 + 2  # not without a pause
            assert all(len(frame) <= 14 for frame in drawn)
            assert [line for frame in drawn for line in frame if len(line) > 89] == []
            assert "main.leak" in drawn[-1][6] and "grows" in drawn[-1][5]
            assert "more group" in drawn[-1][-1]
            # Nothing is wiped before it is drawn over, and nothing scrolls.
            assert "\x1b[2J" not in terminal.text and not terminal.text.endswith("\n")
            terminal.resize(40, 60)
            os.kill(terminal.process.pid, signal.SIGWINCH)
            terminal.read_until(lambda: len(frames(terminal.text)[-1]) > 14)
            assert all(len(line) <= 60 for line in frames(terminal.text)[-1])
            os.kill(terminal.process.pid, signal.SIGINT)
            rest = terminal.read(60)
            assert terminal.process.wait(timeout=60) == 0
        finally:
            terminal.close()
    assert "\x1b[?25h\x1b[?1049l" in rest
    # The last look stays behind.
    assert "main.leak" in rest.split("\x1b[?1049l")[1]


def test_usage() -> None:
    pid = os.getpid()
    for words, part in [
        (("--every", "soon"), "duration"),
        (("--every", "1ms"), "at least 100ms"),
        (("--count", "0"), "above 0"),
        (("--count", "3", "--fail-on", "growing"), "--count 4"),
        (("--fail-on", "shrinking"), "growing"),
        (("--format", "traceback"), "--format"),
        (("extra",), "extra"),
    ]:
        result = parked("watch", pid, *words)
        assert result.returncode == 2 and part in result.stderr, (words, result.stderr)
        assert result.stderr.count("\n") == 1
    core = parked("core", "/bin/true", "/bin/true", "watch")
    assert core.returncode == 2 and "live process" in core.stderr
