"""What is typed wrong is told, what is filtered stays filtered, and every view says the same."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import parked, run
from support.matrix import Build, builds
from support.paths import PARKED
from support.running import Core
from support.schema import LINE_VALIDATOR, VALIDATOR

ROWS = {
    "row": {
        "quick": [Build("1.27", "pie")],
        "ci": [Build("1.23", "strip"), Build("1.27", "default")],
        "full": builds("full"),
    }
}


@pytest.fixture
def core(row: Build, kernel_core: Callable[..., Core]) -> Core:
    return kernel_core("leakyweb", row)


def asked(core: Core, *words: object) -> str:
    result = parked("core", core.binary, core.core, *words)
    assert result.returncode == 0, result.stderr
    return result.stdout


def refused(core: Core, *words: object) -> str:
    result = parked("core", core.binary, core.core, *words)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    return result.stderr


def lines_of(core: Core, *words: object) -> list[dict]:
    lines = [json.loads(line) for line in asked(core, *words, "--jsonl").splitlines()]
    for line in lines:
        LINE_VALIDATOR.validate(line)
    assert [line["type"] for line in lines][:: len(lines) - 1] == ["schema", "end"]
    return lines


def ids(text: str) -> set[int]:
    return {goroutine["id"] for goroutine in json.loads(text)["goroutines"]}


def place(goroutine: dict) -> str:
    frame = goroutine["user_frame"]
    return f"{frame['file']}:{frame['line']} {frame['func']}" if frame else ""


def test_expressions_are_those_of_go(core: Core) -> None:
    everyone = json.loads(asked(core, "goroutines", "--json"))["goroutines"]
    for expression in (r"orders\.go:\d+\s", r"(?i)\bORDERS\b", r"\.(askSupplier|writeRows)$"):
        wanted = {g["id"] for g in everyone if re.search(expression, place(g))}
        assert wanted
        for option, expected in (
            ("--with", wanted),
            ("--without", {g["id"] for g in everyone} - wanted),
        ):
            found = ids(asked(core, "goroutines", "--json", option, "userloc", f"/{expression}/"))
            assert found == expected, expression
    assert "missing ): (main" in refused(core, "report", "--with", "userloc", "/(main/")
    assert "invalid perl operator: (?=" in refused(core, "report", "--with", "userloc", "/(?=a)/")


def test_every_value_of_the_report_can_be_asked_for(core: Core) -> None:
    everyone = json.loads(asked(core, "goroutines", "--json"))["goroutines"]
    for what in ("reason", "status", "verdict"):
        for value in {g[what] for g in everyone} - {None}:
            found = ids(
                asked(core, "goroutines", "--json", "--with", what, f"/^{re.escape(value)}$/")
            )
            assert found == {g["id"] for g in everyone if g[what] == value}, value
    # Of Go 1.20 and later; and one that no goroutine here has.
    asked(core, "report", "--with", "reason", "sync.Mutex.Lock")
    asked(core, "report", "--with", "reason", "select (no cases)")


def test_typing_errors_do_not_pass_for_health(core: Core) -> None:
    failing = ("report", "--fail-on", "proved")
    said = refused(core, *failing, "--with", "status", "wating")
    assert "Did you mean 'waiting'?" in said and "runnable" in said
    said = refused(core, *failing, "--with", "reason", "chan sned")
    assert "Did you mean 'chan send'?" in said and "chan receive" in said
    said = refused(core, *failing, "--with", "verdict", "suspekt")
    assert "Did you mean 'SUSPECT'?" in said
    said = refused(core, *failing, "--with", "statsu", "waiting")
    assert "Did you mean 'status'?" in said and "userloc" in said
    said = refused(core, *failing, "--without", "reason", "/^nothing at all$/")
    assert "no goroutine can have that" in said


def test_hints_show_the_rest_of_what_was_asked(core: Core) -> None:
    whole = asked(core, "goroutines", "--with", "reason", "chan send", "--all").splitlines()
    *_, hint = asked(
        core, "goroutines", "--with", "reason", "chan send", "--limit", "1"
    ).splitlines()
    program, *words = shlex.split(hint.split(": ", 1)[1])
    assert program == "parked"
    assert run(PARKED, *words).stdout.splitlines() == whole
    text = asked(core, "report", "--with", "verdict", "proved", "--limit", "1")
    hint = next(line for line in text.splitlines() if "more groups" in line)
    again = run(PARKED, *shlex.split(hint.split("  parked ", 1)[1])).stdout
    groups = json.loads(asked(core, "report", "--json", "--with", "verdict", "proved"))["groups"]
    assert len(re.findall(r"^ +\d+  PROVED", again, re.MULTILINE)) == len(groups)


def test_one_goroutine_says_what_the_report_says(core: Core) -> None:
    report = json.loads(asked(core, "report", "--json"))
    finding = next(f for f in report["findings"] if f["group"] is not None)
    group = report["groups"][finding["group"]]
    text = asked(core, "goroutine", group["example"])
    assert f"{finding['rule']}       {finding['title']}" in text
    assert finding["fix"] in text
    retained = re.search(r"^retains +(.*)$", text, re.MULTILINE)
    assert retained
    in_report = re.findall(r"^ +retains +(.*)$", asked(core, "report", "--all"), re.MULTILINE)
    assert retained[1] in in_report
    document = json.loads(asked(core, "goroutine", group["example"], "--json"))
    assert ids(json.dumps(document)) == {group["example"]}
    assert document["groups"][0]["goroutines"] == group["goroutines"]
    assert document["groups"][0]["retained"] == group["retained"] is not None
    assert [f["rule"] for f in document["findings"] if f["group"] == 0] == [finding["rule"]]
    VALIDATOR.validate(document)


def test_lists_as_lines(core: Core) -> None:
    assert {"finding", "group"} <= {line["type"] for line in lines_of(core, "report")}
    for command in ("timers", "channels", "locks", "http", "sql", "files", "contexts", "info"):
        document = json.loads(asked(core, command, "--json"))
        types = [line["type"] for line in lines_of(core, command)]
        for name, kind in (("timers", "timer"), ("channels", "channel"), ("files", "file")):
            assert types.count(kind) == len(document.get(name, ())), command


def test_why_as_json(row: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("paths", row)
    blocked = json.loads(asked(core, "goroutines", "--json", "--with", "verdict", "waiting"))
    ways = 0
    for goroutine in blocked["goroutines"]:
        if ways == 3:
            break
        text = asked(core, "why", goroutine["id"])
        document = json.loads(asked(core, "why", goroutine["id"], "--json"))
        VALIDATOR.validate(document)
        why = document["why"]
        assert why["goroutine"] == goroutine["id"]
        assert bool(why["way"]) == (why["answer"] is None)
        for step in why["way"]:
            shown = step["what"] if step["field"] is None else f"{step['what']} {step['field']}"
            assert shown in text
            if step["word"] and step is not why["way"][-1]:
                assert f"x/gx {step['word']}" in text
        ways += bool(why["way"])
        assert {"why"} <= {line["type"] for line in lines_of(core, "why", goroutine["id"])}
    assert ways > 0


def test_info_tells_of_reads_in_vain(core: Core) -> None:
    text = asked(core, "info")
    assert "failed" not in text
    assert "incomplete    nothing" in text


def test_core_and_executable_in_either_order(core: Core) -> None:
    by_two = parked(core.binary, core.core, "info", "--json")
    assert by_two.returncode == 0
    assert by_two.stdout == asked(core, "info", "--json")
    swapped = parked("core", core.core, core.binary)
    assert swapped.returncode == 2
    assert f"{core.core} is: the executable comes first" in swapped.stderr


def test_words_that_are_no_command_and_files_that_are_none(tmp_path: Path) -> None:
    def said(*words: object) -> str:
        result = parked(*words)
        assert (result.returncode, result.stdout) == (2, "")
        return result.stderr

    assert "Did you mean 'goroutines'?" in said("gorutines")
    missing = tmp_path / "core.1"
    assert str(missing) in said(missing) and "does not exist" in said(missing)
    assert "there is no file of that name" in said(PARKED, missing)
