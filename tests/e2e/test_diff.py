"""parked diff: what is new, gone, grown, and who is still parked; baselines."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from support.building import build_target
from support.commands import gdb, parked, run_script
from support.matrix import Build
from support.paths import ROOT
from support.running import Core, Running

VALIDATOR = Draft202012Validator(
    json.loads((ROOT / "docs/schema/parked-diff-1.schema.json").read_text())
)
GOS = ["1.18", "1.22", "1.26", "1.27"]
ROWS = {"go": {"quick": ["1.27"], "ci": [GOS[0], GOS[-1]], "full": GOS}}
NOTIFY = "main.(*server).notify"


def leak_more(target: Running) -> None:
    """Five senders more."""
    assert target.process.stdin is not None
    seen = target.log.read_text().count("MORE")
    os.write(target.process.stdin.fileno(), b"more\n")
    deadline = time.monotonic() + 60
    while target.log.read_text().count("MORE") == seen:
        assert target.process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    target.settle()


def kept(target: Running, path: Path, *options: object) -> Path:
    path.write_text(parked(target.pid, "report", *options).stdout)
    return path


def diff(*words: object, code: int = 0) -> dict:
    result = parked("diff", *words, "--json")
    assert result.returncode == code, result.stderr
    document = json.loads(result.stdout)
    VALIDATOR.validate(document)
    return document


def line_of(text: str, function: str, words: list) -> str:
    """The line that has the goroutine's own function, or its verdict."""
    of = "PROVED" if words[0] == "why" else function.split(".")[-1]
    return next(line for line in text.splitlines() if of in line)


def changes(document: dict, what: str = "findings") -> dict[str, str]:
    return {c["func"]: c["change"] for c in document[what] if c["verdict"] == "PROVED"}


def test_one_process_over_time(go: str, tmp_path: Path) -> None:
    with Running(build_target("decisions", Build(go, "default")), tmp_path, "3") as target:
        before = kept(target, tmp_path / "before.json", "--json")
        lines = kept(target, tmp_path / "before.jsonl", "--jsonl")
        senders = {
            g["id"]
            for g in json.loads(before.read_text())["goroutines"]
            if g["user_frame"] and g["user_frame"]["func"] == NOTIFY
        }
        leak_more(target)
        document = diff(before, target.pid)
        # The same, whatever A is read from.
        others = [diff(lines, target.pid), diff(before, kept(target, tmp_path / "b", "--jsonl"))]
        core = target.gcore().core
    others.append(diff(before, core))
    assert document["same_process"]
    assert len(senders) == 3
    assert senders <= set(document["still_parked"])
    finding = next(c for c in document["findings"] if c["func"] == NOTIFY)
    assert (finding["change"], finding["before"], finding["after"]) == ("grown", 3, 8)
    assert finding["still_parked"] == 3
    assert set(changes(document).values()) == {"grown", "same"}
    for other in others:
        assert changes(other) == changes(document)
        assert other["same_process"]
        assert set(other["still_parked"]) >= senders


def test_two_builds(go: str, tmp_path: Path) -> None:
    """What a release leaks that the one before did not, and what it has mended."""
    binary = build_target("decisions", Build(go, "default"))
    stripped = build_target("decisions", Build(go, "stripped"))
    with Running(binary, tmp_path, "3") as old:
        before = kept(old, tmp_path / "old", "--json")
    with Running(stripped, tmp_path, "0", "fixed") as new:
        after = kept(new, tmp_path / "new", "--json")
    mended = diff(before, after, "--fail-on", "suspect")
    assert not mended["same_process"]
    assert mended["still_parked"] == []
    assert changes(mended)[NOTIFY] == "gone"
    assert {change for func, change in changes(mended).items() if func != NOTIFY} == {"same"}
    broken = diff(after, before, "--fail-on", "suspect", code=1)
    assert changes(broken)[NOTIFY] == "new"


