"""The proof on a program that never stands still: who was once PROVED never runs again.

tests/targets/churn is looked at in the middle of its work, many times, and asked afterwards what
became of every goroutine that was ever called PROVED.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from support.commands import parked
from support.matrix import Build, builds
from support.running import Running

LONGEST = 3  # seconds until even the last holder has woken its goroutine
RECORD = re.compile(r"^record (\d+) (\w+) (\d+)$", re.MULTILINE)


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


@dataclass
class Seen:
    """What the reports said, taken together."""

    given: int = 0
    withheld: Counter[str] = field(default_factory=Counter)
    proved: dict[int, tuple[int, str]] = field(default_factory=dict)  # id to when (ns), and what
    leaked: Counter[int] = field(default_factory=Counter)  # goroutines in main.leaked to how often

    def add(self, text: str) -> None:
        now = time.time_ns()
        document = json.loads(text)
        if document["proof"]["state"] != "given":
            self.withheld[re.sub(r"0x[0-9a-f]+|\d+", "N", document["proof"]["withheld"])] += 1
            return
        self.given += 1
        for goroutine in document["goroutines"]:
            if goroutine["verdict"] != "PROVED":
                continue
            functions = [f["func"] for f in goroutine["frames"]]
            if "main.leaked" in functions:
                self.leaked[goroutine["id"]] += 1
            what = f"{goroutine['reason']} {goroutine['rule']} {functions}"
            self.proved.setdefault(goroutine["id"], (now, what))


def ask(target: Running, ids: list[int]) -> dict[int, tuple[str, int]]:
    stdin = target.process.stdin
    assert stdin is not None
    stdin.write((" ".join(map(str, ids)) + "\n").encode())
    stdin.flush()
    deadline = time.monotonic() + 60
    while not re.search(r"^wakeups \d+$", text := target.log.read_text(), re.MULTILINE):
        assert target.process.poll() is None and time.monotonic() < deadline, text[-2000:]
        time.sleep(0.05)
    return {int(i): (state, int(since)) for i, state, since in RECORD.findall(text)}


def test_who_was_proved_never_runs_again(
    row: Build, running: Callable[..., Running], request: pytest.FixtureRequest
) -> None:
    work = effort(request.config.getoption("--matrix"))
    seen = Seen()
    with running("churn", row) as target:
        count = int(re.findall(r"^leaked (\d+)$", target.log.read_text(), re.MULTILINE)[0])
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
        became = ask(target, sorted(seen.proved))
        wakeups = int(re.findall(r"^wakeups (\d+)$", target.log.read_text(), re.MULTILINE)[0])
    print(
        f"{row}: {seen.given} reports with a proof, {sum(seen.withheld.values())} without, "
        f"{len(seen.proved)} goroutines proved, {wakeups} wake-ups {dict(seen.withheld)}"
    )
    # Still in the wait it was in, and not in a later one.
    ran = {
        number: (*became[number], what)
        for number, (when, what) in seen.proved.items()
        if became[number][0] != "blocked" or became[number][1] > when
    }
    assert ran == {}
    assert wakeups > 500
    assert seen.given > 10 and seen.given > 4 * sum(seen.withheld.values()), seen.withheld
    # Each of the leaked is found, if not at every instant: a word on the stack of somebody who just
    # runs may look like a pointer to what it waits on. Two wait on a mutex allocated alone, which
    # shares its 16 bytes with another small object, and that may live.
    assert len(seen.leaked) >= count - 2
    assert min(seen.leaked.values()) > 0.5 * seen.given, (seen.given, seen.leaked)


def test_a_timer_that_is_being_run_holds_its_callback(
    row: Build, running: Callable[..., Running], request: pytest.FixtureRequest
) -> None:
    work = effort(request.config.getoption("--matrix"))
    seen = Seen()
    with running("churn", row, "timers") as target:
        for _ in range(work.timer_looks):
            seen.add(parked(target.pid, "report", "--json", "--all").stdout)
    print(f"{row}: {seen.given} reports with a proof, {dict(seen.withheld)}")
    # It does nothing but set timers: it is often stopped while it moves an entry of a heap.
    assert seen.given > sum(seen.withheld.values()), seen.withheld
    assert seen.proved == {}
