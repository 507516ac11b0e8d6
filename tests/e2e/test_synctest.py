"""Goroutines in the bubbles of testing/synctest: dead ones, a live one, and one that is stuck."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import parked
from support.matrix import Build
from support.paths import ROOT
from support.running import Running

SOURCE = ROOT / "tests/targets/bubbles/main.go"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "go" in metafunc.fixturenames:
        metafunc.parametrize("go", rows(metafunc.config.getoption("--matrix")))


def rows(matrix: str) -> list[str]:
    return {"quick": ["1.27"], "ci": ["1.27"]}.get(matrix, ["1.24", "1.25", "1.26", "1.27"])


def binary(go: str) -> Path:
    return build_target("bubbles", Build(go, "default"), "synctest" if go == "1.24" else "")


def prepares(matrix: str) -> list[tuple[str, Callable[[], object]]]:
    return [(f"go{go}-default", partial(binary, go)) for go in rows(matrix)]


def verdicts(target: Running) -> dict[str, tuple[str, str]]:
    """By function: the verdict and the wait reason."""
    report = parked(target.pid, "report", "--json", "--all")
    document = json.loads(report.stdout)
    assert document["proof"]["state"] == "given", document["proof"]
    found = {}
    for goroutine in document["goroutines"]:
        functions = [f["func"] for f in goroutine["frames"]]
        names = [name for name in functions if re.match(r"main\.[LV]_", name)]
        if names:
            name = names[-1].removeprefix("main.")
            found[name] = (goroutine["verdict"], goroutine["reason"])
        elif any(name.startswith("internal/synctest.Run") for name in functions):
            assert goroutine["verdict"] == "WAITING", goroutine
    return found


def test_bubbles(go: str, tmp_path: Path) -> None:
    declared = set(re.findall(r"^func ([LV]_\w+)\(", SOURCE.read_text(), re.MULTILINE))
    if go == "1.24":
        # It lets a bubble's time go on after its first function has returned.
        declared.discard("V_deadTimer")
    with Running(binary(go), tmp_path) as target:
        before = verdicts(target)
        stdin = target.process.stdin
        assert stdin is not None
        stdin.write(b"\n")
        stdin.flush()
        deadline = time.monotonic() + 60
        while "DONE" not in (text := target.log.read_text()):
            assert target.process.poll() is None and time.monotonic() < deadline, text[-2000:]
            time.sleep(0.05)
        after = verdicts(target)
    assert set(before) == declared
    proved = {name for name, (verdict, _) in before.items() if verdict == "PROVED"}
    assert proved == {name for name in declared if name.startswith("L_")}
    assert {verdict for _, (verdict, _) in before.items()} == {"PROVED", "WAITING"}
    durable = "(synctest)" if go == "1.24" else "(durable)"
    assert before["L_deadReceive"][1] == f"chan receive {durable}"
    # The live bubble has ended: who was not proved in it went on, the rest is where it was.
    woken = set(re.findall(r"^woken (\w+)$", text, re.MULTILINE)) & declared
    assert woken == {name for name in declared if name.startswith("V_live")}
    assert after == {name: before[name] for name in declared - woken}
