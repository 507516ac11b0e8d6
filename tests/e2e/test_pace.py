"""AfterFuncs that will be many at the pace at which they are made, and healthy ones as many."""

from __future__ import annotations

import json
from pathlib import Path

from support.building import build_target
from support.commands import parked
from support.matrix import Build
from support.running import Running

ROWS = {
    "row": {
        "quick": [Build("1.27", "default")],
        "ci": [Build("1.18", "stripped"), Build("1.27", "default")],
        "full": [
            Build(go, mode)
            for go in ("1.18", "1.22", "1.26", "1.27")
            for mode in ("default", "stripped")
        ],
    }
}


def found_in(target: Running) -> list[dict]:
    document = json.loads(parked(target.pid, "report", "--json").stdout)
    assert document["proof"]["withheld"] is None
    timers = json.loads(parked(target.pid, "timers", "--json").stdout)["timers"]
    pending = sum(timer["kind"] == "after_func" for timer in timers)
    assert 32 <= pending < 1000  # fewer than are many by themselves
    return [finding for finding in document["findings"] if finding["rule"] == "PK041"]


def test_pace(row: Build, tmp_path: Path) -> None:
    program = build_target("pace", row)
    for name in ("bad", "good"):
        (tmp_path / name).mkdir()
    bad = Running(program, tmp_path / "bad", "piles")
    good = Running(program, tmp_path / "good")
    with bad, good:
        (finding,) = found_in(bad)
        assert found_in(good) == []
        assert finding["place"]["func"] == "main.piles.func1"
        assert "at this pace they will be " in finding["sentence"]
        assert 32 <= finding["count"] < 1000
        text = parked(bad.pid, "report").stdout
    assert " PK041 " in text and "it seems" in text
