"""Who still runs and nobody can stop: every kind of tests/targets/orphans, lost and held."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable

import pytest
from conftest import VALIDATOR, Core, Running, parked
from matrix import RELEASES, Build

ROWS = {
    "quick": [Build("1.27", "default")],
    "ci": [
        Build("1.18", "default"),
        Build("1.22", "stripped"),
        Build("1.26", "stripped"),
        Build("1.27", "default"),
        Build("1.27", "noopt"),
    ],
    "full": [Build(go, mode) for go in RELEASES for mode in ("default", "noopt", "stripped")],
}
EACH = 8  # of every kind
LOOKS = 6
ENOUGH = 200  # workers that have ended, of which many were there at the first look


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "row" in metafunc.fixturenames:
        rows = ROWS[metafunc.config.getoption("--matrix")]
        metafunc.parametrize("row", rows, ids=str, scope="session")


def kind_of(goroutine: dict) -> str:
    creator = (goroutine["created_by"] or {}).get("func", "")
    found = re.search(r"main\.([LVS]_\w+)", creator)
    return found[1] if found else creator


def check(document: dict) -> None:
    assert document["incomplete"] == []
    total: Counter[str] = Counter()
    orphans: Counter[str] = Counter()
    for goroutine in document["goroutines"]:
        kind = kind_of(goroutine)
        total[kind] += 1
        orphans[kind] += goroutine["verdict"] == "ORPHAN"
    lost = {kind for kind in total if kind.startswith("L_")}
    held = {kind for kind in total if kind.startswith("V_")}
    assert len(lost) == 9
    assert len(held) >= 31
    assert all(total[kind] % EACH == 0 for kind in lost | held), total
    assert {kind: orphans[kind] for kind in lost} == {kind: total[kind] for kind in lost}
    assert {kind: count for kind, count in orphans.items() if count} == {
        kind: orphans[kind] for kind in lost
    }


def test_every_kind_from_a_core(row: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("orphans", row)
    check(json.loads(parked("core", core.binary, core.core, "goroutines", "--json").stdout))


def test_every_kind_live(row: Build, running: Callable[..., Running]) -> None:
    with running("orphans", row) as target:
        check(json.loads(parked(target.pid, "goroutines", "--json").stdout))
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
    # Of two goroutines, or with a connection: L_chain, L_connection.
    assert by_rule == {"PK110": 2, "PK111": 7}
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
    kinds = {kind["made_at"]["func"]: kind for kind in document["islands"]}
    assert len(kinds) == 9
    assert all(kind["count"] == EACH and kind["background"] is None for kind in kinds.values())
    chain = kinds["main.L_chain"]
    assert chain["goroutine_count"] == 2 * EACH
    assert all(len(island) == 2 for island in chain["islands"])
    assert kinds["main.L_connection"]["connections"] == EACH
    assert kinds["main.L_selfSetting"]["timers"] == EACH
    # Of its own are its worker and its channel, not what is behind a variable.
    assert 0 < kinds["main.L_stopLost"]["heap_bytes"] < EACH * 1024
    text = parked(*words, "--all").stdout
    assert "8 clients  ORPHAN" in text
    assert "dead        nobody else can make case 1 of its select ready" in text


def numbers(word: str, log: str) -> list[tuple[int, ...]]:
    lines = re.findall(rf"^{word}((?: \d+)+)$", log, re.MULTILINE)
    return [tuple(map(int, line.split())) for line in lines]


def test_who_was_an_orphan_is_never_stopped(row: Build, running: Callable[..., Running]) -> None:
    """While workers are made, handed around, dropped and stopped at random."""
    named: set[int] = set()
    with running("abandon", row) as target:
        for _ in range(LOOKS):
            looked = parked(target.pid, "goroutines", "--json", "--orphan-count", "1")
            document = json.loads(looked.stdout)
            orphans = {g["id"] for g in document["goroutines"] if g["verdict"] == "ORPHAN"}
            # Who looks at a flag may be asleep still when it is set, and nobody else has it then.
            log = target.log.read_text()
            stopped = {number for (number,) in numbers("stopping", log)}
            late = {goid for number, goid in numbers("begin", log) if number in stopped}
            named |= orphans - late
        while len(numbers("end", target.log.read_text())) < ENOUGH:
            assert target.process.poll() is None
            time.sleep(0.05)
        ended = {goid for (goid,) in numbers("end", target.log.read_text())}
    assert len(named) > LOOKS
    assert not named & ended
