"""A busy healthy service gives no finding, whenever it is looked at."""

from __future__ import annotations

import json
import time
from pathlib import Path

from support.building import build_target
from support.commands import parked
from support.matrix import RELEASES, Build
from support.running import Running

LOOKS = 8

ROWS = {"go": {"quick": ["1.24"], "ci": ["1.18", "1.23", "1.27"], "full": list(RELEASES)}}


def alarms(document: dict) -> list[str]:
    found = [f"{f['rule']}: {f['sentence']}" for f in document["findings"]]
    for group in document["groups"]:
        if group["verdict"] in ("PROVED", "ORPHAN", "SUSPECT"):
            found.append(json.dumps(group)[:600])
    return found


def test_no_finding(go: str, tmp_path: Path) -> None:
    with Running(build_target("healthy", Build(go, "default")), tmp_path) as target:
        given = 0
        for _ in range(LOOKS):
            result = parked(target.pid, "report", "--json")
            document = json.loads(result.stdout)
            # What a thread was changing just then cannot be read, and is said.
            assert {entry["what"] for entry in document["incomplete"]} <= {"stack", "contexts"}
            # A program as busy as this may be stopped where no proof can be given.
            given += document["proof"]["state"] == "given"
            assert alarms(document) == []
            time.sleep(0.15)
        assert given >= LOOKS // 2
        core = target.abort()
    assert "nothing moves" not in core.output
    document = json.loads(parked("core", core.binary, core.core, "report", "--json").stdout)
    assert alarms(document) == []
    core.core.unlink()
