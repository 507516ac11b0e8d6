"""A history says of each leak what the plan of the fleet says, and makes none up."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from parked.fleet.history import FleetReport, History, Options
from parked.fleet.owners import parse_owners
from parked.fleet.states import State
from parked.fleet.summaries import openmetrics
from parked.fleet.text_report import text_lines
from support.fleet_plan import NOW, Plan, PlannedLeak, true_builds, true_state
from support.fleet_rows import at, group, target, write
from support.fleet_tables import write_tables

#: Builds are two days long: the window has the last three and a half.
SINCE = timedelta(days=7)
LEAKS = (
    PlannedLeak("orders", "orders.askSupplier", starts=0),
    PlannedLeak("orders", "orders.(*poller).run", starts=8, verdict="ORPHAN"),
    PlannedLeak("orders", "orders.writeRows", starts=2, fixed=7),
    PlannedLeak("orders", "orders.importPart", starts=1, fixed=4, back=8, share=0.8),
    PlannedLeak("stock", "stock.watch", starts=3, share=0.5, verdict="SUSPECT"),
    PlannedLeak("stock", "stock.notify", starts=9),
    PlannedLeak("stock", "stock.body", starts=0, fixed=8, rule="PK060", group=False),
)
PLAN = Plan(leaks=LEAKS, hosts=30)
#: Seed, hosts of each program, and looks a day of a large fleet.
#: test_contrast.py has more seeds.
ROWS: dict[str, dict[str, list]] = {
    "seed": {"quick": [0], "ci": [0, 1], "full": [0, 1, 2, 3]},
    "large": {"quick": [(1, 20, 3)], "ci": [(1, 20, 3)], "full": [(1, 40, 6), (2, 40, 6)]},
}


def ingested(plan: Plan, folder: Path, url: str) -> History:
    write_tables(plan, folder)
    history = History(url)
    history.ingest(folder)
    return history


def report(history: History, **options: object) -> FleetReport:
    return history.report(Options(until=NOW, **{"since": SINCE, **options}))  # type: ignore[arg-type]


def told(plan: Plan, said: FleetReport) -> dict[str, tuple[str, str, str]]:
    """Of each leak the first and the last build, and the state."""
    names = {leak.fingerprint: leak.function for leak in plan.leaks}
    found = {}
    for leak in said.leaks:
        assert leak.fingerprint in names, f"made up: {leak.function}"
        found[names[leak.fingerprint]] = (
            leak.past.first_build,
            leak.past.last_build,
            str(leak.state),
        )
    return found


def truth(plan: Plan) -> dict[str, tuple[str, str, str]]:
    since = NOW - SINCE
    return {
        leak.function: (*true_builds(plan, leak), true_state(plan, leak, since))
        for leak in plan.leaks
    }


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def new_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    """Makes databases: each call another one."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres_database")
    return lambda: str(tmp_path_factory.mktemp("history") / "history.duckdb")


@pytest.fixture(scope="module")
def history(new_url, tmp_path_factory: pytest.TempPathFactory) -> History:
    return ingested(PLAN, tmp_path_factory.mktemp("results"), new_url())


def test_every_leak_with_its_builds_and_state(history: History) -> None:
    assert told(PLAN, report(history)) == truth(PLAN)


def test_numbers_of_a_leak(history: History) -> None:
    (leak,) = [one for one in report(history).leaks if one.function.endswith("askSupplier")]
    assert leak.program == "orders"
    assert (leak.verdict, leak.kind, leak.rule) == ("PROVED", "group", "PK003")
    assert leak.hosts == 30
    assert leak.retained_bytes == leak.goroutines * 8192
    assert leak.growth_per_uptime_hour == pytest.approx(2, abs=0.01)
    assert leak.package == "example.com/orders/orders"
    assert len(leak.worst) == 10
    assert leak.worst[0].goroutines == max(one.goroutines for one in leak.worst)
    assert all(share.leaking == share.hosts == 30 for share in leak.builds)


