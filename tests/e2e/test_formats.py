"""Each format is fed to the tool that it is for."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft4Validator
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from support.building import build_target, go_environment
from support.commands import gdb, parked, patient, run_script
from support.matrix import Build
from support.paths import PARKED, ROOT
from support.running import Core, Running

SARIF = Draft4Validator(
    json.loads((Path(__file__).parent / "data/sarif/sarif-2.1.0-rtm.5.json").read_text())
)
ROWS = {"go": {"quick": ["1.27"], "ci": ["1.27"], "full": ["1.18", "1.22", "1.26", "1.27"]}}
FORMATS = ["sarif", "junit", "github", "openmetrics", "pprof", "dot"]
NOTIFY = "main.(*server).notify"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Running:
    folder = tmp_path_factory.mktemp("formats")
    with Running(build_target("decisions", Build("1.27", "default")), folder, "3") as target:
        yield target


def written(target: object, name: str, *options: object) -> bytes:
    words = patient(target, "report", "--format", name, *options)
    done = subprocess.run([PARKED, *words], capture_output=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def text(target: object, name: str, *options: object) -> str:
    return written(target, name, *options).decode()


def report(target: object, *options: object) -> dict:
    return json.loads(parked(target, "report", "--json", *options).stdout)


def blocking_line(function: str) -> int:
    """Where main.go has it."""
    lines = (ROOT / "tests/targets/decisions/main.go").read_text().splitlines()
    return next(i for i, line in enumerate(lines, 1) if f"{function}(" in line and "func" in line)


def test_sarif(go: str, tmp_path: Path) -> None:
    with Running(build_target("decisions", Build(go, "default")), tmp_path, "3") as target:
        log = json.loads(text(target.pid, "sarif"))
        document = report(target.pid)
    SARIF.validate(log)
    run = log["runs"][0]
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]
    rules = run["tool"]["driver"]["rules"]
    fingerprints = {f["fingerprint"] for f in document["findings"]}
    assert fingerprints == {r["partialFingerprints"]["parked/v1"] for r in run["results"]}
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert "rules.md" in rule["help"]["text"]
        assert result["level"] == "error"
    (sender,) = (r for r in run["results"] if NOTIFY in r["message"]["text"])
    location = sender["locations"][0]
    assert location["physicalLocation"]["region"]["startLine"] == blocking_line("notify")
    assert location["physicalLocation"]["artifactLocation"]["uri"].endswith("decisions/main.go")
    assert location["logicalLocations"][0]["fullyQualifiedName"] == NOTIFY
    assert sender["occurrenceCount"] == 3


def test_sarif_knows_the_baseline_and_says_what_is_not_known(
    service: Running, tmp_path: Path
) -> None:
    baseline = tmp_path / "baseline"
    parked(service.pid, "report", "--write-baseline", baseline)
    log = json.loads(text(service.pid, "sarif", "--baseline", baseline))
    SARIF.validate(log)
    assert {r["baselineState"] for r in log["runs"][0]["results"]} == {"unchanged"}
    done = parked("--no-proof", service.pid, "report", "--format=sarif")
    log = json.loads(done.stdout)
    SARIF.validate(log)
    (notification,) = log["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert "no proof" in notification["message"]["text"]


def test_junit(go: str, tmp_path: Path) -> None:
    with Running(build_target("decisions", Build(go, "default")), tmp_path, "3") as target:
        root = ET.fromstring(text(target.pid, "junit"))
        document = report(target.pid)
    suite = root[0]
    cases = {case.get("name"): case for case in suite}
    failing = [case for case in suite if case.find("failure") is not None]
    assert len(cases) == len(suite) == int(suite.get("tests", "0"))
    assert len(failing) == int(suite.get("failures", "0")) == len(document["findings"])
    (sender,) = (case for case in failing if NOTIFY in case.get("name", ""))
    assert sender.get("line") == str(blocking_line("notify"))
    failure = sender.find("failure")
    assert failure is not None
    assert failure.get("type") == "PROVED"
    assert "fix: " in (failure.text or "")
    # What was looked for and not found has passed.
    passed = [case for case in suite if len(case) == 0]
    assert any(case.get("classname") == "parked.PK060" for case in passed)


def test_junit_by_fail_on_and_baseline(service: Running, tmp_path: Path) -> None:
    baseline = tmp_path / "baseline"
    parked(service.pid, "report", "--write-baseline", baseline)
    suite = ET.fromstring(text(service.pid, "junit", "--baseline", baseline))[0]
    assert suite.get("failures") == "0"
    assert suite.get("skipped") == "4"
    done = parked("--no-proof", service.pid, "report", "--format=junit")
    assert ET.fromstring(done.stdout)[0].get("errors") == "1"


def test_github(service: Running, tmp_path: Path) -> None:
    """As the runner of GitHub Actions reads commands: one a line, properties, then the message."""
    command = re.compile(r"^::(error|warning|notice) ((?:\w+=[^,:]*,?)+)::(.*)$")
    lines = [command.match(line) for line in text(service.pid, "github").splitlines()]
    assert len(lines) == len(report(service.pid)["findings"])
    assert all(lines)
    (sender,) = (m for m in lines if m and NOTIFY in m[3])
    properties = dict(each.split("=") for each in sender[2].split(","))
    assert sender[1] == "error"
    assert properties["line"] == str(blocking_line("notify"))
    assert properties["file"].endswith("decisions/main.go")
    assert "%0Afix: " in sender[3]
    baseline = tmp_path / "baseline"
    parked(service.pid, "report", "--write-baseline", baseline)
    known = text(service.pid, "github", "--baseline", baseline).splitlines()
    assert {line.split(" ")[0] for line in known} == {"::notice"}


def test_openmetrics(go: str, tmp_path: Path) -> None:
    with Running(build_target("decisions", Build(go, "default")), tmp_path, "3") as target:
        families = {
            f.name: f for f in text_string_to_metric_families(text(target.pid, "openmetrics"))
        }
        document = report(target.pid)

    def value(family: str, **labels: str) -> float:
        samples = families[f"parked_{family}"].samples
        return sum(s.value for s in samples if labels.items() <= s.labels.items())

    census = document["target"]["verdicts"]
    for verdict in ("PROVED", "WAITING"):
        assert value("goroutines", verdict=verdict) == census[verdict]
    assert value("goroutines", verdict="PROVED", reason="chan send") == 3
    retained = [g["retained"] for g in document["groups"] if g["retained"]]
    assert value("retained_bytes", of="stacks") == sum(r["stack_bytes"] for r in retained)
    assert value("findings", verdict="PROVED") == len(document["findings"])
    assert value("finding_objects") == sum(f["count"] for f in document["findings"])
    assert value("proof_given") == 1
    assert value("incomplete") == 0
    assert value("target", go_version=document["target"]["go_version"]) == 1


def test_openmetrics_of_resources(kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("pool", Build("1.27", "default"))

    def told(command: str) -> dict:
        return json.loads(parked("core", core.binary, core.core, command, "--json").stdout)

    done = parked("core", core.binary, core.core, "report", "--format=openmetrics")
    families = {f.name: f.samples for f in text_string_to_metric_families(done.stdout)}
    databases = [db for db in told("sql")["sql"] if not db["closed"]]
    assert sum(db["in_use"] for db in databases) > 0
    assert {s.labels["state"]: s.value for s in families["parked_sql_connections"]} == {
        state: sum(db[state] for db in databases) for state in ("idle", "in_use")
    }
    (waiting,) = families["parked_sql_waiters"]
    assert waiting.value == sum(len(db["waiters"]) for db in databases)


def test_openmetrics_of_timers(kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("timers", Build("1.27", "default"))
    listed = parked("core", core.binary, core.core, "timers", "--json").stdout
    kinds = [timer["kind"] for timer in json.loads(listed)["timers"]]
    assert len(set(kinds)) > 2
    done = parked("core", core.binary, core.core, "report", "--format=openmetrics")
    families = {f.name: f.samples for f in text_string_to_metric_families(done.stdout)}
    assert {s.labels["kind"]: s.value for s in families["parked_timers"]} == {
        kind: kinds.count(kind) for kind in kinds
    }


def pprof(go: str, *words: object) -> str:
    done = subprocess.run(
        ["go", "tool", "pprof", *(str(word) for word in words)],
        capture_output=True,
        text=True,
        env=go_environment(go),
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def kept(target: Running, path: Path) -> Path:
    path.write_bytes(written(target.pid, "pprof"))
    return path


def test_pprof(go: str, tmp_path: Path) -> None:
    binary = build_target("decisions", Build(go, "default"))
    with Running(binary, tmp_path, "3") as target:
        first = kept(target, tmp_path / "first.pb.gz")
        document = report(target.pid)
    with Running(binary, tmp_path, "8") as target:
        second = kept(target, tmp_path / "second.pb.gz")
    top = pprof("1.27", "-top", "-cum", first)
    assert "Type: goroutines" in top
    row = next(line for line in top.splitlines() if line.endswith(NOTIFY))
    assert row.split()[3] == "3"
    total = len(document["goroutines"])
    assert f"of {total} total" in top
    (group,) = (g for g in document["groups"] if (g["user_frame"] or {}).get("func") == NOTIFY)
    retained = group["retained"]["stack_bytes"] + group["retained"]["heap_bytes"]
    raw = pprof("1.27", "-raw", first)
    assert re.search(rf"^ +3 +{retained}: ", raw, re.MULTILINE)
    assert re.search(r"reason:\[chan send\]", raw)
    assert re.search(r"verdict:\[PROVED\]", raw)
    assert re.search(r"rule:\[PK\d+\]", raw)
    tagged = pprof("1.27", "-top", "-cum", "-tagfocus", "reason=chan send", first)
    assert next(line for line in tagged.splitlines() if line.endswith(NOTIFY)).split()[3] == "3"
    assert "main.(*server).await" not in tagged
    difference = pprof("1.27", "-top", "-cum", "-diff_base", first, second)
    row = next(line for line in difference.splitlines() if line.endswith(NOTIFY))
    assert row.split()[3] == "5"


def test_pprof_is_not_for_a_terminal(service: Running) -> None:
    terminal, screen = pty.openpty()
    command = [PARKED, *patient(service.pid, "report", "--format", "pprof")]
    done = subprocess.run(command, stdout=screen, stderr=subprocess.PIPE, timeout=120)
    os.close(screen)
    os.close(terminal)
    assert done.returncode == 2
    assert b"--format pprof is no text" in done.stderr
    shown = gdb("parked report --format pprof", arguments=("-p", service.pid))
    assert "--format pprof is no text" in shown.stdout + shown.stderr


def test_pprof_of_other_groups(service: Running, tmp_path: Path) -> None:
    """A group has several stacks then; they stay apart."""
    profile = tmp_path / "profile"
    profile.write_bytes(written(service.pid, "pprof", "--group", "verdict"))
    top = pprof("1.27", "-top", "-cum", profile)
    row = next(line for line in top.splitlines() if line.endswith(NOTIFY))
    assert row.split()[3] == "3"
    assert f"of {len(report(service.pid)['goroutines'])} total" in top


def graph(source: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Labels and edges as Graphviz sees them, which also has to draw it."""
    dot = shutil.which("dot")
    assert dot is not None, "scripts/setup test installs graphviz"
    drawn = subprocess.run([dot, "-Tsvg"], input=source, capture_output=True, text=True)
    assert drawn.returncode == 0, drawn.stderr
    assert drawn.stderr == ""
    assert "<svg" in drawn.stdout
    done = subprocess.run([dot, "-Tjson"], input=source, capture_output=True, text=True, check=True)
    read = json.loads(done.stdout)
    labels = {o["name"]: o.get("label", "") for o in read.get("objects", [])}
    names = [o["name"] for o in read.get("objects", [])]
    return labels, [(names[e["tail"]], names[e["head"]]) for e in read.get("edges", [])]


