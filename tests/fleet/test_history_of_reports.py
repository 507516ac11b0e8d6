"""Reports of parked go into a history as they are: a real one of a real core, varied by a plan."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from parked.fleet.history import History, Options
from parked.fleet.inputs import InputsError
from support.fleet_plan import Plan, PlannedLeak, true_builds, true_state
from support.fleet_reports import PATTERN, fingerprints, leaking_groups, write_reports
from support.paths import PARKED

NOW = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=1)
SINCE = timedelta(days=4)
PLAN = Plan(
    now=NOW,
    programs=("orders",),
    hosts=5,
    days=10,
    builds=5,
    looks_a_day=2,
    failed=0.05,
    incomplete=0.1,
    leaks=(
        PlannedLeak("orders", "first", starts=0),
        PlannedLeak("orders", "second", starts=4),
        PlannedLeak("orders", "third", starts=1, fixed=3),
        PlannedLeak("orders", "fourth", starts=0, fixed=2, back=4),
    ),
)


def test_reports_become_a_history(document: dict[str, Any], tmp_path: Path) -> None:
    assert write_reports(PLAN, tmp_path / "reports", document) == 5 * 10 * 2
    history = History(str(tmp_path / "history.duckdb"))
    words = {"path_pattern": PATTERN, "parked": str(PARKED)}
    done = history.ingest(tmp_path / "reports", **words)
    assert done.added == done.targets == 100
    said = history.report(Options(until=NOW, since=SINCE, everything=True))
    found = {
        leak.fingerprint: (leak.past.first_build, leak.past.last_build, str(leak.state))
        for leak in said.leaks
    }
    prints = fingerprints(PLAN, document)
    assert found == {
        prints[leak]: (*true_builds(PLAN, leak), true_state(PLAN, leak, NOW - SINCE))
        for leak in PLAN.leaks
    }
    (program,) = said.programs
    assert (program.name, program.hosts) == ("orders", 5)
    by_print = {group["fingerprint"]: group for group in leaking_groups(document)}
    for leak in said.leaks:
        group = by_print[leak.fingerprint]
        assert (leak.function, leak.line) == (
            group["user_frame"]["func"],
            group["user_frame"]["line"],
        )
        assert leak.rule in {finding["rule"] for finding in document["findings"]}
    # The same reports once more, in another folder, are the same.
    (tmp_path / "reports").rename(tmp_path / "elsewhere")
    again = history.ingest(tmp_path / "elsewhere", **words)
    assert again.added <= sum(each.status == "failed" for each in said.problems)


def test_one_report_is_a_fleet_of_one(document: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps(document))
    history = History(str(tmp_path / "history.duckdb"))
    history.ingest(tmp_path, parked=str(PARKED))
    taken = datetime.fromisoformat(document["target"]["taken_at"][:19] + "+00:00")
    said = history.report(Options(until=taken + timedelta(hours=1)))
    assert len(said.leaks) == len(leaking_groups(document)) > 2
    assert {str(leak.state) for leak in said.leaks} == {"new"}
    assert said.programs[0].name == document["target"]["program"]
    sizes = [
        group["retained"]["stack_bytes"] + group["retained"]["heap_bytes"]
        for group in leaking_groups(document)
    ]
    assert sorted(leak.retained_bytes or 0 for leak in said.leaks) == sorted(sizes)


def test_a_folder_without_anything(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputsError):
        History(str(tmp_path / "a.duckdb")).ingest(tmp_path / "empty", parked=str(PARKED))
