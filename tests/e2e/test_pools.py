"""Pools of libraries without a connection left: who has them, and whether that ever ends."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import parked
from support.matrix import Build
from support.running import Core, Running

ROWS = {
    "row": {
        "quick": [Build("1.27", "default")],
        "ci": [Build("1.22", "default"), Build("1.27", "stripped")],
        "full": [
            Build(go, mode)
            for go in ("1.20", "1.22", "1.26", "1.27")
            for mode in ("default", "stripped")
        ],
    }
}
OPTIONS = ("--suspect-age", "300ms")
AT_MOST = 60.0
# By scene: the rule, how many wait, and the functions of those that are told to have connections.
BAD = {
    "puddle-circle": ("PK085", 2, {"main.read"}),
    "redigo-held": ("PK086", 3, {"main.keep"}),
    "redigo-nested": ("PK085", 2, {"main.nest"}),
    "go-redis-held": ("PK086", 3, {"main.pop"}),
    "go-redis-outer": ("PK086", 1, set()),
}
GOOD = ("redigo-free", "go-redis-free")
HAS = re.compile(r"goroutine (\d+) has\b")
RULES = {"PK084", "PK085", "PK086"}


def of_pools(document: dict) -> list[dict]:
    return [finding for finding in document["findings"] if finding["rule"] in RULES]


def settled(target: Running) -> dict:
    """The report, once they have waited for so long that a core, whose clock stands at its last
    collection, has them wait for long as well."""
    deadline = time.monotonic() + AT_MOST
    while True:
        result = parked(target.pid, "report", "--json", "--suspect-age", "2s")
        document = json.loads(result.stdout)
        if of_pools(document) or time.monotonic() > deadline:
            return document
        time.sleep(0.1)


def names(document: dict) -> dict[int, set[str]]:
    return {g["id"]: {f["func"] for f in g["frames"]} for g in document["goroutines"]}


def check(scene: str, document: dict) -> None:
    rule, waiting, functions = BAD[scene]
    (finding,) = of_pools(document)
    assert (finding["rule"], finding["count"]) == (rule, waiting), finding
    assert document["proof"]["withheld"] is None
    of = names(document)
    told = {int(id) for line in finding["evidence"] for id in HAS.findall(line)}
    assert all(functions & of[goroutine] for goroutine in told), finding
    assert bool(told) == bool(functions), finding
    unknown = any("is not known" in line for line in finding["evidence"])
    assert unknown == (not functions), finding


@pytest.mark.parametrize("scene", BAD)
def test_who_has_them(row: Build, scene: str, tmp_path: Path) -> None:
    with Running(build_target("libpools", row), tmp_path, scene) as target:
        document = settled(target)
        check(scene, document)
        core = target.abort()
    dead = parked("core", core.binary, core.core, "report", "--json", *OPTIONS)
    check(scene, json.loads(dead.stdout))


@pytest.mark.parametrize("scene", GOOD)
def test_nothing_is_said_of_pools_that_are_not_full(
    row: Build, scene: str, kernel_core: Callable[..., Core]
) -> None:
    core = kernel_core("libpools", row, scene)
    report = parked("core", core.binary, core.core, "report", "--json", *OPTIONS)
    assert of_pools(json.loads(report.stdout)) == []


def test_a_circle_that_somebody_else_can_end_is_none(row: Build, tmp_path: Path) -> None:
    with Running(build_target("libpools", row), tmp_path, "puddle-helped") as target:
        document = settled(target)
        # They have waited for long, and that is all that is known.
        assert [finding["rule"] for finding in of_pools(document)] == ["PK086"]


def test_the_circle_is_told_step_by_step(row: Build, tmp_path: Path) -> None:
    with Running(build_target("libpools", row), tmp_path, "puddle-circle") as target:
        (finding,) = of_pools(settled(target))
    assert "waits for those who wait, it seems" in finding["sentence"]
    assert any("waits for a connection" in line for line in finding["evidence"])
    assert any(
        "would receive, it seems: main.write at puddle.go:" in line for line in finding["evidence"]
    )
