"""Servers with very many idle connections are healthy, and pile-ups that look alike are not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import parked, truth_of
from support.matrix import RELEASES, Build
from support.running import Running

FEW = 120  # at each place; so many are called a pile-up at COUNT already
COUNT = 100
MANY = 1_100  # the same with the thresholds that everybody has
WORKERS = {
    "main.(*queue).get": "idle_worker",
    "main.take": "idle_worker",
    "main.shutDown": "signal",
}
TOKENS = {"main.tokens.get", "main.tokens.put", "main.waitForStart"}

ROWS = {
    "row": {
        "quick": [Build("1.22", "default")],
        "ci": [
            Build("1.18", "default"),
            Build("1.22", "stripped"),
            Build("1.27", "default"),
        ],
        "full": [Build(go, mode) for go in RELEASES for mode in ("default", "stripped")],
    }
}


def places(document: dict, *verdicts: str) -> Counter[str]:
    """Functions of the program, with the goroutines that stand there and have the verdicts."""
    found: Counter[str] = Counter()
    for goroutine in document["goroutines"]:
        if goroutine["verdict"] in verdicts:
            names = [frame["func"] for frame in goroutine["frames"]]
            users = [n for n in names if n.startswith("main.") or n.endswith("writeLoop")]
            if users:
                found[users[0]] += 1
    return found


def alarms(document: dict) -> list[str]:
    found = [f"{f['rule']}: {f['sentence']}" for f in document["findings"]]
    return found + [
        json.dumps(group)[:800]
        for group in document["groups"]
        if group["verdict"] in ("PROVED", "SUSPECT")
    ]


def rules_of(document: dict) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for group in document["groups"]:
        place = group["user_frame"]
        if place is not None:
            found.setdefault(place["func"], set()).add(group["rule"])
    return found


def check_healthy(document: dict, expected: dict[str, int]) -> None:
    assert document["incomplete"] == []
    assert alarms(document) == []
    waiting = places(document, "WAITING")
    assert {name: waiting[name] for name in expected} == expected
    rules = rules_of(document)
    for name, rule in WORKERS.items():
        assert rules[name] == {rule}, name


def test_healthy(row: Build, tmp_path: Path) -> None:
    with Running(build_target("crowd", row), tmp_path, "healthy", str(FEW)) as target:
        expected = truth_of(target.log.read_text())
        words = ("--json", "--all", "--suspect-count", str(COUNT))
        young = parked(target.pid, "report", *words, "--fail-on", "suspect")
        old = parked(target.pid, "report", *words, "--suspect-age", "100ms")
        core = target.abort()
    assert young.returncode == 0, young.stdout[-2000:]
    check_healthy(json.loads(young.stdout), expected)
    check_healthy(json.loads(old.stdout), expected)
    rules = rules_of(json.loads(young.stdout))
    paired = {name for name, of in rules.items() if "paired" in of}
    assert {"main.(*client).writeOnly", "main.proxy", "main.events", "main.discard"} <= paired
    result = parked("core", core.binary, core.core, "report", *words)
    core.core.unlink()
    check_healthy(json.loads(result.stdout), expected)


def test_stuck(row: Build, tmp_path: Path) -> None:
    with Running(build_target("crowd", row), tmp_path, "stuck", str(FEW)) as target:
        expected = truth_of(target.log.read_text())
        words = ("report", "--json", "--all", "--suspect-count", str(COUNT))
        young = json.loads(parked(target.pid, *words).stdout)
        old = json.loads(parked(target.pid, *words, "--suspect-age", "100ms").stdout)
        only = ("--with", "verdict", "suspect", "--suspect-age", "100ms")
        text = parked(target.pid, "report", *only).stdout
    many = {name: count for name, count in expected.items() if count == FEW}
    suspects = places(young, "SUSPECT")
    assert {name: count for name, count in suspects.items() if name in many} == many
    suspects = places(old, "SUSPECT")
    assert {name: suspects[name] for name in TOKENS} == {name: expected[name] for name in TOKENS}
    assert "as idle workers do" not in text
    # Only of what is proved the text says for sure what is the matter.
    told = [line for line in text.splitlines() if " PK0" in line]
    assert len(told) >= len(many) and all(", it seems:" in line for line in told), told


@pytest.mark.parametrize("kind", ["healthy", "stuck"])
def test_thousands(kind: str, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--matrix") != "full":
        pytest.skip("test_healthy and test_stuck do the same with fewer")
    build = Build("1.22", "default")
    with Running(build_target("crowd", build), tmp_path, kind, str(MANY)) as target:
        expected = truth_of(target.log.read_text())
        document = json.loads(parked(target.pid, "report", "--json", "--all").stdout)
    if kind == "healthy":
        check_healthy(document, expected)
        return
    suspects = places(document, "SUSPECT")
    many = {name: count for name, count in expected.items() if count == MANY}
    assert {name: count for name, count in suspects.items() if name in many} == many