def test_a_window_ends_when_it_is_said(history: History) -> None:
    """What came later is not known yet."""
    then = PLAN.build_begins(6)
    said = history.report(Options(until=then, since=timedelta(days=4), everything=True))
    states = {leak.function: str(leak.state) for leak in said.leaks}
    assert len(states) == 5
    assert states["example.com/orders/orders.writeRows"] == "known"
    assert states["example.com/orders/orders.importPart"] == "fixed"


def test_of_one_program_or_owner(history: History) -> None:
    orders = report(history, program="orders")
    assert {leak.program for leak in orders.leaks} == {"orders"}
    assert told(PLAN, orders) == {
        name: state for name, state in truth(PLAN).items() if not name.startswith("stock")
    }
    owners = parse_owners(["* @all", "example.com/stock @stock"])
    stock = report(history, owners=owners, owner="@stock")
    assert {leak.program for leak in stock.leaks} == {"stock"}
    nobody = report(history, program="'; DROP TABLE targets; --")
    assert nobody.leaks == () and nobody.incomplete == ("nothing was looked at in the window",)


@pytest.mark.parametrize(
    "spoiled",
    [
        {"skew": {3: -3 * 86400.0, 7: 5 * 3600.0}},
        {"twice": 0.3},
        {"failed": 0.1, "incomplete": 0.1},
        {"skew": {1: -9 * 86400.0}, "twice": 0.2, "failed": 0.05, "incomplete": 0.05},
    ],
    ids=["clocks", "duplicates", "failures", "all"],
)
def test_the_same_of_a_fleet_with_faults(spoiled: dict, new_url, tmp_path: Path) -> None:
    plan = Plan(leaks=LEAKS, hosts=30, **spoiled)
    assert told(plan, report(ingested(plan, tmp_path, new_url()))) == truth(plan)


def test_what_failed_does_not_make_a_leak_fixed(new_url, tmp_path: Path) -> None:
    """Nothing of the last builds could be proved, or read at all."""
    leaks = (PlannedLeak("orders", "orders.askSupplier", starts=0, fixed=5),)
    plan = Plan(programs=("orders",), leaks=leaks)
    history = ingested(plan, tmp_path / "whole", new_url())
    assert report(history, everything=True).leaks[0].state is State.FIXED
    notes = {
        "failed": "not seen lately: no later build could tell",
        "incomplete": "not seen lately: too few targets (0 hosts, 3 are enough)",
    }
    for status, note in notes.items():
        blind = Plan(programs=("orders",), leaks=leaks, blind_from=5, blind=status)
        said = report(ingested(blind, tmp_path / status, new_url()), everything=True)
        (leak,) = said.leaks
        assert leak.state is State.KNOWN
        assert leak.past.note == note
        assert said.incomplete


def test_a_leak_on_few_hosts_is_not_fixed_by_few_clean_ones(new_url, tmp_path: Path) -> None:
    leaks = (PlannedLeak("orders", "orders.rare", starts=0, fixed=9, share=0.03),)
    plan = Plan(programs=("orders",), leaks=leaks, hosts=60)
    (leak,) = report(ingested(plan, tmp_path, new_url())).leaks
    assert leak.state is State.KNOWN
    assert leak.past.note.startswith("not seen lately: too few targets (")
    assert 0 < leak.past.clean_hosts <= 60 < (leak.past.needed_hosts or 0)


def test_a_fleet_without_leaks(new_url, tmp_path: Path) -> None:
    said = report(ingested(Plan(), tmp_path, new_url()))
    assert said.leaks == ()
    assert said.incomplete == ()
    assert [program.name for program in said.programs] == ["orders", "stock"]


def test_a_planted_cause_is_found_first(seed: int, new_url, tmp_path: Path) -> None:
    plan = Plan(
        seed=seed,
        programs=("orders",),
        hosts=120,
        leaks=(
            PlannedLeak(
                "orders",
                "orders.caused",
                starts=4,
                share=0.02,
                share_there=0.9,
                cause=(("zone", "b"), ("feature", "on")),
            ),
            PlannedLeak("orders", "orders.everywhere", starts=0, share=0.4),
        ),
    )
    caused, everywhere = sorted(
        report(ingested(plan, tmp_path, new_url())).leaks, key=lambda leak: leak.function or ""
    )
    items = sorted((item.attribute, item.value) for item in caused.contrast[0].items)
    assert items == [("label feature", "on"), ("zone", "b")]
    assert everywhere.contrast == ()


