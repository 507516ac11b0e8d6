"""Ten times as many of one thing take ten times the work, not a hundred times."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import parked
from support.matrix import Build
from support.paths import PARKED
from support.running import Core, Running

pytestmark = pytest.mark.slow

ROW = Build("1.27", "default")
FEW, MANY = 2_000, 20_000
MOST = 30  # times as long for ten times as much
LEAST = 0.05  # seconds: what takes less is not measured
MEMORY = 6 << 30  # address space of parked, the mapped core included
KINDS = {
    "quick": ["context-chain", "lock-ring", "timers"],
    "ci": [
        "context-chain",
        "finalizers",
        "island-chain",
        "lock-ring",
        "one-channel",
        "timers",
    ],
    "full": [
        "context-chain",
        "context-children",
        "context-deadlines",
        "context-map",
        "context-values",
        "context-waiters",
        "deep-stack",
        "finalizers",
        "idle-timers",
        "island-chain",
        "island-of-all",
        "islands",
        "list",
        "lock-ring",
        "one-channel",
        "one-cond",
        "one-group",
        "one-mutex",
        "select-cases",
        "sleepers",
        "timers",
    ],
}

ROWS = {"kind": KINDS}


def cpu_seconds(core: Core) -> float:
    """Of the whole report as JSON; fails if it needs too much memory."""
    with Path(os.devnull).open("w") as nothing:
        process = subprocess.Popen(
            [PARKED, "core", core.binary, core.core, "report", "--json"],
            stdout=nothing,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_utime + usage.ru_stime


def core_of(running: Callable[..., Running], kind: str, count: int) -> Core:
    with running("many", ROW, kind, str(count)) as target:
        return target.gcore()


def test_is_linear(kind: str, running: Callable[..., Running]) -> None:
    cores = [core_of(running, kind, count) for count in (FEW, MANY)]
    few, many = (cpu_seconds(core) for core in cores)
    if many >= MOST * max(few, LEAST):  # perhaps the machine was busy
        many = min(many, cpu_seconds(cores[1]))
    for core in cores:
        core.core.unlink()
    assert many < MOST * max(few, LEAST), (few, many)


def test_a_ring_of_locks(running: Callable[..., Running]) -> None:
    core = core_of(running, "lock-ring", FEW)
    said = json.loads(parked("core", core.binary, core.core, "locks", "--json").stdout)
    (circle,) = said["lock_cycles"]
    assert len(circle) == FEW
    holder = {member["goroutine"]: member["held_by"]["goroutine"] for member in circle}
    seen, at = set(), circle[0]["goroutine"]
    while at not in seen:
        seen.add(at)
        at = holder[at]
    assert len(seen) == FEW
    # A sentence and a list name a few of them.
    report, locks = (
        parked("--no-proof", "core", core.binary, core.core, word).stdout
        for word in ("report", "locks")
    )
    assert "a circle of locks" in report and f"and so on: {FEW:,} goroutines" in report, report
    assert f"circle of locks  {FEW:,} goroutines" in locks and len(locks) < 40_000, locks[:2000]