IN_PYTHON = """
import json, sys, parked
before, after, pid, baseline = sys.argv[1:]
print(json.dumps(parked.diff(before, after).raw))
live = parked.attach(int(pid), max_pause=60)
patient = parked.diff(before, int(pid), max_pause=60)
of = {"kept and live": patient, "session": parked.diff(before, live)}
for how, one in of.items():
    changed = {c.func: c.change for c in one.findings if c.verdict == "PROVED"}
    print(json.dumps([how, one.same_process, one.b.source, changed]))
print(json.dumps([c.known for c in parked.diff(before, after).findings]))
parked.write_baseline(live, baseline)
print(json.dumps([c.known for c in parked.diff(before, live, baseline=baseline).findings]))
print(bool(parked.leaks(live)), bool(parked.leaks(live, baseline=baseline)))
try:
    parked.diff(before, "/nowhere/core")
except parked.Error as refused:
    print(refused.exit_code, refused)
"""


def test_python(go: str, tmp_path: Path) -> None:
    with Running(build_target("decisions", Build(go, "default")), tmp_path, "3") as target:
        before = kept(target, tmp_path / "123", "--json")  # a number is no process here
        leak_more(target)
        after = kept(target, tmp_path / "after.jsonl", "--jsonl")
        document = diff(f"{before.parent}/123", after)
        baseline = tmp_path / "baseline"
        lines = run_script(IN_PYTHON, before, after, target.pid, baseline).splitlines()
        shown = parked(target.pid, "report", "--fail-on=suspect", "--baseline", baseline)
    assert json.loads(lines[0]) == document
    for line, source in zip(lines[1:3], (str(target.pid), f"process {target.pid}")):
        _, same, of, changed = json.loads(line)
        assert (same, of) == (True, source)
        assert changed == changes(document)
        assert changed[NOTIFY] == "grown"
    assert set(json.loads(lines[3])) == {False}
    assert set(json.loads(lines[4])) == {True}
    assert lines[5] == "True False"
    assert lines[6].startswith("2 ")
    assert shown.returncode == 0


def test_text(tmp_path: Path) -> None:
    with Running(build_target("decisions", Build("1.27", "default")), tmp_path, "3") as target:
        before = kept(target, tmp_path / "before", "--json")
        leak_more(target)
        result = parked("diff", before, target.pid)
    assert result.returncode == 0, result.stderr
    assert "findings: 1 grown, 3 same" in result.stdout
    assert "grown   PROVED   3 -> 8  PK0" in result.stdout
    assert NOTIFY in result.stdout
    assert "3 goroutines on the same object as before" in result.stdout


def test_cores(kernel_core: Callable[..., Core]) -> None:
    first = kernel_core("decisions", Build("1.27", "default"), "3")
    second = kernel_core("decisions", Build("1.27", "default"), "5")
    document = diff(first.core, second.core, "--exe", first.binary, "--fail-on", "proved", code=1)
    assert changes(document)[NOTIFY] == "grown"
    assert not document["same_process"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "needs two things"),
        (("/none/such",), "needs two things"),
        (("/none/such", "/none/such"), "/none/such"),
        (("/none/such", "/none/such", "third"), "third"),
        (("A", "B", "--system"), "does not know '--system'"),
    ],
)
def test_usage(words: tuple[str, ...], says: str) -> None:
    result = parked("diff", *words)
    assert result.returncode == 2
    assert says in result.stderr
    assert result.stdout == ""


