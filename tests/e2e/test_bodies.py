"""Response bodies that nobody closes: proved only where nothing can end the request, either."""

from __future__ import annotations

import json
import re
from pathlib import Path

from support.building import build_target
from support.commands import parked
from support.matrix import RELEASES, Build
from support.running import Running

# Nobody has the body, and nothing ends the request.
LOST = {"dropped", "lost", "leaked", "value"}
# Nobody has the body, but the request may end.
ENDING = {"timeout", "deadline", "cancel", "abort", "sending"}

ROWS = {
    "row": {
        "quick": [Build("1.23", "default")],
        "ci": [
            *(Build(go, "default") for go in ("1.18", "1.22", "1.27")),
            Build("1.26", "stripped"),
        ],
        "full": [Build(go, mode) for go in RELEASES for mode in ("default", "stripped")],
    }
}


def test_what_can_end_a_request(row: Build, tmp_path: Path) -> None:
    with Running(build_target("bodies", row), tmp_path) as target:
        http = json.loads(parked(target.pid, "http", "--json").stdout)
        words = ("report", "--json", "--suspect-age", "200ms")
        report = json.loads(parked(target.pid, *words).stdout)
        output = target.log.read_text()
    names = {host: name for name, host in re.findall(r"^BODY (\w+) http://(\S+)$", output, re.M)}
    expected = LOST | ENDING | {"kept"} | ({"weak"} if int(row.go[2:]) >= 24 else set())
    assert set(names.values()) == expected
    assert report["proof"]["state"] == "given", report["proof"]

    bodies = {
        names[connection["host"]]: connection
        for transport in http["http"]["transports"]
        for connection in transport["connections"]
        if connection["state"] == "body not closed"
    }
    assert set(bodies) == expected
    assert {name for name, connection in bodies.items() if connection["body_lost"]} == LOST

    found = {
        names[finding["sentence"].split(" of http://")[1].split()[0]]: finding
        for finding in report["findings"]
        if finding["rule"] == "PK060"
    }
    assert set(found) == expected
    assert {name for name, finding in found.items() if finding["verdict"] == "PROVED"} == LOST
    told = {
        name
        for name, finding in found.items()
        if "only the end of its request" in finding["evidence"][0]
    }
    assert told == ENDING
    # Of a connection it is told once why it stays open.
    assert {finding["rule"] for finding in report["findings"]} == {"PK007", "PK060", "PK061"}
