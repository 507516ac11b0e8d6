"""`parked http` against what a program with real servers and clients knows of itself."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from pathlib import Path

from support.building import build_target
from support.commands import parked
from support.matrix import RELEASES, Build
from support.running import Running

ROWS = {"go": {"quick": ["1.23"], "ci": ["1.18", "1.23", "1.27"], "full": list(RELEASES)}}

STATES = {
    "idle": "idle",
    "body": "body not closed",
    "waiting": "waiting for the response",
    "handshake": "TLS handshake",
}


def numbers(line: str) -> dict[str, int]:
    return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}


def test_pools_and_servers(go: str, tmp_path: Path) -> None:
    with Running(build_target("web", Build(go, "default")), tmp_path) as target:
        document = json.loads(parked(target.pid, "http", "--json").stdout)
        text = parked(target.pid, "http").stdout
        truth = [line for line in target.log.read_text().splitlines() if line[:4] == "HTTP"]
    assert document["incomplete"] == []
    transports = document["http"]["transports"]
    assert sum(transport["default"] for transport in transports) == 1
    for line in truth:
        kind, owner, scheme, address = line.split()[:4]
        expected = numbers(line)
        matching = [
            transport
            for transport in transports
            for host in transport["hosts"]
            if host["host"] == address
            and host["scheme"] == scheme
            and transport["default"] == (owner == "default")
            and (transport["max_conns_per_host"] or 0) == expected.get("max", 0)
        ]
        assert len(matching) == 1, line
        connections = matching[0]["connections"]
        if kind == "HTTP2":
            assert [(c["protocol"], c["streams"]) for c in connections] == [
                ("HTTP/2", expected["streams"])
            ]
            check_streams(connections[0]["requests"], expected, address)
            continue
        states = Counter(connection["state"] for connection in connections)
        assert states == {
            name: expected[word] for word, name in STATES.items() if word in expected
        }, line
        assert len(matching[0]["waiters"]) == expected.get("waiters", len(matching[0]["waiters"]))
        for connection in connections:
            if connection["state"] == "TLS handshake":
                continue
            assert connection["remote"] == address
            assert connection["fd"] > 2
            assert connection["reader"] and connection["writer"]
            assert connection["tls"] == (scheme == "https")
            if connection["state"] == "body not closed":
                assert connection["request"]["url"] == f"http://{address}/large"
            assert (connection["idle_ns"] is None) == (connection["state"] != "idle")
    check_servers(document["http"], text)


def check_streams(requests: list[dict], expected: dict[str, int], address: str) -> None:
    states = Counter(request["state"] for request in requests)
    assert states == {
        "waiting for the response": expected["waiting"],
        "body not closed": expected["body"],
        "body being read": expected["reading"],
    }
    for request in requests:
        assert request["goroutine"]
        assert (request["user"] is not None) == (request["state"] == "body being read")
        if request["state"] == "body not closed":
            assert request["request"] == {"method": "GET", "url": f"https://{address}/huge"}


def check_servers(http: dict, text: str) -> None:
    """Each connection of a client is one of a server in this program."""
    clients = {
        (connection["local"], connection["remote"])
        for transport in http["transports"]
        for connection in transport["connections"]
        if connection["local"]
    }
    servers = {
        (connection["remote"], connection["local"])
        for server in http["servers"]
        for connection in server["connections"]
    }
    assert len(http["servers"]) == 3
    assert servers == clients
    states = Counter(c["state"] for server in http["servers"] for c in server["connections"])
    # Two requests of HTTP/1 and those of the HTTP/2 connection are never answered.
    assert states["active"] == 3
    assert "1 of 1 taken, 3 waiting" in text
    # Of HTTP/1 two that are never answered; of HTTP/2 four, one of which cannot write all it has.
    handlers = [
        Counter(h["request"]["url"].rsplit("/", 1)[1] for h in server["handlers"])
        for server in http["servers"]
    ]
    assert sorted(handlers, key=len) == [{}, {"never": 2}, {"never": 2, "huge": 1, "trickle": 1}]
    assert all(
        h["connection"] in {c["address"] for c in server["connections"]}
        for server in http["servers"]
        for h in server["handlers"]
    )


def test_open_bodies_are_told_after_a_while(go: str, tmp_path: Path) -> None:
    with Running(build_target("web", Build(go, "default")), tmp_path) as target:
        time.sleep(0.5)
        document = json.loads(
            parked(target.pid, "report", "--json", "--suspect-age", "300ms").stdout
        )
        truth = target.log.read_text()
    two = re.search(r"HTTP2 private https (\S+)", truth)
    plain = re.search(r"HTTP private http (\S+)", truth)
    assert two and plain
    found = {f["sentence"].split(" of ")[1].split()[0]: f for f in document["findings"]
             if f["rule"] == "PK060"}  # fmt: skip
    assert set(found) == {f"https://{two[1]}", f"http://{plain[1]}"}
    for finding in found.values():
        assert (finding["verdict"], finding["count"]) == ("SUSPECT", 1)
        assert re.search("/(large|huge)", finding["evidence"][0])


def test_a_healthy_pool_has_no_finding(go: str, tmp_path: Path) -> None:
    with Running(build_target("web", Build(go, "default")), tmp_path) as target:
        document = json.loads(parked(target.pid, "report", "--json").stdout)
    # Its body is kept by a global, and its requests have not waited for long.
    assert document["findings"] == []