def test_baseline(go: str, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline"
    with Running(build_target("decisions", Build(go, "default")), tmp_path, "0", "fixed") as target:
        written = parked(target.pid, "report", "--write-baseline", baseline)
        assert written.returncode == 0, written.stderr
        listed = json.loads(baseline.read_text())
        assert {f["func"] for f in listed["findings"]} >= {"main.choose", "main.drain[...]"}
        words = ("report", "--fail-on", "suspect")
        assert parked(target.pid, *words).returncode == 1
        for known in (baseline, kept(target, tmp_path / "report", "--json")):
            result = parked(target.pid, *words, "--baseline", known)
            assert result.returncode == 0, result.stdout + result.stderr
            assert "the baseline lists 3 of 3 leaking groups" in result.stdout
        document = json.loads(parked(target.pid, "report", "--json", "--baseline", baseline).stdout)
        assert {f["known"] for f in document["findings"]} == {True}
        # What leaks since then fails, alone.
        leak_more(target)
        result = parked(target.pid, *words, "--json", "--baseline", baseline)
        assert result.returncode == 1
        document = json.loads(result.stdout)
        failing = [document["groups"][i] for i in document["fail_on"]["groups"]]
        assert [g["user_frame"]["func"] for g in failing] == [NOTIFY]
        assert [g["known"] for g in failing] == [False]
        empty = json.loads(parked(target.pid, "report", "--json").stdout)
        assert {g["known"] for g in empty["groups"]} == {None}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Running:
    folder = tmp_path_factory.mktemp("diff")
    with Running(build_target("decisions", Build("1.27", "default")), folder, "3") as target:
        yield target


def test_watch_passes_over_what_is_known(service: Running, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline"
    parked(service.pid, "report", "--write-baseline", baseline)
    words = ("watch", service.pid, "--count", "1", "--fail-on", "suspect")
    assert parked(*words).returncode == 1
    result = parked(*words, "--baseline", baseline)
    assert result.returncode == 0, result.stderr
    assert "known" in result.stdout
    look = json.loads(parked(*words, "--baseline", baseline, "--json").stdout)
    assert {g["known"] for g in look["groups"] if g["verdict"] == "PROVED"} == {True}


def test_python_checks_take_a_baseline(service: Running, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline"
    parked(service.pid, "report", "--write-baseline", baseline)
    script = """
import sys, parked
with parked.attach(int(sys.argv[1]), max_pause=60) as session:
    parked.assert_no_leaks(session, baseline=sys.argv[2])
    print(len(parked.leaks(session).groups), all(f.known for f in
          parked.leaks(session, baseline=sys.argv[2]).document.findings))
"""
    assert run_script(script, service.pid, baseline) == "4 True\n"


def test_a_baseline_that_is_none(service: Running, tmp_path: Path) -> None:
    other = tmp_path / "list"
    other.write_text("IgnoreRule PK005\n")
    for words in (("report",), ("watch", "--count", "1")):
        result = parked(service.pid, *words, "--baseline", other)
        assert result.returncode == 2
        assert f"{other} is no baseline" in result.stderr
    missing = parked(service.pid, "report", "--baseline", tmp_path / "none")
    assert missing.returncode == 2
    assert "cannot be read" in missing.stderr


def test_a_baseline_that_cannot_be_written(service: Running, tmp_path: Path) -> None:
    result = parked(service.pid, "report", "--write-baseline", tmp_path / "none" / "baseline")
    assert result.returncode == 2
    assert "cannot be written" in result.stderr


def test_a_report_without_fingerprints(service: Running, tmp_path: Path) -> None:
    """Nothing of it could be found again: that is no difference, and no finding is new."""
    whole = json.loads(parked(service.pid, "report", "--json").stdout)
    for each in whole["groups"] + whole["findings"]:
        del each["fingerprint"]
    older = tmp_path / "older.json"
    older.write_text(json.dumps(whole))
    grouped = tmp_path / "grouped.json"
    grouped.write_text(parked(service.pid, "report", "--json", "--group", "reason").stdout)
    lines = tmp_path / "grouped.jsonl"
    lines.write_text(parked(service.pid, "report", "--jsonl", "--group", "reason").stdout)
    for file in (older, grouped, lines):
        for words in (
            ("diff", file, service.pid),
            ("diff", service.pid, file),
            (service.pid, "report", "--baseline", file),
        ):
            done = parked(*words)
            assert (done.returncode, done.stdout) == (2, ""), words
            assert "no fingerprints" in done.stderr
            assert file.name in done.stderr


def test_a_list_of_something_else(service: Running, tmp_path: Path) -> None:
    """It has no groups, and that is not none."""
    for words, name in ((("locks", "--json"), "locks.json"), (("timers", "--jsonl"), "t.jsonl")):
        file = tmp_path / name
        file.write_text(parked(service.pid, *words).stdout)
        for asked in (("diff", file, service.pid), (service.pid, "report", "--baseline", file)):
            done = parked(*asked)
            assert (done.returncode, done.stdout) == (2, ""), asked
            assert "has no groups" in done.stderr
    none = tmp_path / "none.json"
    none.write_text(parked(service.pid, "report", "--json", "--with", "verdict", "orphan").stdout)
    assert parked("diff", none, none).returncode == 0


def test_a_part_and_a_whole(service: Running, tmp_path: Path) -> None:
    """What one of the two left out is neither new nor gone."""
    whole = kept(service, tmp_path / "whole.json", "--json")
    chosen = kept(service, tmp_path / "chosen.json", "--json", "--with", "verdict", "proved")
    lines = kept(service, tmp_path / "few.jsonl", "--jsonl", "--limit", "1")
    for part in (chosen, lines):
        for a, b, change in ((part, whole, "new"), (service.pid, part, "gone")):
            done = parked("diff", a, b)
            assert (done.returncode, done.stdout) == (2, ""), done.stdout
            assert f"{part} has a part of its goroutines" in done.stderr
            assert f"would look {change}" in done.stderr
    both = parked("diff", chosen, chosen)
    assert both.returncode == 0, both.stderr
    assert both.stdout.count("in part: filters or a limit") == 2
    document = diff(chosen, chosen)
    assert document["a"]["partial"]
    assert not diff(whole, whole)["a"]["partial"]


def test_a_report_of_another_version(service: Running, tmp_path: Path) -> None:
    for words in ("--json", "--jsonl"):
        newer = tmp_path / "newer"
        text = parked(service.pid, "report", words).stdout
        newer.write_text(text.replace('"parked/1"', '"parked/2"'))
        for asked in (("diff", newer, service.pid), (service.pid, "report", "--baseline", newer)):
            done = parked(*asked)
            assert (done.returncode, done.stdout) == (2, ""), asked
            assert "parked/2" in done.stderr
            assert "it reads parked/1" in done.stderr


def test_every_command_takes_a_baseline(service: Running, tmp_path: Path) -> None:
    """What is listed is shown as known, wherever a goroutine stands in a list."""
    baseline = tmp_path / "baseline"
    parked(service.pid, "report", "--write-baseline", baseline)
    report = json.loads(parked(service.pid, "report", "--json").stdout)
    sender = next(
        g for g in report["goroutines"] if g["user_frame"] and g["user_frame"]["func"] == NOTIFY
    )
    channel = sender["waiting_on"][0]["address"]
    # What has a line for the goroutine says it there, and nothing says it without the list.
    told = [["goroutines"], ["goroutine", sender["id"]], ["why", sender["id"]], ["pstree"]]
    for words in [*told, ["channel", channel]]:
        listed = parked(service.pid, *words, "--baseline", baseline)
        assert listed.returncode == 0, listed.stderr
        place = listed.stdout if words[0] == "goroutine" else line_of(listed.stdout, NOTIFY, words)
        assert "known" in place, words
        assert "known" not in parked(service.pid, *words).stdout, words
    commands = parked("help").stdout.split("Commands:")[1]
    apart = {"watch", "goroutine", "why", "channel", "diff", "dump", "exec", "handler"}
    apart |= {"explain", "help"}
    names = set(re.findall(r"^  (\w+) ", commands, re.MULTILINE)) - apart
    assert {"report", "crash", "locks", "islands", "info"} <= names
    for name in names:
        document = parked(service.pid, name, "--json", "--baseline", baseline)
        assert document.returncode == 0, (name, document.stderr)
        findings = json.loads(document.stdout).get("findings", [])
        assert all(f["known"] for f in findings if f["verdict"] == "PROVED"), name


def test_in_debuggers_it_says_where_to_run_it() -> None:
    shown = gdb("parked diff a b")
    assert "run it in a shell" in shown.stdout + shown.stderr
