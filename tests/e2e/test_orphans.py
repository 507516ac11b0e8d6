"""Who still runs and nobody can stop: every kind of tests/targets/orphans, lost and held."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable

import pytest
from support.commands import parked
from support.matrix import GUEST_RELEASES, RELEASES, Build
from support.running import Core, Running
from support.schema import VALIDATOR

ROWS = {
    "quick": [Build("1.27", "default")],
    "ci": [
        Build("1.18", "default"),
        Build("1.21", "noopt"),
        Build("1.22", "stripped"),
        Build("1.24", "cgo"),
        Build("1.26", "stripped"),
        Build("1.27", "default"),
    ],
    "full": [Build(go, mode) for go in RELEASES for mode in ("default", "noopt", "stripped")],
}
EACH = 8  # of every kind
OF_GRPC = {"*grpc.Watched": "L_listed", "*grpc.Pooled": "L_pooled"}
LOOKS = 6
ENOUGH = 200  # workers that have ended, of which many were there at the first look


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "row" in metafunc.fixturenames:
        rows = ROWS[metafunc.config.getoption("--matrix")]
        metafunc.parametrize("row", rows, ids=str, scope="session")
    if "slow" in metafunc.fixturenames:  # minutes each
        full = metafunc.config.getoption("--matrix") == "full"
        builds = [Build(go, "default", "arm64") for go in GUEST_RELEASES] if full else []
        metafunc.parametrize("slow", builds, ids=str, scope="session")


def kind_of(goroutine: dict) -> str:
    creator = (goroutine["created_by"] or {}).get("func", "")
    found = re.search(r"main\.([LVSW]_\w+)", creator)
    if made := re.search(r"grpc\.New(\w+)$", creator):
        return OF_GRPC[f"*grpc.{made[1]}"]
    return found[1] if found else creator


def check(document: dict, row: Build, live: bool) -> None:
    """L: lost; W: lost, and only the kernel of a live process says so; V: somebody has it."""
    assert document["incomplete"] == []
    total: Counter[str] = Counter()
    orphans: Counter[str] = Counter()
    for goroutine in document["goroutines"]:
        kind = kind_of(goroutine)
        total[kind] += 1
        orphans[kind] += goroutine["verdict"] == "ORPHAN"
    lost = {kind for kind in total if kind.startswith("L_")}
    held = {kind for kind in total if kind.startswith("V_")}
    assert len(lost) == 18
    if not row.symbols:  # the program's code refers to the variable, whose name would say more
        lost.remove("L_sharedLogger")
    if live:
        lost |= {kind for kind in total if kind.startswith("W_")}
        assert "W_inotify" in lost
    assert len(held) >= 46
    assert all(total[kind] % EACH == 0 for kind in lost | held), total
    assert {kind: orphans[kind] for kind in lost} == {kind: total[kind] for kind in lost}
    assert {kind: count for kind, count in orphans.items() if count} == {
        kind: orphans[kind] for kind in lost
    }


def test_every_kind_from_a_core(row: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("orphans", row)
    check(
        json.loads(parked("core", core.binary, core.core, "goroutines", "--json").stdout),
        row,
        False,
    )


def test_every_kind_from_a_core_of_a_guest(slow: Build, kernel_core: Callable[..., Core]) -> None:
    test_every_kind_from_a_core(slow, kernel_core)


def test_every_kind_live(row: Build, running: Callable[..., Running]) -> None:
    with running("orphans", row) as target:
        check(json.loads(parked(target.pid, "goroutines", "--json").stdout), row, True)
        lenient = parked(target.pid, "report", "--json", "--orphan-count", "9")
    # Eight of a kind are background work to who says so.
    document = json.loads(lenient.stdout)
    assert document["target"]["verdicts"]["ORPHAN"] == 0
    assert sum(g["count"] for g in document["groups"] if g["rule"] == "background") > 9 * EACH


def test_what_a_person_reads(kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("orphans", Build("1.27", "default"))
    words = ("core", core.binary, core.core)
    failing = [parked(*words, "report", "--fail-on", v).returncode for v in ("proved", "orphan")]
    assert failing == [0, 1]
    assert parked(*words, "report", "--fail-on", "suspect").returncode == 1
    findings = json.loads(parked(*words, "report", "--json").stdout)["findings"]
    by_rule = Counter(f["rule"] for f in findings if f["verdict"] == "ORPHAN")
    # Of two goroutines, or with a connection: L_chain, L_client, L_connection.
    assert by_rule == {"PK110": 3, "PK111": 13, "PK112": 1, "PK113": 1}
    stopped = next(f for f in findings if f["place"]["func"] == "main.L_stopLost")
    assert stopped["count"] == EACH
    assert any("nobody else can make case 1 of its select ready" in e for e in stopped["evidence"])
    one = parked(*words, "goroutine", str(stopped["goroutines"][0])).stdout
    assert "still woken by the clock (every 1h), but nobody outside can reach it" in one
    assert one.count("nobody else can make it ready") == 1


def test_islands(kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("orphans", Build("1.27", "default"))
    words = ("core", core.binary, core.core, "islands")
    document = json.loads(parked(*words, "--json").stdout)
    VALIDATOR.validate(document)
    kinds = {kind_of_island(kind): kind for kind in document["islands"]}
    assert len(kinds) == 18
    assert all(kind["count"] == EACH and kind["background"] is None for kind in kinds.values())
    chain = kinds["L_chain"]
    assert chain["goroutine_count"] == 2 * EACH
    assert all(len(island) == 2 for island in chain["islands"])
    # All of them wait for one channel, which wakes nobody: they are not one island for that.
    assert len(kinds["L_endless"]["islands"]) == EACH
    assert kinds["L_connection"]["connections"] == EACH
    assert kinds["L_selfSetting"]["timers"] == EACH
    # Of its own are its worker and its channel, not what is behind a variable.
    assert 0 < kinds["L_stopLost"]["heap_bytes"] < EACH * 1024
    text = parked(*words, "--all").stdout
    assert "8 clients  ORPHAN" in text
    assert "dead        nobody else can make case 1 of its select ready" in text


def kind_of_island(kind: dict) -> str:
    # Of those of gRPC main is known only, who stands somewhere else now.
    name = kind_of({"created_by": kind["made_at"]})
    return OF_GRPC[kind["handle"]["type"]] if name == "main.main" else name


def handles_of(document: dict) -> dict[str, tuple]:
    handles = {}
    for kind in document["islands"]:
        handle = kind["handle"]
        told = handle and (handle["type"], handle["method"], handle["count"], handle["looked_at"])
        handles[kind_of_island(kind)] = told
    return handles


def test_handles(row: Build, kernel_core: Callable[..., Core]) -> None:
    """Nobody has them any more: what they are is told by the goroutines that work on them."""
    core = kernel_core("orphans", row)
    document = json.loads(parked("core", core.binary, core.core, "islands", "--json").stdout)
    VALIDATOR.validate(document)
    worker = ("*main.worker", "Stop", EACH, EACH)
    assert handles_of(document) == {
        "L_stopLost": worker,
        "L_alone": worker,
        "L_ownFinalizer": worker,
        "L_selfSetting": worker,
        "L_client": ("*main.client", "Close", EACH, EACH),
        "L_connection": ("*net.TCPConn", "Close", EACH, EACH),
        "L_ticking": None,
        "L_chain": None,
        "L_ownFlag": None,
        "L_boxed": None,
        "L_cancelLost": None,
        "L_consumerGone": None,
        "L_usesShared": None,
        "L_countsInVariable": None,
        "L_listed": ("*grpc.Watched", "Close", EACH, EACH),
        "L_pooled": ("*grpc.Pooled", "Close", EACH, EACH),
        "L_endless": None,
        # The program's code refers to the variable, whose name would say more.
        **({"L_sharedLogger": None} if row.symbols else {}),
    }
    kinds = {kind_of_island(kind): kind for kind in document["islands"]}
    client = kinds["L_client"]["handle"]
    assert client["field"] == "Addr"
    assert client["values"] == [{"value": "shop:1", "count": 6}, {"value": "shop:2", "count": 2}]
    assert "secret" not in json.dumps(document)
    wakers = {name: [w["kind"] for w in kind["woken_by"]] for name, kind in kinds.items()}
    assert wakers["L_connection"] == ["network"]
    assert wakers["L_alone"] == ["sleep"]
    assert sorted(wakers["L_selfSetting"]) == ["after_func", "ticker"]
    hour = 3600 * 10**9
    assert all(
        0 < waker["next_ns"] <= hour
        for kind in kinds.values()
        for waker in kind["woken_by"]
        if waker["kind"] != "network"
    )
    assert kinds["L_connection"]["open"]
    assert not kinds["L_stopLost"]["open"]


def test_a_context_nobody_can_cancel(row: Build, kernel_core: Callable[..., Core]) -> None:
    """It waits for a job as well, which anybody can give it: no orphan, but that case is dead."""
    core = kernel_core("orphans", row)
    document = json.loads(parked("core", core.binary, core.core, "report", "--json").stdout)
    kinds = {g["id"]: kind_of(g) for g in document["goroutines"]}
    found = [
        finding
        for finding in document["findings"]
        if finding["rule"] == "PK112" and finding["verdict"] == "SUSPECT"
    ]
    assert [f["count"] for f in found] == [EACH]
    assert {kinds[goroutine] for goroutine in found[0]["goroutines"]} == {"V_jobsCancelLost"}


def test_a_list_for_looking_at(kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("orphans", Build("1.27", "default"))
    words = ("core", core.binary, core.core)
    goroutines = json.loads(parked(*words, "goroutines", "--json").stdout)["goroutines"]
    listed = next(g["id"] for g in goroutines if kind_of(g) == "L_listed")
    why = json.loads(parked(*words, "why", str(listed), "--json").stdout)["why"]
    assert why["way"][0]["what"].startswith("google.golang.org/grpc/internal/channelz.")
    assert "closes none" in why["uncounted"]
    assert "for ORPHAN this way does not count" in parked(*words, "why", str(listed)).stdout


def test_the_number_that_makes_a_leak(kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("orphans", Build("1.27", "default"))
    words = ("core", core.binary, core.core, "islands", "--json", "--orphan-count")
    for count, background in ((EACH, None), (EACH + 1, "few")):
        document = json.loads(parked(*words, str(count)).stdout)
        assert {kind["background"] for kind in document["islands"]} == {background}


def numbers(word: str, log: str) -> list[tuple[int, ...]]:
    lines = re.findall(rf"^{word}((?: \d+)+)$", log, re.MULTILINE)
    return [tuple(map(int, line.split())) for line in lines]


def test_who_was_an_orphan_is_never_stopped(row: Build, running: Callable[..., Running]) -> None:
    """While workers are made, handed around, dropped and stopped at random."""
    named: set[int] = set()
    looks = 0
    with running("abandon", row) as target:
        # How many are lost by then is chance: it looks until there are some.
        while looks < LOOKS or len(named) <= LOOKS:
            assert target.process.poll() is None
            looked = parked(target.pid, "goroutines", "--json", "--orphan-count", "1")
            document = json.loads(looked.stdout)
            orphans = {g["id"] for g in document["goroutines"] if g["verdict"] == "ORPHAN"}
            # Who looks at a flag may be asleep still when it is set, and nobody else has it then.
            log = target.log.read_text()
            stopped = {number for (number,) in numbers("stopping", log)}
            late = {goid for number, goid in numbers("begin", log) if number in stopped}
            named |= orphans - late
            looks += 1
        while len(numbers("end", target.log.read_text())) < ENOUGH:
            assert target.process.poll() is None
            time.sleep(0.05)
        ended = {goid for (goid,) in numbers("end", target.log.read_text())}
    assert not named & ended


def test_stopped_when_a_server_is_shut_down(row: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("shutdown", row)
    listed = parked("core", core.binary, core.core, "goroutines", "--json").stdout
    document = json.loads(listed)
    assert document["incomplete"] == []
    kinds: dict[str, Counter[str]] = {"V_registered": Counter(), "L_registered": Counter()}
    for goroutine in document["goroutines"]:
        if (kind := kind_of(goroutine)) in kinds:
            kinds[kind][goroutine["verdict"]] += 1
    assert kinds["V_registered"] == {"WAITING": EACH}
    # Without symbols code is searched for what looks like an address of a variable.
    assert kinds["L_registered"] == {"ORPHAN": EACH} or not row.symbols
