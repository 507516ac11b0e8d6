"""From real cores of a whole fleet to what is said of its leaks: held against the plan."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from parked.fleet.build_ids import build_ids, reader_of
from support.fleet import Fleet, parked_fleet
from support.fleet_plan import Plan, true_state
from support.real_fleet import (
    BUILD,
    FUNCTIONS,
    PATTERN,
    build_programs,
    builds_folder,
    latest,
    leak,
    looks,
    make_cores,
)
from support.running import need_kernel_cores

pytestmark = pytest.mark.slow

NOW = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(hours=1)
PROGRAMS = ("orders", "stock", "billing", "search", "mail", "gateway")
NAMES = ("ask", "importing", "pricing", "packing", "choosing", "watching")


@dataclass(frozen=True)
class Scale:
    """A plan, and how it is asked about."""

    plan: Plan
    #: Hours of the window.
    since: int
    #: Whether a core of 5 GB lies beside the others.
    large: bool = False
    options: tuple[str, ...] = ()


def thousand() -> Plan:
    """30 builds of 6 programs: of each a leak that stays, one that is new, one that is fixed and
    one that comes back, and each program has others."""
    lives = ((0,), (4,), (1, 3), (0, 2, 4))
    leaks = [
        leak(program, NAMES[(first + number) % len(NAMES)], *builds)
        for first, program in enumerate(PROGRAMS)
        for number, builds in enumerate(lives)
    ]
    return Plan(
        now=NOW,
        programs=PROGRAMS,
        builds=5,
        days=10,
        hosts=14,
        looks_a_day=1.2,
        leaks=tuple(leaks),
        failed=0.01,
    )


SMALL = Plan(
    now=NOW,
    programs=PROGRAMS[:2],
    builds=3,
    days=6,
    hosts=4,
    looks_a_day=0.7,
    leaks=(
        leak("orders", "ask", 0),
        leak("orders", "importing", 0, 2),
        leak("orders", "watching", 2),
        leak("stock", "pricing", 0, 1, 2),
        leak("stock", "packing", 1),
        leak("stock", "choosing", 0, 1),
    ),
)
SCALES = {
    # So few hosts are not enough for the share of them that had a leak to say much.
    "32": Scale(SMALL, 60, options=("--fixed-after", "3")),
    "1008": Scale(thousand(), 96, large=True),
}
ROWS = {"scale": {"quick": ["32"], "ci": ["32"], "full": ["1008"]}}


def prepares(matrix: str) -> Iterator[tuple[str, Callable[[], object]]]:
    for name in ROWS["scale"][matrix]:
        yield str(BUILD), lambda name=name: build_programs(SCALES[name].plan)


@dataclass(frozen=True)
class Looked:
    """What analyze has made of a fleet."""

    scale: Scale
    cores: int
    fleet: Fleet
    output: str


def enlarge(cores: Path, plan: Plan) -> None:
    """Puts a copy of a core beside it that is 5 GB long, and says the same."""
    from backports import zstd

    look = next(look for look in looks(plan) if not look.failed)
    core = cores / look.path
    large = core.with_name("large.core")
    with large.open("wb") as file:
        file.write(zstd.decompress(core.read_bytes()))
        file.truncate(5 << 30)
    died = core.stat().st_mtime
    os.utime(large, (died, died))


@pytest.fixture(scope="module")
def looked(scale: str, tmp_path_factory: pytest.TempPathFactory) -> Looked:
    need_kernel_cores()
    folder = tmp_path_factory.mktemp("fleet")
    chosen = SCALES[scale]
    made = make_cores(chosen.plan, folder / "cores")
    if chosen.large:
        enlarge(folder / "cores", chosen.plan)
        made += 1
    fleet = Fleet(folder / "results")
    words = (
        "--workers",
        "2" if chosen.large else "1",
        "--binaries",
        builds_folder(),
        "--path-pattern",
        PATTERN,
    )
    done = fleet.analyze(folder / "cores", *words, timeout=1800)
    assert done.returncode in (0, 3), done.stdout + done.stderr
    return Looked(chosen, made, fleet, done.stdout)


@pytest.fixture(params=["duckdb", "postgres"])
def report(request: pytest.FixtureRequest, looked: Looked, tmp_path: Path) -> dict:
    """What report says, as JSON."""
    url = str(tmp_path / "history.duckdb")
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_database")()
    taken = parked_fleet("ingest", looked.fleet.results, "--db", url)
    assert taken.returncode == 0, taken.stderr
    window = ("--since", f"{looked.scale.since}h", "--until", NOW.isoformat())
    words = ("report", "--all", "--db", url, *window, *looked.scale.options)
    said = parked_fleet(*words, "--format", "json")
    assert said.returncode == 0, said.stdout + said.stderr
    document: dict = json.loads(said.stdout)
    return document


def truth(scale: Scale) -> dict[tuple[str, str], tuple]:
    """By program and leak: first and last build, state, hosts and goroutines."""
    plan = scale.plan
    ids = {}
    for (program, build), binary in build_programs(plan).items():
        with binary.open("rb") as file:
            ids[program, build] = build_ids(reader_of(file)).go
    assert len(set(ids.values())) == len(plan.programs) * plan.builds
    found = {}
    for each in plan.leaks:
        builds = each.builds(plan.builds)
        last = latest(plan, each)
        found[each.program, each.function] = (
            ids[each.program, min(builds)],
            ids[each.program, max(builds)],
            true_state(plan, each, NOW - timedelta(hours=scale.since)),
            len(last),
            sum(last),
        )
    return found


def test_every_leak_and_no_other(looked: Looked, report: dict) -> None:
    """In its first and last build, in its state, on as many hosts and as large as it is."""
    told: dict[str, dict] = {"group": {}, "finding": {}}
    for each in report["leaks"]:
        name = (each["program"], FUNCTIONS.get(each["function"], each["function"]))
        assert name not in told[each["kind"]], f"twice: {name}"
        past = each["past"]
        told[each["kind"]][name] = (
            *(past[key] for key in ("first_build", "last_build", "state")),
            *(each["hosts"], each["goroutines"]),
        )
    expected = truth(looked.scale)
    assert told["group"] == expected
    # Of what nobody can stop there is a finding, too, and of nothing else.
    orphans = {name: life for name, life in expected.items() if name[1] == "watching"}
    assert told["finding"] == orphans
    assert {program["name"] for program in report["programs"]} == set(looked.scale.plan.programs)


def test_each_core_was_read(looked: Looked) -> None:
    """But for those that were cut off."""
    cut = {look.path for look in looks(looked.scale.plan) if look.failed}
    rows = looked.fleet.table("targets")
    assert looked.output.startswith(f"{looked.cores:,} inputs: "), looked.output
    assert len(rows) == looked.cores
    bad = {"/".join(Path(row["source"]).parts[-3:]) for row in rows if row["status"] != "ok"}
    assert bad == cut


def test_a_large_one_beside_many_small(looked: Looked) -> None:
    """A core of 5 GB takes no more memory than its content asks for, and the others go on."""
    if not looked.scale.large:
        pytest.skip("only in the full matrix")
    rows = sorted(looked.fleet.table("targets"), key=lambda row: row["analyzed_at"])
    (large,) = (row for row in rows if row["source"].endswith("large.core"))
    assert large["status"] == "ok"
    assert max(row["peak_memory"] or 0 for row in rows) < 1 << 30
    # In KB, of whatever the run has started and waited for.
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1 << 20
    ended = [row["analyzed_at"] for row in rows if row is not large]
    began = large["analyzed_at"] - timedelta(seconds=large["seconds"])
    beside = [at for at in ended if began <= at <= large["analyzed_at"]]
    waits = [(after - before).total_seconds() for before, after in zip(ended, ended[1:])]
    assert len(beside) > 10 and max(waits) < large["seconds"] / 2
