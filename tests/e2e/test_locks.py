"""Who waits for whose lock: holders from the stacks, and circles of them."""

from __future__ import annotations

import json
from collections.abc import Callable

from conftest import Core, parked
from matrix import Build

# Waiter, where it waits, holder: the functions of tests/targets/locks by their names.
EXPECTED = {
    ("main.forward", "main.backward"),
    ("main.backward", "main.forward"),
    ("main.bystander", "main.forward"),
    ("main.writer", "main.reader"),
    ("main.victim", "main.keeper"),
    ("main.(*account).transfer", "main.(*account).transfer"),
}
NAMES = {name for pair in EXPECTED for name in pair} | {"main.finished"}


def role(goroutine: dict) -> str:
    return next((f["func"] for f in goroutine["frames"] if f["func"] in NAMES), "")


def test_holders_and_cycles(build: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("locks", build)
    listed = parked("core", core.binary, core.core, "locks", "--json")
    assert listed.returncode == 0, listed.stderr
    document = json.loads(listed.stdout)
    report = json.loads(parked("core", core.binary, core.core, "report", "--json").stdout)
    goroutines = {g["id"]: g for g in report["goroutines"]}

    holders = {}
    for lock in document["locks"]:
        assert len(lock["holders"]) == 1, lock
        holders[lock["address"]] = lock["holders"][0]["goroutine"]
    seen = set()
    for goroutine in goroutines.values():
        for wait in goroutine["waiting_on"]:
            if wait["kind"] in ("mutex", "rwmutex"):
                holder = goroutines[holders[wait["address"]]]
                assert holder["id"] != goroutine["id"]
                seen.add((role(goroutine), role(holder)))
    assert seen == EXPECTED

    circles = sorted(
        sorted(role(goroutines[member["goroutine"]]) for member in cycle)
        for cycle in document["lock_cycles"]
    )
    assert circles == [
        ["main.(*account).transfer", "main.(*account).transfer"],
        ["main.backward", "main.forward"],
    ]
    caught = {
        g["id"]
        for g in goroutines.values()
        if (g["verdict"], g["rule"]) == ("SUSPECT", "lock_cycle")
    }
    assert caught == {m["goroutine"] for cycle in document["lock_cycles"] for m in cycle}


def test_text_names_them(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("locks", sample)
    text = parked("core", core.binary, core.core, "locks").stdout
    assert text.count("circle of locks") == 2
    assert "main.keeper locked it at main.go:" in text
    assert "finished" not in text
    report = parked("core", core.binary, core.core, "report").stdout
    assert report.count("because     a circle of locks: goroutine") == 4


def test_without_a_heap(sample: Build, kernel_core: Callable[..., Core]) -> None:
    """--no-proof leaves the heap unread; locks that are globals are still told."""
    core = kernel_core("locks", sample)
    listed = parked("core", "--no-proof", core.binary, core.core, "locks", "--json")
    document = json.loads(listed.stdout)
    assert len(document["lock_cycles"]) >= 1
