"""As many reports as a large fleet gives: analyzed, taken in, and held against the plan."""

from __future__ import annotations

import shutil
import zipfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from parked.fleet.history import History, Options
from support.fleet import Fleet
from support.fleet_plan import Plan, PlannedLeak, true_builds, true_state
from support.fleet_reports import PATTERN, fingerprints, small, write_reports

pytestmark = pytest.mark.slow

NOW = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=1)
SINCE = timedelta(days=7)
LIVES: tuple[tuple[int | None, ...], ...] = ((0,), (9,), (1, 6), (0, 3, 9))
ROWS = {"hosts": {"quick": [4], "ci": [4], "full": [40]}}


def plan_of(hosts: int) -> Plan:
    """Of 40 hosts of each program 100,080 reports, of 4 hosts 320."""
    many = hosts == 40
    programs = ("orders", "stock", "billing", "search", "mail", "gateway")[: 6 if many else 2]
    leaks = [
        PlannedLeak(program, f"{program}.{number}", *builds, per_hour=0.2)  # type: ignore[arg-type]
        for program in programs
        for number, builds in enumerate(LIVES)
    ]
    return Plan(
        now=NOW,
        programs=programs,
        builds=10,
        days=30,
        hosts=hosts,
        looks_a_day=13.9 if many else 40 / 30,
        leaks=tuple(leaks),
        failed=0.005,
        incomplete=0.02,
    )


def pack(folder: Path, program: str) -> None:
    """Puts the reports of a program, and their labels, into an archive."""
    with zipfile.ZipFile(folder / f"{program}.zip", "w", zipfile.ZIP_DEFLATED, True, 1) as archive:
        for path in (folder / program).rglob("*.json"):
            archive.write(path, path.relative_to(folder))
    shutil.rmtree(folder / program)


@pytest.fixture(scope="module")
def looked(
    hosts: int, document: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Plan, Fleet]:
    """Results of the reports of a plan; those of one program are in an archive."""
    folder, plan = tmp_path_factory.mktemp("reports"), plan_of(hosts)
    made = write_reports(plan, folder / "in", small(document))
    pack(folder / "in", plan.programs[-1])
    fleet = Fleet(folder / "results")
    words = ("--workers", "2" if hosts == 40 else "1", "--path-pattern", PATTERN)
    done = fleet.analyze(folder / "in", *words, timeout=3600)
    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stdout.startswith(f"{made:,} inputs: "), done.stdout
    return plan, fleet


@pytest.mark.parametrize("database", ["duckdb", "postgres"])
def test_every_leak_and_no_other(
    looked: tuple[Plan, Fleet],
    document: dict[str, Any],
    database: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    plan, fleet = looked
    url = str(tmp_path / "history.duckdb")
    if database == "postgres":
        url = request.getfixturevalue("postgres_database")()
    history = History(url)
    history.ingest(fleet.results)
    said = history.report(Options(until=NOW, since=SINCE, everything=True))
    found = {
        (leak.program, leak.fingerprint): (
            *(leak.past.first_build, leak.past.last_build),
            str(leak.state),
        )
        for leak in said.leaks
    }
    prints = fingerprints(plan, document)
    assert found == {
        (leak.program, prints[leak]): (
            *true_builds(plan, leak),
            true_state(plan, leak, NOW - SINCE),
        )
        for leak in plan.leaks
    }
    assert {program.hosts for program in said.programs} == {plan.hosts}
    rows = fleet.table("targets")
    assert {row["zone"] for row in rows if row["status"] != "failed"} == set(plan.zones)
