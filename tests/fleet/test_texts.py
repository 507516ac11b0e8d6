"""Go's own texts: what they say is what parked says of the same process, and nothing is proved."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.building import build_target
from support.commands import parked
from support.fleet import Profiled
from support.matrix import Build
from support.running import Running

if TYPE_CHECKING:
    from parked.fleet.rows import Reading

GOS = ["1.18", "1.22", "1.26", "1.27"]
ROWS = {"go": {"quick": ["1.27"], "ci": [GOS[0], GOS[-1]], "full": GOS}}
# Programs with many ways to wait, whose every fingerprint a text has to give.
PROGRAMS = [("zoo", "still"), ("locks",), ("orphans",), ("daemons",), ("generics",)]
Service = Callable[[str], Profiled]


def prepares(matrix: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """What support.targets builds before the tests start."""
    rows = [("profiled", go) for go in {*ROWS["go"][matrix], "1.27"}]
    for name, go in [*rows, *((program[0], "1.27") for program in PROGRAMS)]:
        build = Build(go, "default")
        yield str(build), lambda name=name, build=build: build_target(name, build)


def reading(path: Path, threshold: int = 10_000) -> Reading:
    from parked.fleet.kinds import kind_of
    from parked.fleet.text_groups import Judge

    kind = kind_of(path.read_bytes()[:65536])
    assert kind is not None
    return kind.read(path, Judge(threshold))


def counts(found: Reading) -> Counter[str]:
    total: Counter[str] = Counter()
    for group in found.groups:
        total[group.fingerprint or ""] += group.count
    return total


def blocked(found: Reading) -> Counter[str]:
    """Without goroutines that ran: main writes the dump, and reads when parked looks."""
    total: Counter[str] = Counter()
    for group in found.groups:
        if group.state == "blocked":
            total[group.fingerprint or ""] += group.count
    return total


def test_a_dump_has_the_fingerprints_of_the_report(service: Service, go: str) -> None:
    looked = service(go)
    found = reading(looked.folder / "goroutine.2")
    assert found.kind == "goroutines" and not found.missing
    assert found.target["goroutines"] == looked.counts().total()
    assert blocked(found).total() == 35
    assert not blocked(found) - looked.counts()


def test_a_crash_log_has_them(service: Service, go: str) -> None:
    looked = service(go)
    found = reading(looked.log)
    assert found.kind == "crash_log" and not found.missing
    assert found.target["death"] == "panic: told to"
    assert not blocked(found) - looked.counts()
    assert {group.verdict for group in found.groups} == {None}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program[0])
def test_every_wait(program: tuple[str, ...], tmp_path: Path) -> None:
    """parked writes Go's dump byte for byte, of the same moment as its report."""
    name, *arguments = program
    binary = build_target(name, Build("1.27", "default"))
    with Running(binary, tmp_path, *arguments) as target:
        dump = tmp_path / "dump"
        assert parked("dump", target.pid, "-o", dump).returncode == 0
    document = json.loads(parked("core", binary, dump, "report", "--json").stdout)
    text = tmp_path / "text"
    text.write_text(parked("core", binary, dump, "report", "--format", "traceback").stdout)
    truth: Counter[str] = Counter()
    for group in document["groups"]:
        if not group["system"]:
            truth[group["fingerprint"]] += group["count"]
    assert counts(reading(text)) == truth
    ages = [group["wait_ns_at_least"] or 0 for group in document["groups"]]
    assert max(group.oldest_seconds or 0 for group in reading(text).groups) <= max(ages) / 1e9


def test_a_profile_has_groups_and_no_creators(service: Service, go: str) -> None:
    found = reading_packed(service(go).folder / "goroutine.0")
    assert found.kind == "pprof"
    by_function = {group.function: group for group in found.groups}
    sends = by_function["parked.test/profiled/queue.send"]
    assert (sends.count, sends.reason, sends.created_by) == (30, "chan send", None)
    assert by_function["main.sleeper"].reason == "sleep"
    assert found.target["goroutines"] == 36
    assert {group.verdict for group in found.groups} == {None} and not found.findings


def reading_packed(path: Path, threshold: int = 10_000) -> Reading:
    plain = path.with_suffix(".unpacked")
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    return reading(plain, threshold)


def test_debug_1(service: Service, go: str) -> None:
    path = service(go).folder / "goroutine.1"
    found = reading(path)
    assert found.kind == "pprof" and found.target["goroutines"] == 36
    assert max(group.count for group in found.groups) == 30
    cut = path.with_suffix(".cut")
    cut.write_text(path.read_text()[: len(path.read_text()) // 2])
    assert any("ends early" in each for each in reading(cut).missing)


def test_what_gos_own_detection_proves(service: Service) -> None:
    folder = service("1.27").folder
    profile = reading_packed(folder / "goroutineleak.0")
    for found in (profile, reading(folder / "goroutineleak.1")):
        assert {group.verdict for group in found.groups} == {"PROVED"}
        assert found.target["proved"] == 31
        assert {finding.rule for finding in found.findings} == {"goroutineleak"}
        assert all("goroutineleak profile" in f.sentence for f in found.findings)
    dump = reading(folder / "goroutineleak.2")
    proved = {group.function for group in dump.groups if group.verdict == "PROVED"}
    assert proved == {"parked.test/profiled/queue.send", "parked.test/profiled/queue.Choose"}


def test_a_log_proves_nothing(service: Service, tmp_path: Path) -> None:
    """Anybody may write "(leaked)" to a log."""
    log = tmp_path / "log"
    log.write_text("started\n" + (service("1.27").folder / "goroutineleak.2").read_text())
    found = reading(log)
    assert found.kind == "crash_log"
    assert {group.verdict for group in found.groups} == {None}


def test_the_threshold(service: Service, go: str) -> None:
    path = service(go).folder / "goroutine.2"
    before = {finding.rule for finding in reading(path, 31).findings}
    found = reading(path, 30)
    assert "leakprof" not in before
    suspects = [f for f in found.findings if f.rule == "leakprof"]
    # Of 1.27 the leak profile has run before, and proves what would be suspect.
    expected = [] if go == "1.27" else ["SUSPECT"]
    assert [finding.verdict for finding in suspects] == expected
    assert reading_packed(service(go).folder / "goroutine.0", 30).target["suspect"] == 30


def test_cut_off(service: Service, go: str, tmp_path: Path) -> None:
    """Wherever a dump is cut, but between two goroutines, that is said."""
    text = (service(go).folder / "goroutine.2").read_text()
    whole = reading(service(go).folder / "goroutine.2").target["goroutines"]
    second = text.index("\ngoroutine ", text.index("created by")) + 1
    path = tmp_path / "cut"
    for end in range(second + 30, second + 700, 61):
        if text[:end].endswith("\n\n"):
            continue
        path.write_text(text[:end])
        found = reading(path)
        assert found.missing == ["the text ends within a goroutine"], text[end - 60 : end]
        assert found.target["goroutines"] < whole
