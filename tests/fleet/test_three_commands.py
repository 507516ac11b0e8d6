"""From cores to a report: the three commands, one after the other, as a user types them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support.building import build_target
from support.fleet import environment, parked_fleet
from support.matrix import Build
from support.page import data_of
from support.paths import PARKED
from support.running import Running, need_kernel_cores


@pytest.fixture(scope="module")
def cores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of two builds of a service, on two hosts each."""
    need_kernel_cores()
    folder = tmp_path_factory.mktemp("fleet")
    for number, go in enumerate(("1.26", "1.27")):
        binary = build_target("decisions", Build(go, "default"))
        for host in ("a", "b"):
            with Running(binary, folder, str(2 + number)) as running:
                core = running.abort()
            place = folder / f"cores/shop/host-{host}"
            place.mkdir(parents=True, exist_ok=True)
            shutil.move(core.core, place / f"{number}.core")
    return folder / "cores"


def fleet(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    path = f"{PARKED.parent}:{os.environ['PATH']}"
    return parked_fleet(*words, cwd=cwd, env=environment(PATH=path))


@pytest.mark.slow
def test_cores_become_a_report(cores: Path, tmp_path: Path) -> None:
    pattern = ("--path-pattern", "{service}/{host}/*.core")
    looked = fleet("analyze", cores, *pattern, "--workers", 1, "-o", "leaks", cwd=tmp_path)
    assert looked.returncode == 0, looked.stderr
    taken = fleet("ingest", "leaks", "--db", "history.duckdb", cwd=tmp_path)
    assert taken.returncode == 0, taken.stderr
    assert taken.stdout.startswith("leaks: 4 of 4 targets added")
    words = ("report", "--db", "history.duckdb", "--since", "7d")
    said = fleet(*words, "--html", "fleet.html", "--fail-on", "new", cwd=tmp_path)
    assert said.returncode == 1, said.stderr
    assert "main.(*server).notify" in said.stdout
    report = json.loads(fleet(*words, "--format", "json", cwd=tmp_path).stdout)
    (program,) = report["programs"]
    assert (program["targets"], program["hosts"], len(program["builds"])) == (4, 2, 2)
    (notify,) = [leak for leak in report["leaks"] if leak["function"].endswith("notify")]
    assert (notify["verdict"], notify["rule"], notify["hosts"]) == ("PROVED", "PK005", 2)
    assert notify["goroutines"] == 2 * 3
    assert {sighting["host"] for sighting in notify["worst"]} == {"host-a", "host-b"}
    page = data_of(tmp_path / "fleet.html")
    assert len(page["fleet"]["leaks"]) == len(report["leaks"])
    assert len(page["targets"]) == 2