def test_texts_do_not_make_a_leak_fixed(new_url, tmp_path: Path) -> None:
    """Nothing is judged in them below a threshold, though all of them was read."""
    old = [target(i, observed_at=at(100), suspect=1, proved=None) for i in range(10)]
    leaks = [group(i, verdict="SUSPECT") for i in range(10)]
    kinds = {"goroutines": "known", "pprof": "known", "report": "fixed", "core": "fixed"}
    for kind, state in kinds.items():
        later = [
            target(100 + i, build="b2", kind=kind, host=f"host-{i}", proved=None, suspect=0)
            for i in range(10)
        ]
        folder = write(tmp_path / kind, [*old, *later], leaks, [])
        url = new_url()
        History(url).ingest(folder)
        (leak,) = report(History(url), since=timedelta(days=1), everything=True).leaks
        assert str(leak.state) == state, kind


def test_hosts_that_ran_shorter_or_elsewhere_do_not_count(new_url, tmp_path: Path) -> None:
    """Of a leak that takes a day, or is in one zone, others say nothing."""
    old = [target(i, observed_at=at(100), uptime_seconds=90_000.0, zone="a") for i in range(10)]
    leaks = [group(i) for i in range(10)]
    cases = {
        (60.0, "a", "amd64"): 0,
        (None, "a", "amd64"): 0,
        (90_000.0, "b", "amd64"): 0,
        (90_000.0, "a", "arm64"): 0,
        (90_000.0, "a", "amd64"): 10,
    }
    for number, ((uptime, zone, arch), counted) in enumerate(cases.items()):
        later = [
            target(
                100 + i,
                build="b2",
                host=f"host-{i}",
                uptime_seconds=uptime,
                zone=zone,
                arch=arch,
                proved=0,
            )
            for i in range(10)
        ]
        folder = write(tmp_path / str(number), [*old, *later], leaks, [])
        url = new_url()
        History(url).ingest(folder)
        (leak,) = report(History(url), since=timedelta(days=1), everything=True).leaks
        assert leak.past.clean_hosts == counted
        assert (leak.state is State.FIXED) == (counted > 0)


def test_where_no_cause_is_planted_nothing_is_unusual(seed: int, new_url, tmp_path: Path) -> None:
    shares = (0.1, 0.3, 0.5, 0.7, 0.9)
    leaks = tuple(
        PlannedLeak("orders", f"orders.leak{i}", starts=0, share=share)
        for i, share in enumerate(shares)
    )
    plan = Plan(seed=seed, programs=("orders",), hosts=100, looks_a_day=2, leaks=leaks)
    said = report(ingested(plan, tmp_path, new_url()), since=timedelta(days=20))
    assert len(said.leaks) == len(shares)
    assert [leak.contrast for leak in said.leaks] == [()] * len(shares)