def test_dot_of_leaks(service: Running) -> None:
    labels, _ = graph(text(service.pid, "dot"))
    (sender,) = (label for label in labels.values() if NOTIFY in label)
    assert sender.startswith("3 goroutines PROVED\\nchan send")


def test_dot_has_who_holds_up_whom(kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("locks", Build("1.27", "default"))
    done = parked("core", core.binary, core.core, "report", "--format=dot")
    labels, edges = graph(done.stdout)
    tree = json.loads(parked("core", core.binary, core.core, "pstree", "--waits", "--json").stdout)[
        "tree"
    ]
    assert any(node["parent"] is not None for node in tree)
    assert edges
    assert all(a in labels and b in labels for a, b in edges)
    assert 'label="unlock' in done.stdout


def test_dot_has_islands(kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("leakyweb", Build("1.27", "default"))
    done = parked("core", core.binary, core.core, "report", "--format=dot")
    labels, _ = graph(done.stdout)
    assert any("that nobody can stop" in label for label in labels.values())


EVERY_GO = ["1.18", "1.22", "1.26", "1.27"]
IN_PYTHON = """
import sys, parked
with parked.open_core(sys.argv[2], sys.argv[1]) as session:
    for name in sys.argv[4:]:
        open(f"{sys.argv[3]}/{name}", "w").write(session.run(["report", "--format", name]))
    try:
        session.run("report --format pprof")
    except parked.Error as refused:
        print(refused.exit_code, refused)
"""


@pytest.mark.parametrize("release", EVERY_GO)
def test_cli_and_python_agree(release: str, tmp_path: Path) -> None:
    """Every format, of one core; and each is what its reader takes."""
    with Running(build_target("decisions", Build(release, "default")), tmp_path, "3") as target:
        core = target.gcore()
    names = [name for name in FORMATS if name != "pprof"]
    way = (core.binary, core.core, tmp_path)
    refused = run_script(IN_PYTHON, *way, *names)
    assert refused.startswith("2 --format pprof is no text")
    told = {}
    for name in names:
        done = parked("core", core.binary, core.core, "report", "--format", name)
        assert done.returncode == 0, done.stderr
        told[name] = done.stdout
        assert (tmp_path / name).read_text() == done.stdout, name
        assert NOTIFY in done.stdout or name == "openmetrics"
    SARIF.validate(json.loads(told["sarif"]))
    assert ET.fromstring(told["junit"])[0].get("failures") == "4"
    assert all(line.startswith("::error ") for line in told["github"].splitlines())
    families = {f.name: f for f in text_string_to_metric_families(told["openmetrics"])}
    assert sum(s.value for s in families["parked_findings"].samples) == 4
    graph(told["dot"])
    profile = tmp_path / "profile"
    words = [PARKED, "core", core.binary, core.core, "report", "--format=pprof"]
    profile.write_bytes(subprocess.run(words, capture_output=True, check=True).stdout)
    assert NOTIFY in pprof("1.27", "-top", "-cum", profile)


@pytest.mark.parametrize("name", FORMATS)
def test_where_they_are_asked_for(service: Running, name: str) -> None:
    (group,) = (
        g for g in report(service.pid)["groups"] if (g["user_frame"] or {}).get("func") == NOTIFY
    )
    leaked = str(group["goroutines"][0])
    for command in (("report",), ("goroutines",), ("goroutine", leaked)):
        assert subprocess.run(
            [PARKED, *patient(service.pid, *command, "--format", name)], capture_output=True
        ).stdout
    refused = parked(service.pid, "locks", "--format", name)
    assert refused.returncode == 2
    assert "has no such format" in refused.stderr
