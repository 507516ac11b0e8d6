"""The proof on a program that never stands still: who was once PROVED never runs again.

tests/targets/churn is looked at in the middle of its work, many times, and asked afterwards what
became of every goroutine that was ever called PROVED.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from support.churning import LONGEST, WAKEUPS, Seen, number
from support.commands import parked
from support.matrix import Build, builds
from support.running import Running

pytestmark = pytest.mark.slow


@dataclass
class Effort:
    rows: list[Build]
    looks: int  # at the live process
    cores: int
    timer_looks: int  # at one that leaves no processor to whoever looks


def effort(matrix: str) -> Effort:
    if matrix == "quick":
        return Effort([Build("1.27", "default")], 40, 1, 10)
    if matrix == "ci":
        return Effort([Build("1.27", "default")], 40, 1, 10)
    return Effort(builds("full"), 120, 3, 120)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "row" in metafunc.fixturenames:
        rows = effort(metafunc.config.getoption("--matrix")).rows
        metafunc.parametrize("row", rows, ids=str)


def ask(target: Running, line: str) -> str:
    """What it has printed once it has answered."""
    stdin = target.process.stdin
    assert stdin is not None
    stdin.write(line.encode())
    stdin.flush()
    deadline = time.monotonic() + 60
    while not WAKEUPS.search(text := target.log.read_text()):
        assert target.process.poll() is None and time.monotonic() < deadline, text[-2000:]
        time.sleep(0.05)
    return text


def test_who_was_proved_never_runs_again(
    row: Build, running: Callable[..., Running], request: pytest.FixtureRequest
) -> None:
    work = effort(request.config.getoption("--matrix"))
    seen = Seen()
    with running("churn", row) as target:
        for _ in range(work.looks):
            report = parked(target.pid, "report", "--json", "--all")
            assert report.returncode in (0, 3), report.stderr
            seen.add(report.stdout)
        for _ in range(work.cores):
            dumped = target.gcore()
            report = parked("core", dumped.binary, dumped.core, "report", "--json", "--all")
            dumped.core.unlink()
            assert report.returncode in (0, 3), report.stderr
            seen.add(report.stdout)
        time.sleep(LONGEST)
        output = ask(target, seen.asked())
    print(f"{row}: {seen}, {number(WAKEUPS, output)} wake-ups")
    seen.holds(output)


def test_a_timer_that_is_being_run_holds_its_callback(
    row: Build, running: Callable[..., Running], request: pytest.FixtureRequest
) -> None:
    work = effort(request.config.getoption("--matrix"))
    seen = Seen()
    with running("churn", row, "timers") as target:
        for _ in range(work.timer_looks):
            seen.add(parked(target.pid, "report", "--json", "--all").stdout)
    print(f"{row}: {seen}")
    # It does nothing but set timers: it is often stopped while it moves an entry of a heap.
    assert seen.given > sum(seen.withheld.values()), seen.withheld
    assert seen.proved == {}
