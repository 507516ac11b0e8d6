"""`go test -exec 'parked exec …'`: which goroutines tests left behind, and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from support.building import go_environment
from support.matrix import RELEASES
from support.paths import PARKED, ROOT

SUITE = ROOT / "tests/targets/suite"
LAST_LINE = r"^(?:ok|FAIL)[ \t]+parked\.test/suite/(\w+)\t.*$"
ROWS = {
    "go": {"quick": ["1.27"], "ci": ["1.27"], "full": list(RELEASES)},
    "raced": {"quick": [], "ci": [], "full": ["1.27"]},
}


def go_test(go: str, *words: str, options: str = "--fail-on orphan", **env: str) -> tuple[int, str]:
    done = subprocess.run(
        ["go", "test", *(["-exec", f"{PARKED} exec {options} --"] if options else []), *words],
        cwd=SUITE,
        env={**go_environment(go), "CGO_ENABLED": "0", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout


@cache
def everything(go: str, options: str) -> dict[str, str]:
    """By package what go test says of it, "ok" or "FAIL" in the last line. One is stuck."""
    _, said = go_test(go, "-timeout", "3s", "./...", options=options)
    packages = {}
    begun = 0
    for found in re.finditer(LAST_LINE, said, re.MULTILINE):
        packages[found[1]] = said[begun : found.end()]
        begun = found.end()
    assert set(packages) == {path.parent.name for path in SUITE.glob("*/*_test.go")}, said
    return packages


def last(text: str) -> str:
    return text.strip().splitlines()[-1].split()[0]


@pytest.mark.parametrize(
    "package",
    ["clean", "kept", "testmain", "again", "fuzzed", "skips", "exits", "panics"],
)
def test_nothing_is_said_of(go: str, package: str) -> None:
    """Tests that wait for each other, that end early, that leave what is meant to be there."""
    said = everything(go, "--fail-on suspect")[package]
    assert "parked exec" not in said
    assert last(said) == last(everything(go, "")[package])


@pytest.mark.parametrize(
    ("package", "found"),
    [
        ("leaky", r" 3  PROVED   chan send "),
        ("parallel", r" 2  PROVED   chan send "),
        ("orphaned", r" 6  ORPHAN   select "),
    ],
)
def test_what_is_left_is_told(go: str, package: str, found: str) -> None:
    said = everything(go, "--fail-on suspect")[package]
    assert re.search(found, said), said
    assert last(said) == "FAIL"
    assert last(everything(go, "")[package]) == "ok"


def test_a_test_that_is_stuck(go: str) -> None:
    """What go test prints of it stays; of those that wait for the test nothing is said."""
    said = everything(go, "--fail-on suspect")["stuck"]
    assert "panic: test timed out after 3s" in said
    assert len(re.findall(r"^ +\d+  (PROVED|ORPHAN) ", said, re.MULTILINE)) == 1
    assert re.search(r"^ 1  PROVED +chan receive", said, re.MULTILINE)
    assert re.search(r"^ +at +parked\.test/suite/stuck\.TestStuck\.func2 ", said, re.MULTILINE)
    assert re.search(r"^ +left by +TestStuck$", said, re.MULTILINE)
    assert "3 goroutines of package testing not counted: they wait for a test" in said


def test_without_fail_on_all_pass(go: str) -> None:
    code, said = go_test(go, "-v", "./leaky", "./clean", options=" ")
    assert (code, said.count("PROVED   chan send")) == (0, 1)


def test_the_test_that_left_it(go: str) -> None:
    """Where the go statement is not in the test itself, the runtime's notes tell it."""
    _, said = go_test(go, "./leaky", "./orphaned", options="--fail-on orphan --ancestors")
    assert re.search(r"^ +left by +TestFirst$", said, re.MULTILINE), said
    assert re.search(r"^ +left by +TestPoller$", said, re.MULTILINE)
    _, said = go_test(go, "./parallel", options="--fail-on orphan --ancestors")
    assert re.search(r"^ +left by +TestAll$", said, re.MULTILINE), said


def test_flags_of_go_test(go: str) -> None:
    """Coverage, benchmarks, -count, and fuzzing with workers."""
    packages = ("./clean", "./kept", "./testmain")
    code, said = go_test(go, "-cover", "-bench", ".", "-benchtime", "20x", "-count", "2", *packages)
    assert (code, "parked exec" in said) == (0, False), said
    assert "coverage: 100.0% of statements" in said
    code, said = go_test(go, "-cover", "./leaky")
    assert (code, said.count("PROVED   chan send")) == (1, 1)
    code, said = go_test(go, "-fuzz", ".", "-fuzztime", "20x", "./fuzzed")
    assert (code, "parked exec" in said) == (0, False), said


def test_the_race_detector(raced: str) -> None:
    """Go's library is compiled once more for it."""
    code, said = go_test(
        raced, "-race", "./clean", "./kept", "./testmain", "./again", CGO_ENABLED="1"
    )
    assert (code, "parked exec" in said) == (0, False), said
    code, said = go_test(raced, "-race", "./leaky", "./orphaned", CGO_ENABLED="1")
    assert (code, " 3  PROVED " in said, " 6  ORPHAN " in said) == (1, True, True), said


def test_known_leaks(go: str, tmp_path: Path) -> None:
    """A baseline of one run holds in the next one."""
    baseline = tmp_path / "known.json"
    options = f"--fail-on orphan --write-baseline {baseline}"
    assert go_test(go, "./leaky", options=options)[0] == 1
    assert go_test(go, "./leaky", options=f"--fail-on orphan --baseline {baseline}")[0] == 0
    assert os.path.getsize(baseline) > 0
