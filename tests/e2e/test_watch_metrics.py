"""`parked watch` as an exporter: a file for the textfile collector, and an HTTP server."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus
from support.building import build_target
from support.commands import parked, patient
from support.matrix import Build
from support.paths import PARKED
from support.running import Running

ROWS = {"go": {"quick": ["1.27"], "ci": ["1.27"], "full": ["1.18", "1.22", "1.26", "1.27"]}}


@pytest.fixture
def service(go: str, tmp_path: Path) -> Iterator[Running]:
    with Running(build_target("decisions", Build(go, "default")), tmp_path, "3") as target:
        yield target


class Watching:
    """parked watch, in the background."""

    def __init__(self, target: Running, *options: object, every: str = "200ms") -> None:
        self.errors = target.folder / "watch-errors"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [
                    str(w)
                    for w in (PARKED, *patient("watch", target.pid, "--every", every, *options))
                ],
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def url(self) -> str:
        deadline = time.monotonic() + 60
        while not (found := re.search(r"metrics at (\S+)\n", self.errors.read_text())):
            assert self.process.poll() is None, self.errors.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return found[1]


def samples(families: Iterator[Metric]) -> dict[str, float]:
    """By name, summed over labels."""
    found: dict[str, float] = {}
    for family in families:
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


def until(read, holds) -> dict[str, float]:  # type: ignore[no-untyped-def]
    """Reads again and again: what is read is whole each time."""
    deadline = time.monotonic() + 60
    while True:
        found = read()
        if found and holds(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def more(target: Running) -> None:
    assert target.process.stdin is not None
    seen = target.log.read_text().count("MORE")
    os.write(target.process.stdin.fileno(), b"more\n")
    deadline = time.monotonic() + 60
    while target.log.read_text().count("MORE") == seen:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def once(target: Running) -> dict[str, float]:
    text = parked(target.pid, "report", "--format=openmetrics").stdout
    return samples(openmetrics(text))


def test_file(service: Running) -> None:
    file = service.folder / "parked.prom"

    def read() -> dict[str, float]:
        return samples(openmetrics(file.read_text())) if file.exists() else {}

    with Watching(service, "--openmetrics", file) as watching:
        first = until(read, lambda found: found["parked_watch_looks_total"] >= 2)
        one = once(service)
        more(service)
        # Those that have just been made may not all wait yet.
        later = until(
            read,
            lambda found: all(
                found[name] == first[name] + 5
                for name in ("parked_goroutines", "parked_finding_objects")
            ),
        )
        service.process.kill()
        service.process.wait()
        watching.process.wait(timeout=60)
        ended = read()
    # What a report says, and what only looks can.
    assert one.keys() <= first.keys()
    same = ("parked_goroutines", "parked_findings", "parked_retained_bytes", "parked_timers")
    assert {name: first.get(name) for name in same} == {name: one.get(name) for name in same}
    assert first["parked_up"] == 1
    assert later["parked_finding_objects"] == first["parked_finding_objects"] + 5
    # Nothing is said of what has ended.
    assert set(ended) == {"parked_up", "parked_watch_looks_total"}
    assert ended["parked_up"] == 0
    assert [each.name for each in service.folder.glob("parked.prom*")] == ["parked.prom"]


def test_nobody_looks_any_more(service: Running) -> None:
    """What is left of a watch that was ended is no number of now; that of --count is."""
    file = service.folder / "parked.prom"
    with Watching(service, "--openmetrics", file) as watching:
        deadline = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        watching.process.send_signal(signal.SIGTERM)
        assert watching.process.wait(timeout=60) == 0
    left = samples(openmetrics(file.read_text()))
    assert set(left) == {"parked_up", "parked_watch_looks_total"}
    assert left["parked_up"] == 0
    assert parked("watch", service.pid, "--count=1", "--openmetrics", file).returncode == 0
    assert samples(openmetrics(file.read_text()))["parked_up"] == 1


def test_file_by_rename(service: Running) -> None:
    """Whoever has it open goes on reading the old one; a link is not replaced, its file is."""
    real, link = service.folder / "real.prom", service.folder / "link.prom"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    with real.open() as old:
        done = parked("watch", service.pid, "--count", "1", "--openmetrics", link)
        assert done.returncode == 0, done.stderr
        assert old.read() == "old"
    assert link.is_symlink()
    assert real.read_text().endswith("# EOF\n")
    assert real.stat().st_mode & 0o777 == 0o640


def test_file_that_cannot_be_written(service: Running) -> None:
    done = parked("watch", service.pid, "--count", "1", "--openmetrics", "/nowhere/parked.prom")
    assert done.returncode == 2
    assert "/nowhere/parked.prom cannot be written: No such file or directory" in done.stderr


def scraped(url: str) -> dict[str, float]:
    with urllib.request.urlopen(url, timeout=60) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain")
        return samples(prometheus(answer.read().decode()))


def test_listen(service: Running) -> None:
    with Watching(service, "--listen", "0") as watching:
        url = watching.url()
        assert url.startswith("http://127.0.0.1:")
        first = until(lambda: scraped(url), lambda found: found.get("parked_up") == 1)
        one = once(service)
        more(service)
        wanted = first["parked_goroutines"] + 5
        until(lambda: scraped(url), lambda found: found["parked_goroutines"] == wanted)
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(url.replace("/metrics", "/etc/passwd"), timeout=60)
        # Ctrl-C ends it, whoever listens.
        watching.process.send_signal(signal.SIGINT)
        assert watching.process.wait(timeout=60) == 0
    assert one.keys() <= first.keys()
    same = ("parked_goroutines", "parked_findings", "parked_retained_bytes", "parked_proof_given")
    assert {name: first[name] for name in same} == {name: one[name] for name in same}


def test_ctrl_c_between_two_looks(service: Running) -> None:
    """The server's threads do not take the signal away from the one that waits."""
    with Watching(service, "--listen", "127.0.0.1:0", every="1h") as watching:
        url = watching.url()
        until(lambda: scraped(url), lambda found: found.get("parked_up") == 1)
        watching.process.send_signal(signal.SIGTERM)
        assert watching.process.wait(timeout=60) == 0


def test_a_reader_that_goes_away(service: Running) -> None:
    with Watching(service, "--listen", "127.0.0.1:0") as watching:
        url = watching.url()
        port = int(url.split(":")[2].split("/")[0])
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port)) as rude:
                rude.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert until(lambda: scraped(url), lambda found: found.get("parked_up") == 1)


def test_an_address_in_use(service: Running) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = parked("watch", service.pid, "--listen", address)
    assert done.returncode == 2
    assert f"--listen {address}: nobody can listen there now" in done.stderr


@pytest.mark.parametrize(
    "address", ["localhost:9474", "127.0.0.1", "1.2.3.4:99999", "[::1]", "80s"]
)
def test_an_address_that_is_none(address: str) -> None:
    done = parked("watch", "1", "--listen", address)
    assert done.returncode == 2
    assert "expected an address in numbers and a port" in done.stderr
