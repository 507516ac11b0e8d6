"""What nobody knows stays so from a core to a report of a history."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import parked
from support.fleet import Fleet, dump_of, parked_fleet
from support.matrix import Build
from support.running import Running

pytestmark = pytest.mark.slow


def command(*words: object) -> tuple[int, str]:
    done = parked_fleet(*words)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, done.stdout


def test_analyze_ingest_report(fleet: Fleet, tmp_path: Path) -> None:
    """Of leaks that retain nothing that is known the history does not say that they do: a report
    of parked has no islands."""
    binary = build_target("orphans", Build("1.27", "default"))
    with Running(binary, tmp_path) as target:
        dump = dump_of(target.pid, tmp_path / "orphans.core")
    (tmp_path / "orphans.json").write_text(parked("core", dump, "report", "--json").stdout)
    assert fleet.look(tmp_path / "orphans.json") == {"ok": 1}
    history = tmp_path / "history.duckdb"
    assert command("ingest", fleet.results, "--db", history)[0] == 0
    code, output = command("report", "--db", history, "--fail-on", "new", "--format", "json")
    assert code == 1
    document = json.loads((tmp_path / "orphans.json").read_text())
    groups = [each for each in document["groups"] if each["verdict"] == "ORPHAN"]
    assert groups and not any(each["retained"] for each in groups)
    orphans = {each["fingerprint"] for each in groups}
    leaks = json.loads(output)["leaks"]
    told = {leak["fingerprint"]: leak for leak in leaks if leak["fingerprint"] in orphans}
    assert set(told) == orphans
    assert {leak["retained_bytes"] for leak in told.values()} == {None}
