"""The programs of docs/rules.md: each rule fires on the bad one and is silent on the good one."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import pytest
from support.building import go_environment, only_one, tree_hash
from support.commands import parked
from support.matrix import RELEASES
from support.paths import CACHE, ROOT

DOCUMENT = (ROOT / "docs/rules.md").read_text()
RULE_TABLE = (ROOT / "core/rules/rule.cpp").read_text()
DRIVER = ROOT / "tests/targets/fakedb"
GRPC = ROOT / "tests/targets/fakegrpc"
# A good program that used no processor for so long has nobody left who is blocked for good.
LONG_ENOUGH = 0.8
# So much in that time, in seconds, is a ticker or a collection now and then.
LITTLE = 0.1
# How many good programs are waited for at a time.
TOGETHER = 6
# What sections with a line "Needs:" import.
REQUIRED = """\
require golang.org/x/sync v0.1.0
require github.com/jackc/puddle/v2 v2.2.1
require google.golang.org/grpc v0.0.0
"""
SUMS = """\
github.com/jackc/puddle/v2 v2.2.1 h1:RhxXJtFG022u4ibrCSMSiu5aOq1i77R3OHKNJj77OAk=
github.com/jackc/puddle/v2 v2.2.1/go.mod h1:vriiEXHvEE654aYKXXjOvZM39qJ0q+azkZFrfEOc3H4=
golang.org/x/sync v0.1.0 h1:wsuoTGHzEhffawBOhz5CYhcrV4IdKZbEyZjBMuTp12o=
golang.org/x/sync v0.1.0/go.mod h1:RxMgew5VJxzue5/jJTE5uejpjVlOe/izrB70Jof72aM=
"""
STRIPPED = "-s -w"  # flags of the linker
AT_MOST = 60.0


@dataclass(frozen=True)
class Section:
    rule: str
    programs: tuple[str, ...]  # bad, good
    options: tuple[str, ...]  # a line "Options: --suspect-age 300ms"
    before: int | None  # a line "Go: before 1.23": newer releases do not have the problem
    since: int  # a line "Go: since 1.23": older releases do not compile its programs
    driver: bool  # a line "Driver: fake": its programs need the driver of tests/targets/fakedb
    findings: int  # a line "Findings: 2": how many the bad program has
    also: frozenset[str]  # a line "Also: PK060": rules that may fire beside it
    says: str  # a line "Says: …": what the sentence or the evidence has to say


def line_of(section: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*)$", section, re.MULTILINE)
    return found.group(1) if found else ""


def read_section(text: str) -> Section:
    releases = line_of(text, "Go")
    before = re.match(r"before 1\.(\d+)", releases)
    since = re.match(r"since 1\.(\d+)", releases)
    return Section(
        rule=text.split("\n", 1)[0],
        programs=tuple(re.findall(r"^```go\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)),
        options=tuple(line_of(text, "Options").split()),
        before=int(before[1]) if before else None,
        since=int(since[1]) if since else 0,
        driver=line_of(text, "Driver") == "fake",
        findings=int(line_of(text, "Findings") or 1),
        also=frozenset(line_of(text, "Also").replace(",", " ").split()),
        says=line_of(text, "Says"),
    )


SECTIONS = {section.rule: section for section in map(read_section, DOCUMENT.split("\n## ")[1:])}


# Rules that depend on more of the runtime and of libraries than most: they have rows of their own.
MORE_ROWS = ("PK008", "PK041", "PK084", "PK085", "PK086")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    matrix = metafunc.config.getoption("--matrix")
    whole = [(go, flags, tuple(SECTIONS)) for go, flags in rows(matrix)]
    if "rule" in metafunc.fixturenames:
        more = [(go, flags, MORE_ROWS) for go, flags in more_rows(matrix)]
        chosen = [
            (go, flags, rules, rule)
            for go, flags, rules in whole + more
            for rule in rules
            if rules != MORE_ROWS or SECTIONS[rule].since <= int(go.removeprefix("1."))
        ]
        ids = [f"{name_of(go, flags)}-{rule}" for go, flags, _, rule in chosen]
        metafunc.parametrize(("go", "flags", "rules", "rule"), chosen, ids=ids)
    elif "go" in metafunc.fixturenames:
        ids = [name_of(go, flags) for go, flags, _ in whole]
        metafunc.parametrize(("go", "flags", "rules"), whole, ids=ids)


def name_of(go: str, flags: str) -> str:
    return go + ("-stripped" if flags else "")


def test_every_rule_has_its_section_and_its_line() -> None:
    table = re.findall(r'RuleId::\w+, "(PK\d+)", "([^"]+)"', RULE_TABLE)
    lines = re.findall(r"^\| \[(PK\d+)\]\(#pk\d+\) \| (.*) \|$", DOCUMENT, re.MULTILINE)
    assert lines == table
    assert list(SECTIONS) == re.findall(r'"(PK\d+)"', RULE_TABLE)
    assert all(len(section.programs) == 2 for section in SECTIONS.values())


def rows(matrix: str) -> list[tuple[str, str]]:
    """Release and flags of the linker."""
    return {
        "quick": [("1.22", "")],
        "ci": [("1.18", STRIPPED), ("1.27", "")],
        "full": [(go, flags) for go in RELEASES for flags in ("", STRIPPED)],
    }[matrix]


def more_rows(matrix: str) -> list[tuple[str, str]]:
    """With the others: the oldest and the newest release, and each kind of timers and pools."""
    return [("1.22", ""), ("1.26", STRIPPED)] if matrix == "ci" else []


def prepares(matrix: str) -> list[tuple[str, Callable[[], object]]]:
    wanted = [(*row, tuple(SECTIONS)) for row in rows(matrix)]
    wanted += [(*row, MORE_ROWS) for row in more_rows(matrix)]
    return [(f"go{row[0]}-default", partial(programs, *row)) for row in wanted]


@cache
def programs(go: str, flags: str, rules: tuple[str, ...]) -> Path:
    """Folder with the programs of these rules, built in one go: PK001-bad, PK001-good, …"""
    made_of = DOCUMENT + tree_hash(DRIVER, GRPC) + "".join(rules)
    name = hashlib.sha256(made_of.encode()).hexdigest()[:16]
    folder = CACHE / f"rules-{RELEASES[go]}{flags.replace(' ', '')}-{name}"
    binaries = folder / "bin"
    with only_one(folder.name):
        if not binaries.exists():
            build_programs(go, flags, rules, folder, binaries)
    return binaries


def build_programs(
    go: str, flags: str, rules: tuple[str, ...], folder: Path, binaries: Path
) -> None:
    for rule in rules:
        section = SECTIONS[rule]
        for kind, source in zip(("bad", "good"), section.programs, strict=True):
            package = folder / f"{rule}-{kind}"
            package.mkdir(parents=True, exist_ok=True)
            (package / "main.go").write_text(source)
            if section.driver:
                (package / "driver.go").write_text(
                    'package main\n\nimport _ "parked.test/fakedb"\n'
                )
    (folder / "go.mod").write_text(
        f"module parked.test/rules\n\ngo {go}\n\nrequire parked.test/fakedb v0.0.0\n"
        f"{REQUIRED}\nreplace parked.test/fakedb => {DRIVER}\n"
        f"replace google.golang.org/grpc => {GRPC}\n"
    )
    (folder / "go.sum").write_text(SUMS)
    unfinished = folder / "partial"
    unfinished.mkdir(exist_ok=True)
    subprocess.run(
        ["go", "build", f"-ldflags={flags}", "-o", f"{unfinished}/", "./..."],
        cwd=folder,
        env=go_environment(go),
        check=True,
    )
    unfinished.rename(binaries)


@contextlib.contextmanager
def running(program: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([program], stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def at_rest(*processes: subprocess.Popen[bytes]) -> None:
    """Waits until they used no processor for LONG_ENOUGH, or as little as one with a ticker."""
    ticks = os.sysconf("SC_CLK_TCK")

    def used(process: subprocess.Popen[bytes]) -> float:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / ticks

    deadline = time.monotonic() + AT_MOST
    while True:
        before = [used(process) for process in processes]
        time.sleep(LONG_ENOUGH)
        now = [used(process) for process in processes]
        most = max(after - was for was, after in zip(before, now, strict=True))
        if most <= LITTLE or time.monotonic() > deadline:
            return


def findings(pid: int, options: tuple[str, ...]) -> list[dict]:
    deadline = time.monotonic() + AT_MOST
    while True:
        result = parked(pid, "report", "--json", *options)
        # A loaded machine, or the runtime was changing something just then.
        asked_too_early = result.returncode == 3 or "had not started" in result.stderr
        if not asked_too_early or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert result.returncode == 0, result.stderr + result.stdout[-400:]
    return json.loads(result.stdout)["findings"]


Key = tuple[str, str, str]  # release, flags of the linker, rule


@pytest.fixture(scope="module")
def findings_in_good() -> Callable[[str, str, tuple[str, ...], str], list[dict]]:
    """Findings in the good program of a rule. Those of TOGETHER rules come to rest side by side."""
    found: dict[Key, list[dict]] = {}

    def look(go: str, flags: str, rules: tuple[str, ...], rule: str) -> list[dict]:
        minor = int(go.removeprefix("1."))
        if (go, flags, rule) not in found:
            left = rules[rules.index(rule) :]
            chosen = [name for name in left if SECTIONS[name].since <= minor][:TOGETHER]
            with contextlib.ExitStack() as stack:
                folder = programs(go, flags, rules)
                started = [stack.enter_context(running(folder / f"{n}-good")) for n in chosen]
                at_rest(*started)
                for name, process in zip(chosen, started, strict=True):
                    found[go, flags, name] = findings(process.pid, SECTIONS[name].options)
                    assert process.poll() is None, name
        return found[go, flags, rule]

    return look


def test_rule(
    go: str,
    flags: str,
    rules: tuple[str, ...],
    rule: str,
    findings_in_good: Callable[[str, str, tuple[str, ...], str], list[dict]],
) -> None:
    section = SECTIONS[rule]
    minor = int(go.removeprefix("1."))
    if minor < section.since:
        pytest.skip(f"its programs need Go 1.{section.since}")
    with running(programs(go, flags, rules) / f"{rule}-bad") as bad:
        if section.before is None or minor < section.before:
            expect_finding(section, bad.pid)
        else:
            at_rest(bad)
            assert findings(bad.pid, section.options) == []
    assert findings_in_good(go, flags, rules, rule) == []


def expect_finding(section: Section, pid: int) -> None:
    deadline = time.monotonic() + AT_MOST
    expected = {section.rule} | section.also
    while True:
        found = findings(pid, section.options)
        rules = [finding["rule"] for finding in found]
        if rules.count(section.rule) >= section.findings and set(rules) <= expected:
            break
        assert time.monotonic() < deadline, f"found {rules}"
        time.sleep(0.1)
    finding = next(f for f in found if f["rule"] == section.rule)
    assert finding["place"] is None or finding["place"]["func"].startswith("main.")
    assert finding["count"] > 0
    assert finding["documentation"] == f"docs/rules.md#{section.rule.lower()}"
    if finding["group"] is None:
        assert finding["evidence"]
    said = [finding["sentence"], *finding["evidence"]]
    assert any(section.says in line for line in said), said
    # This is another moment, in which the program may be in the middle of a collection.
    while f" {section.rule} " not in (text := parked(pid, "report", *section.options).stdout):
        assert time.monotonic() < deadline, text
        time.sleep(0.1)


def test_locks_tell_of_extra_sync(go: str, flags: str, rules: tuple[str, ...]) -> None:
    folder = programs(go, flags, rules)
    told = {}
    for rule in ("PK026", "PK027", "PK028"):
        with running(folder / f"{rule}-bad") as bad:
            expect_finding(SECTIONS[rule], bad.pid)
            told[rule] = json.loads(parked(bad.pid, "locks", "--json").stdout)["extra_sync"]
            text = parked(bad.pid, "locks").stdout
            report = parked(bad.pid, "report").stdout
        if rule == "PK026":
            assert re.search(
                r"waits on +semaphore\.Weighted 0x[0-9a-f]+, 2 of 2 taken, 1 wait", report
            )
        assert ("semaphore.Weighted" if rule == "PK026" else "errgroup.Group") in text
    (semaphore,) = told["PK026"]["semaphores"]
    assert len(semaphore["waiting"]) == 1
    assert (semaphore["size"], semaphore["taken"]) == (2, 2)
    (waiting,) = told["PK027"]["error_groups"]
    assert len(waiting["waiting"]) == 1 and waiting["wait_group"]
    (starting,) = told["PK028"]["error_groups"]
    assert len(starting["starting"]) == 1 and starting["limit_channel"]


def test_who_delivers_signals_is_told(go: str, flags: str, rules: tuple[str, ...]) -> None:
    with running(programs(go, flags, rules) / "PK050-bad") as bad:
        expect_finding(SECTIONS["PK050"], bad.pid)
        document = json.loads(parked(bad.pid, "report", "--json").stdout)
        text = parked(bad.pid, "report").stdout
    known = {g["known_as"] for g in document["goroutines"] if g["status"] == "syscall"}
    assert "signal delivery" in known
    assert re.search(r"^ +is +signal delivery$", text, re.MULTILINE)


def test_http_tells_of_shutdown(go: str, flags: str, rules: tuple[str, ...]) -> None:
    with running(programs(go, flags, rules) / "PK066-bad") as bad:
        expect_finding(SECTIONS["PK066"], bad.pid)
        (server,) = json.loads(parked(bad.pid, "http", "--json").stdout)["http"]["servers"]
        text = parked(bad.pid, "http").stdout
    (goroutine,) = server["shutting_down"]
    assert f"closing goroutine {goroutine} in Shutdown\n" in text
