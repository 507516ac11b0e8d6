"""Pools of SQLite through a driver in pure Go: counts, and the rules with their places."""

from __future__ import annotations

import json
import re
from pathlib import Path

from support.building import build_target
from support.commands import parked
from support.matrix import RELEASES, Build
from support.running import Running

OPTIONS = ("--suspect-age", "300ms")


# The driver needs a newer toolchain than the oldest ones.
NEW_ENOUGH = [go for go in RELEASES if int(go[2:]) >= 21]
ROWS = {
    "row": {
        # The driver is C that was made Go: to compile it takes longer than all else of a release.
        "quick": [],
        "ci": [],
        "full": [Build(go, mode) for go in NEW_ENOUGH for mode in ("default", "stripped")],
    }
}


def pools(document: dict, output: str) -> dict[str, dict]:
    """By name; the counts are those of DB.Stats."""
    found = {pool["address"]: pool for pool in document["sql"]}
    named = {}
    truth = re.findall(r"^SQL (\w+) (\S+) (.*)$", output, re.MULTILINE)
    assert len(truth) == 2
    for name, address, rest in truth:
        expected = {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)\b(?!,)", rest)}
        pool = named[name] = found[address]
        assert pool["driver"] == "*modernc.org/sqlite.Driver"
        counts = [pool[key] for key in ("open", "in_use", "idle", "max_open", "wait_count")]
        assert counts == [expected[key] for key in ("open", "inuse", "idle", "max", "waits")]
        assert len(pool["connections"]) == pool["open"]
        assert {c["driver_type"] for c in pool["connections"]} == {"*modernc.org/sqlite.conn"}
    return named


def test_leaky(row: Build, tmp_path: Path) -> None:
    with Running(build_target("sqlite", row), tmp_path) as target:
        document = json.loads(parked(target.pid, "sql", "--json").stdout)
        report = json.loads(parked(target.pid, "report", "--json", *OPTIONS).stdout)
        output = target.log.read_text()
    assert document["incomplete"] == report["incomplete"] == []
    assert len(document["sql"]) == 3  # and the one that was dropped
    named = pools(document, output)
    leaky = named["leaky"]["connections"]
    # Rows without a context that ends are garbage by now, and so is what they were.
    lost = {c["used_by"] for c in leaky if c["nobody_can_return"]}
    assert len(leaky) == 5 and lost == {None, "Tx", "Conn"}
    watched = [c for c in leaky if c["only_context_returns"]]
    assert sorted(c["used_by"] for c in watched) == ["Rows", "Tx"]
    assert all(c["context_waiter"] and c["opened_by"] == 1 for c in watched)

    full = named["full"]
    waiters = {int(word) for word in re.findall(r"\d+", output.split("waiters=")[1].split()[0])}
    assert {waiter["goroutine"] for waiter in full["waiters"]} == waiters
    assert {waiter["place"]["func"] for waiter in full["waiters"]} == {"main.nested"}
    (taken,) = full["connections"]
    assert taken["used_by"] == "Rows" and taken["goroutine"] in waiters
    assert taken["place"]["func"] == "main.nested"

    findings = [(f["rule"], f["verdict"], f["count"]) for f in report["findings"]]
    assert sorted(findings) == [
        ("PK080", "PROVED", 1),
        ("PK080", "SUSPECT", 1),
        ("PK081", "PROVED", 1),
        ("PK081", "SUSPECT", 1),
        ("PK082", "PROVED", 1),
        ("PK083", "PROVED", 1),
        ("PK084", "SUSPECT", 3),
    ]
    starved = report["findings"][[rule for rule, *_ in findings].index("PK084")]
    assert starved["place"]["func"] == "main.nested"
    assert set(starved["goroutines"]) == waiters
    assert any("Rows" in line for line in starved["evidence"])


def test_closed(row: Build, tmp_path: Path) -> None:
    with Running(build_target("sqlite", row), tmp_path, "closed") as target:
        document = json.loads(parked(target.pid, "sql", "--json").stdout)
        report = json.loads(parked(target.pid, "report", "--json", *OPTIONS).stdout)
        output = target.log.read_text()
    assert len(document["sql"]) == 2
    for pool in pools(document, output).values():
        assert pool["in_use"] == 0 and pool["idle"] == pool["open"] > 0
        assert pool["waiters"] == []
    assert report["findings"] == []