@pytest.mark.slow
def test_a_large_fleet(
    large: tuple[int, int, float], new_url, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """30 builds of 6 programs with all faults at once: all leaks are found, and nothing else."""
    seed, hosts, looks = large
    programs = ("orders", "stock", "billing", "search", "mail", "gateway")
    leaks = tuple(
        PlannedLeak(program, f"{program}.{name}", *builds, share=share, verdict=verdict)
        for program in programs
        for name, builds, share, verdict in (
            ("always", (0,), 1.0, "PROVED"),
            ("late", (28,), 0.7, "ORPHAN"),
            ("gone", (3, 25), 0.8, "PROVED"),
            ("back", (5, 12, 27), 0.6, "PROVED"),
            ("seldom", (2,), 0.3, "SUSPECT"),
        )
    )
    plan = Plan(
        seed=seed, programs=programs, builds=30, days=30, hosts=hosts, looks_a_day=looks,
        leaks=leaks, others=20, failed=0.02, incomplete=0.03, twice=0.05,
        skew={3: -5 * 86400.0, 11: 7 * 3600.0, 17: -3600.0},
    )  # fmt: skip
    assert told(plan, report(ingested(plan, tmp_path, new_url()))) == truth(plan)
    assert capfd.readouterr().out == "", "standard output is for the report"


def test_fixed_in_the_code_and_still_on_hosts_with_older_builds(new_url, tmp_path: Path) -> None:
    old = [target(i, observed_at=at(1 if i < 8 else 50)) for i in range(20)]
    leaks = [group(i) for i in range(20)]
    new = [target(100 + i, build="b2", host=f"new-{i}", proved=0) for i in range(6)]
    folder = write(tmp_path / "results", [*old, *new], leaks, [])
    url = new_url()
    History(url).ingest(folder)
    said = report(History(url), since=timedelta(days=1))
    (leak,) = said.leaks
    assert (str(leak.state), leak.hosts, leak.past.fixed_in) == ("fixed", 8, "b2")
    assert "still on 8 hosts with older builds" in "\n".join(text_lines(said))
    assert 'parked_fleet_leak_hosts{fingerprint="00000000000000aa"' in openmetrics(said)


@pytest.mark.parametrize("program", ["shop", None])
def test_a_fleet_of_texts(program: str | None, new_url, tmp_path: Path) -> None:
    """They do not know their build, and may not know their program or host."""
    texts = [
        target(i, kind="goroutines", program=program, build=None, host=None, proved=None,
               uptime_seconds=None, go_version=None, arch=None, observed_at=at(hours))
        for i, hours in enumerate((100, 99, 2, 1))
    ]  # fmt: skip
    groups = [
        *(group(i, verdict="SUSPECT", retained_bytes=None, fingerprint="a" * 16) for i in range(4)),
        *(group(i, verdict="SUSPECT", retained_bytes=None, fingerprint="b" * 16) for i in (2, 3)),
        *(group(i, verdict="SUSPECT", retained_bytes=None, fingerprint="c" * 16) for i in (0, 1)),
        *(group(i, verdict=None, retained_bytes=None, fingerprint="d" * 16) for i in range(4)),
    ]
    url = new_url()
    History(url).ingest(write(tmp_path / "results", texts, groups, []))
    said = report(History(url), since=timedelta(days=1))
    states = {leak.fingerprint[0]: (str(leak.state), leak.hosts) for leak in said.leaks}
    assert states == {"a": ("known", 2), "b": ("new", 2), "c": ("known", 0)}
    notes = {leak.fingerprint[0]: leak.past.note for leak in said.leaks}
    assert notes == {"a": "", "b": "", "c": "not seen lately: no later build could tell"}
    list(text_lines(said))
    said.frame()


def test_a_clock_that_is_ahead_is_told(new_url, tmp_path: Path) -> None:
    """The target counts as of when it was looked at."""
    ahead = target(1, observed_at=at(-30), analyzed_at=at(2))
    url = new_url()
    History(url).ingest(write(tmp_path / "a[1] *'x?", [ahead, target(2)], [group(1)], []))
    said = report(History(url), since=timedelta(days=1))
    assert any(w.startswith("clocks are ahead: 1 target of later") for w in said.warnings)
    (leak,) = said.leaks
    assert leak.last_seen == at(2)


def test_more_than_is_counted_is_told(
    new_url, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets, groups = [target(i) for i in range(5)], [group(i) for i in range(5)]
    url = new_url()
    History(url).ingest(write(tmp_path / "results", targets, groups, []))
    assert report(History(url)).leaks[0].hosts == 5
    for module in ("queries", "history"):
        monkeypatch.setattr(f"parked.fleet.{module}.MOST_ROWS", 3)
    said = report(History(url))
    assert said.leaks[0].hosts == 3
    assert any("there are more hosts" in warning for warning in said.warnings)
