"""The same leak has the same fingerprint in the next build."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from support.building import build_target, compile_target
from support.commands import parked, run_script
from support.matrix import Build
from support.paths import ROOT
from support.running import Running

SOURCE = ROOT / "tests/targets/decisions"
GOS = ["1.18", "1.22", "1.26", "1.27"]
ROWS = {"go": {"quick": ["1.27"], "ci": [GOS[-1]], "full": GOS}}
LEAKING = {
    "main.(*server).notify",
    "main.(*server).await.func1",
    "main.drain[...]",
    "main.choose",
}


def fingerprints(binary: Path, folder: Path) -> dict[str, dict[str, str]]:
    """Of groups and of findings, by the function that blocks, closures without their numbers."""
    folder.mkdir(exist_ok=True)
    with Running(binary, folder, "3") as target:
        document = json.loads(parked(target.pid, "report", "--json").stdout)
    groups = {g["index"]: g for g in document["groups"] if g["verdict"] == "PROVED"}
    assert {re.sub(r"func\d+$", "func1", g["user_frame"]["func"]) for g in groups.values()} == (
        LEAKING
    )

    def name(group: dict) -> str:
        return re.sub(r"\d+$", "", group["user_frame"]["func"])

    return {
        "groups": {name(g): g["fingerprint"] for g in groups.values()},
        "findings": {name(groups[f["group"]]): f["fingerprint"] for f in document["findings"]},
    }


def next_version(folder: Path) -> Path:
    """Another checkout, of a later version: other lines, and one closure more where one leaks."""
    shutil.copytree(SOURCE, folder)
    main = folder / "main.go"
    text = main.read_text()
    text = text.replace("package main\n", "package main\n" + "// More words.\n" * 40, 1)
    changed = text.replace(
        "\tdone := make", "\tdefer func() { s.answer++; fmt.Print() }()\n\tdone := make", 1
    )
    assert changed != text
    main.write_text(changed)
    return folder


def test_rebuilds(go: str, tmp_path: Path) -> None:
    first = fingerprints(build_target("decisions", Build(go, "default")), tmp_path / "first")
    assert len(set(first["groups"].values())) == len(LEAKING)
    assert len(set(first["findings"].values())) == len(LEAKING)
    checkout = next_version(tmp_path / "elsewhere" / "next")
    for mode in ("default", "trimpath", "stripped", "strip", "noopt"):
        binary = compile_target(checkout, Build(go, mode), "", tmp_path / f"decisions-{mode}")
        assert fingerprints(binary, tmp_path / mode) == first, mode


def test_releases_agree(tmp_path: Path) -> None:
    """A new toolchain makes no old leak a new one."""
    old, new = (
        fingerprints(build_target("decisions", Build(go, "default")), tmp_path / go)
        for go in (GOS[0], GOS[-1])
    )
    assert old == new


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Running:
    folder = tmp_path_factory.mktemp("fingerprints")
    with Running(build_target("decisions", Build("1.27", "default")), folder, "3") as target:
        yield target


def test_text(service: Running) -> None:
    document = json.loads(parked(service.pid, "report", "--json").stdout)
    finding = next(f for f in document["findings"] if "notify" in f["place"]["func"])
    group = document["groups"][finding["group"]]
    shown = parked(service.pid, "goroutine", group["example"]).stdout
    assert f"fingerprint {finding['fingerprint']}\n" in shown
    main = next(g for g in document["groups"] if 1 in g["goroutines"])
    assert f"fingerprint {main['fingerprint']}\n" in parked(service.pid, "goroutine", 1).stdout


def test_python(service: Running) -> None:
    script = """
import sys, parked
with parked.attach(int(sys.argv[1]), max_pause=60) as session:
    print(*sorted(finding.fingerprint for finding in session.findings))
"""
    document = json.loads(parked(service.pid, "report", "--json").stdout)
    printed = run_script(script, service.pid).split()
    assert printed == sorted(f["fingerprint"] for f in document["findings"])


def test_grouped_by_something_else_there_is_none(service: Running) -> None:
    document = json.loads(parked(service.pid, "report", "--json", "--group", "userloc").stdout)
    assert {g["fingerprint"] for g in document["groups"]} == {None}
