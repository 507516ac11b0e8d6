"""Long work: Ctrl-C reports what was read so far, marked; and a line says how far it is."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import start
from support.matrix import Build
from support.paths import PARKED
from support.running import Running

pytestmark = pytest.mark.slow

ROWS = {
    "row": {
        "quick": [Build("1.27", "default")],
        "ci": [Build("1.27", "default")],
        "full": [Build(go, "default") for go in ("1.18", "1.20", "1.22", "1.23", "1.25", "1.27")],
    }
}


def is_free(pid: int) -> bool:
    """No thread is traced or stopped."""
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        fields = dict(
            line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line
        )
        if fields["TracerPid"] != "0" or fields["State"][0] in "tT":
            return False
    return True


def test_the_report_so_far(row: Build, running: Callable[..., Running]) -> None:
    with running("bigheap", row, "300") as target:
        begun = time.monotonic()
        whole = start(target.pid, "report", "--json")
        text, errors = whole.communicate(timeout=120)
        took = time.monotonic() - begun
        assert whole.returncode == 0, errors
        assert '"PROVED"' in text  # what must not be there when it is cut short
        ends: Counter[int] = Counter()
        stages: Counter[str] = Counter()
        # Once over the whole time; on a busy machine again, until it was hit in the middle.
        for step in range(96):
            if step >= 24 and sum(stages.values()) >= 2:
                break
            work = start(target.pid, "report", "--json")
            time.sleep(took * (step % 24 + 1) / 25)
            if work.poll() is None:
                work.send_signal(signal.SIGINT)
            text, errors = work.communicate(timeout=60)
            assert is_free(target.pid)
            ends[work.returncode] += 1
            if work.returncode == 2:  # nothing was read yet
                assert text == "" and "interrupted" in errors and errors.count("\n") == 1, errors
                continue
            if work.returncode < 0:  # before the handler was there
                assert (work.returncode, text) == (-signal.SIGINT, "")
                continue
            if "cut off" in errors:  # while it was written
                assert work.returncode == 3
                continue
            document = json.loads(text)
            marks = [e["detail"] for e in document["incomplete"] if e["what"] == "interrupted"]
            if work.returncode == 0:  # it had been read
                assert marks == []
                continue
            assert work.returncode == 3 and marks, (work.returncode, errors)
            assert "interrupted" in errors
            stages.update(marks)
            # What comes after the proof takes nothing back of it.
            later = ("cannot be stopped", "judged", "locks", "retain", "pools", "rules")
            if not all(any(word in mark for word in later) for mark in marks):
                assert not any(g["verdict"] == "PROVED" for g in document["goroutines"])
                assert document["proof"]["state"] == "withheld"
            assert len(document["goroutines"]) > 0
        print(f"{row}: {took:.2f}s, exit codes {dict(ends)}, {dict(stages)}")
        assert sum(stages.values()) >= 2, (ends, stages)


def test_as_text_the_first_lines_say_so(row: Build, running: Callable[..., Running]) -> None:
    with running("bigheap", row, "300") as target:
        begun = time.monotonic()
        start(target.pid, "report", "--json").communicate(timeout=120)
        took = time.monotonic() - begun
        # How long it takes differs, and most of all on a busy machine.
        for step in range(96):
            work = start(target.pid)
            time.sleep(took * (step % 24 + 1) / 25)
            work.send_signal(signal.SIGINT)
            text, errors = work.communicate(timeout=60)
            if work.returncode == 3 and "cut off" not in errors:
                break
        assert work.returncode == 3
    assert "incomplete  interrupted: " in text
    assert errors == "parked: interrupted: this is what was read until then\n"


def full_pipe() -> tuple[int, int]:
    """Both ends of one that takes nothing more: who writes to it waits."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(writing, b"x" * 4096):
            pass
    os.set_blocking(writing, True)
    return reading, writing


def waits_in_write(process: subprocess.Popen[str]) -> bool:
    """It has been in write(1, …) for a while, or has ended."""
    for _ in range(5):
        if process.poll() is not None:
            return True
        if Path(f"/proc/{process.pid}/syscall").read_text().split()[:2] != ["1", "0x1"]:
            return False
        time.sleep(0.01)
    return True


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_the_second_one_ends_it_at_once(row: Build, running: Callable[..., Running]) -> None:
    """The first makes it write what it has; it cannot, and is there when the second comes."""
    with running("bigheap", row, "300") as target:
        reading, writing = full_pipe()
        for step in range(1, 60):
            work = subprocess.Popen(
                [str(PARKED), str(target.pid)], stdout=writing, stderr=subprocess.DEVNULL, text=True
            )
            time.sleep(0.02 * step)
            work.send_signal(signal.SIGINT)
            until(lambda work=work: waits_in_write(work))  # type: ignore[misc]
            if work.poll() is None:
                break
            # Before the handler was there, before anything was read, or behind all of it.
            assert work.returncode in (-signal.SIGINT, 2, 3)
        work.send_signal(signal.SIGINT)
        assert work.wait(timeout=60) == -signal.SIGINT  # which a shell shows as 130
        os.close(reading)
        os.close(writing)
        until(lambda: is_free(target.pid))


def test_progress_is_shown_on_a_terminal_and_wiped(
    row: Build, running: Callable[..., Running]
) -> None:
    with running("bigheap", row, "300") as target:
        master, slave = pty.openpty()
        work = subprocess.Popen(
            [str(PARKED), str(target.pid), "--max-pause", "1m", "report"],
            stdout=subprocess.PIPE,
            stderr=slave,
            text=True,
            start_new_session=True,  # it will be stopped
        )
        os.close(slave)
        # It is too fast for a line, which comes after a second: it has to sleep that long.
        until(lambda: not is_free(target.pid))
        work.send_signal(signal.SIGSTOP)
        time.sleep(1.2)
        work.send_signal(signal.SIGCONT)
        output, _ = work.communicate(timeout=60)
        shown = os.read(master, 1 << 16).decode()
        os.close(master)
    assert work.returncode == 0 and "PROVED" in output
    assert re.search(r"\r[a-z]+ [^\r]*\x1b\[K", shown), shown
    assert shown.endswith("\r\x1b[K") and "\n" not in shown
