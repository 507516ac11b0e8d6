"""Circles of waits that are not of locks alone, and healthy programs that look like some."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable

from support.commands import parked
from support.matrix import Build
from support.running import Running

# The functions of tests/targets/circles by their names.
CIRCLES = [
    {"main.rangeSender", "main.rangeReceiver"},
    {"main.selectSender", "main.selectReceiver"},
    {"main.groupWaiter", "main.groupWorker"},
    {"main.closeRanger", "main.closeCloser"},
]
# Of channels alone, which variables have: those are told by their names.
OF_VARIABLES = [{"main.hubSender"}, {"main.pingSender", "main.pingEcho"}]
ROLE = re.compile(r"main\.[a-z]+[A-Z][a-z]+")
PROVED = {"main.provedSender", "main.provedReceiver"}


def role(goroutine: dict) -> str:
    names = [frame["func"] for frame in goroutine["frames"]]
    return next((name for name in names if ROLE.fullmatch(name)), "")


def nothing_false(report: dict, locks: dict) -> None:
    """Of code that is not optimised little is understood, and then nothing is claimed."""
    goroutines = {g["id"]: g for g in report["goroutines"]}
    for circle in locks["wait_circles"]:
        assert {role(goroutines[member["goroutine"]]) for member in circle} in [
            *CIRCLES,
            *OF_VARIABLES,
            PROVED,
        ]
    told = {role(g) for g in goroutines.values() if g["rule"] == "wait_circle"}
    assert told <= set.union(*CIRCLES, *OF_VARIABLES)
    assert {finding["rule"] for finding in report["findings"]} <= {"PK030", "PK005", "PK007"}


def check(report: dict, locks: dict, expected: list[set[str]]) -> None:
    assert report["proof"]["withheld"] is None
    goroutines = {g["id"]: g for g in report["goroutines"]}
    circles = [
        {role(goroutines[member["goroutine"]]) for member in circle}
        for circle in locks["wait_circles"]
    ]
    assert sorted(map(sorted, circles)) == sorted(map(sorted, [*expected, PROVED]))
    told = Counter(role(g) for g in goroutines.values() if g["rule"] == "wait_circle")
    assert set(told) == set.union(*expected)
    assert told["main.groupWorker"] == 3
    assert {g["verdict"] for g in goroutines.values() if g["rule"] == "wait_circle"} == {"SUSPECT"}
    assert {role(g) for g in goroutines.values() if g["verdict"] == "PROVED"} == PROVED
    # Each waits for the next, and that one is in the circle as well.
    for circle in locks["wait_circles"]:
        members = {member["goroutine"] for member in circle}
        for member in circle:
            assert member["from"]["goroutine"] in members
            assert member["from"]["place"]["file"].endswith("main.go")
    groups = report["groups"]
    rules = {
        goroutines[groups[finding["group"]]["example"]]["id"]: finding
        for finding in report["findings"]
    }
    assert {finding["rule"] for finding in rules.values()} == {"PK030"}
    assert {role(goroutines[example]) for example in rules} == set.union(*expected, PROVED)
    assert all(finding["evidence"] for finding in rules.values())


def test_who_waits_for_whom(sample: Build, running: Callable[..., Running]) -> None:
    with running("circles", sample) as target:
        live = [
            json.loads(parked(target.pid, word, "--json").stdout) for word in ("report", "locks")
        ]
        core = target.abort()
    if sample.mode == "noopt":
        nothing_false(*live)
        return
    expected = CIRCLES + (OF_VARIABLES if sample.symbols else [])
    check(*live, expected)
    dead = [
        json.loads(parked("core", core.binary, core.core, word, "--json").stdout)
        for word in ("report", "locks")
    ]
    check(*dead, expected)
    # Without the proof nobody knows who else may come along.
    plain = parked("core", "--no-proof", core.binary, core.core, "locks", "--json").stdout
    assert json.loads(plain)["wait_circles"] == []
    if sample.symbols:
        hub = next(g["id"] for g in dead[0]["goroutines"] if role(g) == "main.hubSender")
        alone = parked("core", core.binary, core.core, "goroutine", str(hub)).stdout
        assert "a circle of waits, it seems: nobody but it itself would receive" in alone
    text = parked("core", core.binary, core.core, "locks").stdout
    assert text.count("circle of waits") == len(expected) + 1
    assert "would receive, it seems: main.rangeReceiver at main.go:" in text
    sender = next(g["id"] for g in dead[0]["goroutines"] if role(g) == "main.rangeSender")
    one = parked("core", core.binary, core.core, "goroutine", str(sender)).stdout
    assert "circle" in one and "a circle of waits, it seems: it waits for goroutine" in one
