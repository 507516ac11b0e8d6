"""The trees of goroutines: who created whom against what each has noted itself, and who holds up
whom."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from support.commands import parked, truth_of
from support.matrix import Build
from support.running import Core, Running

OLDEST_WITH_PARENTS = (1, 21)
DEEP = 30
WORKERS = 5
SESSIONS = 20
TIMES = "\u00d7"  # in front of what looks alike


def tree(core: Core, *words: str) -> list[dict]:
    listed = parked("core", core.binary, core.core, "pstree", "--json", *words)
    assert listed.returncode == 0, listed.stderr
    return json.loads(listed.stdout)["tree"]


def noted(build: Build) -> bool:
    return tuple(int(part) for part in build.go.split(".")) >= OLDEST_WITH_PARENTS


def by_goroutine(nodes: list[dict]) -> dict[int, dict]:
    return {i: node for node in nodes for i in node["goroutines"] if node["kind"] == "goroutine"}


def start(node: dict) -> str:
    return node["start"]["func"] if node.get("start") else ""


def whole(nodes: list[dict]) -> None:
    """What holds for each tree, whatever is in it."""
    for i, node in enumerate(nodes):
        assert node["parent"] is None or node["parent"] < i
        assert node["kind"] == "place" or len(node["goroutines"]) == node["count"]
        below = [child for child in nodes if child["parent"] == i]
        own = node["count"] if node["chosen"] else 0
        assert node["below"] == own + sum(child["below"] for child in below)
    members = [i for node in nodes for i in node["goroutines"]]
    assert len(members) == len(set(members))


def check_creators(nodes: list[dict], truth: dict[str, str]) -> None:
    """Each under the one that has created it, or the ended one that has."""
    nodes_of = by_goroutine(nodes)
    for child, parent in truth.items():
        above = nodes_of[int(child)]["parent"]
        if parent == "":  # a timer's function
            assert nodes[above]["kind"] == "place"
            assert nodes[above]["place"]["func"] == "time.goFunc"
            continue
        assert int(parent) in nodes[above]["goroutines"]
        assert nodes[above]["kind"] == ("goroutine" if int(parent) in nodes_of else "ended")


def test_who_created_whom(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("family", sample, str(DEEP))
    nodes = tree(core)
    whole(nodes)
    truth = truth_of(core.output)
    assert set(by_goroutine(nodes)) >= {int(child) for child in truth} | {1}
    # Those that look alike are one.
    assert len(nodes) < DEEP + 40
    alike = {start(node): node["count"] for node in nodes if node["kind"] == "goroutine"}
    assert alike["main.session"] == SESSIONS and alike["main.writer"] == SESSIONS // 2
    if noted(sample):
        check_creators(nodes, truth)
        ended = [node for node in nodes if node["kind"] == "ended"]
        assert {node["place"]["func"] for node in ended} == {"main.fanout"}
        assert [node["count"] for node in ended] == [2]
    else:
        places = {n["place"]["func"]: n["count"] for n in nodes if n["kind"] == "place"}
        assert {"main.server", "main.fanout", "main.session", "main.link"} <= set(places)
    text = parked("core", core.binary, core.core, "pstree").stdout
    assert f"20 {TIMES} main.session  chan receive  WAITING  main.go:" in text
    assert f"10 {TIMES} main.writer  chan send  PROVED  main.go:" in text
    assert (f"2 {TIMES} (ended)  main.fanout" in text) == noted(sample)
    assert ("began with Go 1.21" in text) != noted(sample)


def test_ancestors(
    sample: Build, running: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    """GODEBUG=tracebackancestors tells who created goroutines that have ended, in all releases."""
    monkeypatch.setenv("GODEBUG", "tracebackancestors=5")
    with running("family", sample, "3") as target:
        nodes = json.loads(parked(target.pid, "pstree", "--json").stdout)["tree"]
        truth = truth_of(target.log.read_text())
    whole(nodes)
    check_creators(nodes, truth)
    (main,) = (i for i, node in enumerate(nodes) if 1 in node["goroutines"])
    ended = [node for node in nodes if node["kind"] == "ended"]
    # Both fanouts, one of them below its grandfather, which is below main.
    assert sum(node["count"] for node in ended) == 3
    assert sum(node["parent"] == main for node in ended) == 2


def test_filters_and_limit(kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("family", Build("1.27", "pie"), str(DEEP))
    nodes = tree(core, "--with", "startloc", "main.worker")
    whole(nodes)
    chosen = [node for node in nodes if node["chosen"]]
    assert {start(node) for node in chosen} == {"main.worker"}
    assert sum(node["count"] for node in chosen) == 2 * WORKERS
    assert all(node["below"] > 0 for node in nodes)
    short = parked("core", core.binary, core.core, "pstree", "--limit", "4").stdout.splitlines()
    assert short[-1].endswith("pstree --all")
    # The gravest first: the way to the writers, which are leaked.
    assert [line.split(TIMES)[-1].split()[0] for line in short if TIMES in line] == [
        "main.session",
        "main.writer",
    ]
    failed = parked("core", core.binary, core.core, "pstree", "--fail-on", "proved")
    assert failed.returncode == 1


def test_deep(running: Callable[..., Running]) -> None:
    """A chain of creators is one line, however long."""
    deep = 20_000
    with running("family", Build("1.27", "pie"), str(deep)) as target:
        began = time.monotonic()
        text = parked(target.pid, "pstree", "--suspect-count", "1000000").stdout
        assert time.monotonic() - began < 60
        nodes = json.loads(parked(target.pid, "pstree", "--json").stdout)["tree"]
    assert f"20,000 {TIMES} main.link  in a chain  chan receive  WAITING" in text
    assert max(map(len, text.splitlines())) < 400
    depth = []
    for node in nodes:
        depth.append(0 if node["parent"] is None else depth[node["parent"]] + 1)
    assert max(depth) == deep


def test_who_holds_up_whom(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("locks", sample)
    nodes = tree(core, "--waits")
    whole(nodes)
    truth = truth_of(core.output)
    held = 0
    for node in nodes:
        by = node["waits_for"]
        assert by is None or node["chosen"]
        if node["parent"] is not None:
            assert by["goroutine"] in nodes[node["parent"]]["goroutines"]
        if by is None or by["act"] != "unlock" or by["others"] > 0:
            continue
        lock = truth["Waits"].get(str(node["goroutines"][0]))
        if lock in truth["Holds"] or lock in truth["Unlocks"]:
            held += 1
            able = truth["Holds"].get(lock, []) + truth["Unlocks"].get(lock, [])
            assert not able or by["goroutine"] in able, lock
    if sample.mode == "noopt":
        return
    assert held > 3
    circles = {
        i
        for node in nodes
        if node["waits_for"] and node["waits_for"]["circle"]
        for i in node["goroutines"]
    }
    assert {i for circle in truth["Circles"] for i in circle} <= circles
    text = parked("core", core.binary, core.core, "pstree", "--waits").stdout
    assert "circle  until goroutine" in text and "until it unlocks, locked at" in text


def test_circles_of_waits(running: Callable[..., Running]) -> None:
    with running("circles", Build("1.27", "pie")) as target:
        nodes = json.loads(parked(target.pid, "pstree", "--waits", "--json").stdout)["tree"]
    whole(nodes)
    acts = {n["waits_for"]["act"] for n in nodes if n["waits_for"] and n["waits_for"]["circle"]}
    assert acts >= {"unlock", "receive", "done"}
