"""Ctrl-C at each place where parked hears it while it looks at a core: what it says is true then.


tests/tools/interrupt_at.cpp counts how often parked asks whether to stop, and says yes at each of
these times once, so that nothing depends on how fast anybody is.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from support.commands import parked, run
from support.matrix import Build
from support.paths import BUILD_DIR
from support.running import Core, need_kernel_cores
from support.schema import VALIDATOR
from test_rules import SECTIONS, programs

ROWS = {
    "row": {
        "quick": [Build("1.27", "default")],
        "ci": [Build("1.27", "default")],
        "full": [Build(go, "default") for go in ("1.18", "1.22", "1.26", "1.27")],
    }
}
# Its rule asks what others have but the streams' own goroutines, by a marking of its own.
MARKS = "PK120"
AT_MOST = 60.0

INTERRUPT_AT = BUILD_DIR / "tests/tools/interrupt_at"
NOT_ALL_RULES = "which rules they are cases of"
NOT_ALL_CASES = "who could make a select's cases ready"


def told_at_every_step(core: Core, *words: str) -> tuple[dict, list[dict]]:
    """The whole answer, and those that were stopped, one for each time that parked asked."""
    output = run(INTERRUPT_AT, core.core, core.binary, *words, "--json", timeout=300).stdout
    answers = [json.loads(line) for line in output.splitlines()]
    whole = answers.pop()
    assert not whole["told"] and whole["exit"] == 0, whole["error"]
    assert len(answers) > 10 and all(answer["told"] for answer in answers)
    for answer in answers:
        assert answer["exit"] == 3, answer
        VALIDATOR.validate(answer["document"])
    return whole["document"], [answer["document"] for answer in answers]


def marks_of(document: dict) -> list[str]:
    return [e["detail"] for e in document["incomplete"] if e["what"] == "interrupted"]


def verdicts_of(document: dict) -> dict[int, str]:
    return {goroutine["id"]: goroutine["verdict"] for goroutine in document["goroutines"]}


def test_wherever_the_cases_of_a_select_are_interrupted(
    row: Build, kernel_core: Callable[..., Core]
) -> None:
    core = kernel_core("cases", row)
    report = json.loads(parked("core", core.binary, core.core, "report", "--json").stdout)
    lost = next(
        g for g in report["goroutines"] if any(f["func"] == "main.lost" for f in g["frames"])
    )
    whole, stopped = told_at_every_step(core, "goroutine", str(lost["id"]))
    true = {case["channel"]: case for case in whole["cases"]}
    assert "nobody" in {case["outlook"] for case in true.values()}
    given_up = [document for document in stopped if NOT_ALL_CASES in marks_of(document)]
    assert given_up
    # It stopped in the middle of marking what others reach: nothing is said then.
    assert [] in [document.get("cases", []) for document in given_up]
    for document in stopped:
        assert marks_of(document)
        assert all(case == true[case["channel"]] for case in document.get("cases", []))


def core_with_streams(row: Build, folder: Path) -> tuple[Core, tuple[str, ...]]:
    """Of the bad program of the rule, and the options by which it is found there."""
    need_kernel_cores()
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    program = programs(row.go, "", (MARKS,)) / f"{MARKS}-bad"
    options = SECTIONS[MARKS].options
    # The clock of a core stands at its last collection: what is old enough there is older live.
    older = (*options[:-1], "2s")
    assert options[:-1] == ("--suspect-age",)
    environment = {**os.environ, "GOTRACEBACK": "crash"}
    with subprocess.Popen(
        [program], cwd=folder, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        deadline = time.monotonic() + AT_MOST
        while f" {MARKS} " not in parked(process.pid, "report", *older).stdout:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(signal.SIGABRT)
        process.wait(timeout=AT_MOST)
    (core,) = folder.glob("core*")
    return Core(program, core, ""), options


def test_wherever_a_rule_that_marks_the_heap_is_interrupted(row: Build, tmp_path: Path) -> None:
    core, options = core_with_streams(row, tmp_path)
    whole, stopped = told_at_every_step(core, "report", *options)
    true = {(finding["rule"], finding["count"]) for finding in whole["findings"]}
    assert MARKS in {rule for rule, _ in true}
    given_up = [document for document in stopped if NOT_ALL_RULES in marks_of(document)]
    assert given_up
    for document in stopped:
        found = {(finding["rule"], finding["count"]) for finding in document["findings"]}
        assert MARKS not in {rule for rule, _ in found} or found == true
    assert any(not document["findings"] for document in given_up)
    # Verdicts were there before the rules: those do not change them.
    assert all(verdicts_of(document) == verdicts_of(whole) for document in given_up)
