"""`parked sql` against what a program with real pools of database/sql knows of them: DB.Stats."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import parked
from support.matrix import Build, resource_builds
from support.running import Core, Running
from support.schema import VALIDATOR

STATS = re.compile(r"^SQL (\w+) (0x[0-9a-f]+) (.*)$", re.MULTILINE)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "row" in metafunc.fixturenames:
        rows = resource_builds(metafunc.config.getoption("--matrix"), "1.22")
        metafunc.parametrize("row", rows, ids=str)


def truth_of(output: str) -> dict[str, dict[str, str]]:
    """By address: what DB.Stats says, and what the program did with the connections."""
    return {
        address: {"name": name, **dict(re.findall(r"(\w+)=(\S+)", rest))}
        for name, address, rest in STATS.findall(output)
    }


def check(document: dict, output: str, row: Build) -> None:
    VALIDATOR.validate(document)
    assert document["incomplete"] == []
    truth = truth_of(output)
    dropped = re.search(r"^DROPPED (0x[0-9a-f]+)$", output, re.MULTILINE)
    assert dropped and len(truth) == 5
    pools = {pool["address"]: pool for pool in document["sql"]}
    assert set(pools) == {*truth, dropped.group(1)}  # the closed one is not there
    goroutines = {pool["opener"] for pool in pools.values()}
    assert None not in goroutines and len(goroutines) == 6
    made_by = {pool["opened_by"] for pool in pools.values()}
    assert made_by == ({1} if int(row.go[2:]) >= 21 else {None})

    by_name = {}
    for address, expected in truth.items():
        pool = by_name[expected["name"]] = pools[address]
        assert pool["driver"] == "parked.test/fakedb.Driver"
        counts = [pool[key] for key in ("open", "in_use", "idle", "wait_count")]
        assert counts == [int(expected[key]) for key in ("open", "inuse", "idle", "waits")]
        assert pool["max_open"] == (int(expected["max"]) or None)
        assert not pool["closed"]
        connections = pool["connections"]
        assert sum(c["in_use"] for c in connections) == pool["in_use"]
        assert len(connections) == pool["open"]
        assert {c["driver_type"] for c in connections} <= {"*parked.test/fakedb.fakeConn"}
        assert all(c["since_ns_at_most"] > 100_000_000 for c in connections)
        lost = int(expected.get("lost", 0))
        assert sum(c["nobody_can_return"] for c in connections) == lost
        watched = int(expected.get("watched", 0))
        assert sum(c["only_context_returns"] for c in connections) == watched
        waiting = {str(waiter["goroutine"]) for waiter in pool["waiters"]}
        assert waiting == set(re.findall(r"\d+", expected.get("waiters", "")))
        for waiter in pool["waiters"]:
            assert waiter["place"]["func"] == "main.waitForConn"
        for use, key in (("Rows", "rows"), ("Tx", "tx"), ("Conn", "conn")):
            if key in expected:
                assert sum(c["used_by"] == use for c in connections) == int(expected[key])
        # A Tx always has a goroutine that waits for its context; Rows have where there is one.
        for connection in connections:
            if connection["used_by"] == "Tx":
                assert connection["context_waiter"] is not None
            if connection["used_by"] == "Conn":
                assert connection["context_waiter"] is None
            opener = 1 if int(row.go[2:]) >= 21 and connection["context_waiter"] else None
            assert connection["opened_by"] == opener
    check_holders(by_name["busy"], int(truth[by_name["busy"]["address"]]["reader"]), row)


def check_holders(pool: dict, reader: int, row: Build) -> None:
    on_stack = [c for c in pool["connections"] if c["goroutine"] == reader]
    assert [c["used_by"] for c in on_stack] == ["Rows"]
    assert on_stack[0]["place"]["func"] == "main.readSlowly"
    assert f"the stack of goroutine {reader} in main.readSlowly" in on_stack[0]["held_by"]
    ways = {c["held_by"]: c["used_by"] for c in pool["connections"]}
    assert len(ways) == 5 and None not in ways
    # Rows with a context that can end have a goroutine that waits for it.
    with_waiter = [c for c in pool["connections"] if c["used_by"] == "Rows" and c["context_waiter"]]
    if not row.symbols:
        assert len(with_waiter) == 1
        return
    sessions = [way for way in ways if way.startswith("main.sessions ")]
    assert [ways[way] for way in sessions] == ["Rows"]
    assert sessions[0].endswith("*main.session .rows -> *database/sql.Rows")
    assert [c["held_by"] for c in with_waiter] == sessions
    kept = {use for way, use in ways.items() if way.startswith("main.kept (global")}
    assert kept == {"Rows", "Tx", "Conn"}


def test_live(row: Build, tmp_path: Path) -> None:
    with Running(build_target("pool", row), tmp_path) as target:
        document = json.loads(parked(target.pid, "sql", "--json").stdout)
        text = parked(target.pid, "sql").stdout
        report = json.loads(parked(target.pid, "report", "--json").stdout)
        output = target.log.read_text()
    check(document, output, row)
    shown = text.split("\n\n")
    assert len(shown) == 6
    assert text.count("1 open, 1 in use, 0 idle, at most 1, 3 waiting (3 waits so far)") == 1
    assert max(block.count("nobody can give it back") for block in shown) == 4
    rules = {f["rule"]: f["count"] for f in report["findings"]}
    # Of two the Rows and the Conn are garbage by now: all that is left is the connection.
    assert rules == {"PK080": 3, "PK081": 1, "PK083": 1}


def test_core(row: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("pool", row)
    shown = parked("core", core.binary, core.core, "sql", "--json")
    assert shown.returncode == 0, shown.stderr
    check(json.loads(shown.stdout), core.output, row)


def test_no_pool(tmp_path: Path) -> None:
    with Running(build_target("twins", Build("1.27", "default")), tmp_path) as target:
        document = json.loads(parked(target.pid, "sql", "--json").stdout)
        text = parked(target.pid, "sql").stdout
    assert document["sql"] == []
    assert text == "no database/sql pool is open\n"
