"""What a large or hostile input may make of the tables, and of the process that reads it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.fleet import Fleet

if TYPE_CHECKING:
    from parked.fleet.rows import Reading


def goroutine(number: int) -> str:
    return (
        f"goroutine {number} [select, 3 minutes]:\nmain.f{number}(0x1)\n\t/m.go:{number} +0x1d\n"
        f"created by main.main in goroutine 1\n\t/m.go:9 +0x1\n"
    )


def reading(dump: Path) -> Reading:
    from parked.fleet.kinds import kind_of
    from parked.fleet.text_groups import Judge

    kind = kind_of(dump.read_bytes()[:65536])
    assert kind is not None
    return kind.read(dump, Judge())


def test_more_groups_than_a_table_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from parked.fleet import rows

    monkeypatch.setattr(rows, "MOST_ROWS", 100)
    dump = tmp_path / "dump"
    dump.write_text("\n".join(map(goroutine, range(1, 106))))
    told = reading(dump).to_json()
    assert len(told["groups"]) == 100 and told["target"]["goroutines"] == 105
    assert told["missing"] == ["5 more groups were left out"]


def test_long_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is longer than a column takes, and all together are no longer than a worker takes."""
    from parked.fleet import rows

    dump = tmp_path / "dump"
    with dump.open("w") as file:
        for number in range(1, 51):
            name = f"main.f{number}" + "x" * 12_000
            file.write(f"goroutine {number} [select]:\n{name}(0x1)\n\t/m.go:1 +0x1d\n\n")
    found = reading(dump)
    assert {len(group.function or "") for group in found.groups} == {rows.MOST_TEXT}
    monkeypatch.setattr(rows, "_MOST_CHARACTERS", 10 * rows.MOST_TEXT)
    told = found.to_json()
    assert len(told["groups"]) == 9
    assert told["missing"][-1] == "41 more groups were left out"


def test_numbers_that_no_column_takes(fleet: Fleet, tmp_path: Path) -> None:
    report = {
        "schema": "parked/1",
        "target": {"uptime_ns": 2**80, "goroutines": {"total": -1}, "program": "\ud800", "kind": 7},
        "groups": [{"count": 2**64, "user_frame": {"line": 1.5}, "wait_ns_at_least": True}, "x"],
        "findings": [{"group": 99, "verdict": "CERTAIN", "goroutines": [None, "1"]}],
        "proof": {"state": "given", "shared_heap_bytes": 2**63 - 1},
        "incomplete": [{"what": 3, "count": "many"}],
        "momentary": [],
    }
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report))
    assert fleet.look(path) == {"incomplete": 1}, fleet.outcomes
    target, finding = fleet.table("targets")[0], fleet.table("findings")[0]
    assert (target["uptime_seconds"], target["goroutines"], target["program"]) == (None, None, "?")
    assert (finding["verdict"], finding["group_fingerprint"]) == (None, None)
    assert fleet.table("groups")[0]["count"] == 0
