"""parked.assert_no_leaks and --fail-on are one decision: both on the same cores, for all kinds of
findings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import parked, run_script
from support.matrix import Build
from support.running import Core

SAMPLE = Build("1.22", "default")
# Groups; response bodies; files; timers; contexts; and nothing.
TARGETS = ("leakyweb", "bodies", "files", "timers", "contexts", "healthy")
VERDICTS = ("proved", "suspect", "unknown", "waiting")

SCRIPT = """
import json, sys
import parked

binary, core, requests = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
answers = []
with parked.open_core(core, executable=binary) as session:
    for request in requests:
        groups = request.pop("groups", None)
        rules = request.pop("rules", ())
        if groups == "all":
            request["ignore"] = lambda group: True
        if groups == "proved":
            request["ignore"] = lambda group: group.verdict == "PROVED"
        request["ignore_findings"] = lambda finding: finding.rule in rules
        try:
            parked.assert_no_leaks(session, **request)
            answers.append("")
        except AssertionError as error:
            answers.append(str(error))
print(json.dumps(answers))
"""


def asked(core: Core, *requests: dict) -> list[str]:
    """What assert_no_leaks says to each: "" if it passes."""
    return json.loads(run_script(SCRIPT, core.binary, core.core, json.dumps(requests)))


def cli(core: Core, *options: object) -> int:
    return parked("core", core.binary, core.core, "report", *options).returncode


@pytest.mark.parametrize("name", TARGETS)
def test_it_fails_where_the_command_does(name: str, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core(name, SAMPLE)
    answers = asked(core, *({"fail_on": verdict} for verdict in VERDICTS))
    codes = [cli(core, "--fail-on", verdict) for verdict in VERDICTS]
    assert [bool(answer) for answer in answers] == [code != 0 for code in codes], answers
    assert codes[1] == (0 if name == "healthy" else 1)
    for code, answer in zip(codes, answers, strict=True):
        assert ("the report is incomplete" in answer) == (code == 3)


def test_a_finding_about_a_resource_alone_fails(kernel_core: Callable[..., Core]) -> None:
    """A body that nobody can close, whose connection's goroutines are not leaked themselves."""
    core = kernel_core("bodies", SAMPLE)
    report = json.loads(
        parked("core", core.binary, core.core, "report", "--json", "--fail-on", "proved").stdout
    )
    leaked = {id for g in report["groups"] if g["verdict"] == "PROVED" for id in g["goroutines"]}
    alone = [
        finding
        for finding in (report["findings"][i] for i in report["fail_on"]["findings"])
        if not leaked.issuperset(finding["goroutines"])
    ]
    assert alone and len(alone) < len(report["fail_on"]["findings"])
    (answer,) = asked(core, {"fail_on": "proved", "groups": "proved"})
    assert answer.startswith(f"{len(alone)} finding(s) about resources at or above proved")
    assert answer.count("PK060  PROVED  response body never closed") == len(alone)
    for finding in report["findings"]:
        assert (finding["sentence"] in answer) == (finding in alone)


def test_what_was_excused_is_not_in_the_text(
    kernel_core: Callable[..., Core], tmp_path: Path
) -> None:
    core = kernel_core("leakyweb", SAMPLE)
    report = json.loads(parked("core", core.binary, core.core, "report", "--json").stdout)
    first, *others = [g for g in report["groups"] if g["verdict"] == "PROVED"]
    name = first["user_frame"]["func"]
    assert others and all(g["user_frame"]["func"] != name for g in others)
    allowed = tmp_path / "known"
    allowed.write_text(f"IgnoreAnyFunction {name}\n")
    everything, part, no_groups = asked(
        core,
        {"fail_on": "proved"},
        {"fail_on": "proved", "ignore_file": str(allowed)},
        {"fail_on": "proved", "groups": "all", "rules": ["PK042", "PK060", "PK090"]},
    )
    assert name in everything and name not in part
    assert all(g["user_frame"]["func"] in part for g in others)
    assert no_groups == "" or "goroutine(s) in" not in no_groups
    assert cli(core, "--fail-on", "proved", "--ignore-file", allowed) == 1


def test_holes_fail_unless_allowed(kernel_core: Callable[..., Core], tmp_path: Path) -> None:
    core = kernel_core("healthy", SAMPLE)
    part = tmp_path / "core.part"
    whole = core.core.read_bytes()
    part.write_bytes(whole[: len(whole) * 3 // 4])
    cut = Core(core.binary, part, core.output)
    code = cli(cut, "--fail-on", "proved")
    assert code == 3
    strict, lenient = asked(
        cut,
        {"fail_on": "proved"},
        {"fail_on": "proved", "allow_incomplete": True},
    )
    assert strict.startswith("the report is incomplete") and "x core" in strict
    assert lenient == ""
