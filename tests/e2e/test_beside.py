"""A process that a debugger holds, read from beside it: what the debugger alone has is said."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.commands import document_in, parked, run
from support.delve import build_delve
from support.matrix import Build
from support.paths import PARKED
from support.running import Running
from support.terminal import remote

# What it is held by: Delve has to be compiled.
ROWS = {"by": {"quick": [], "ci": ["gdb"], "full": ["gdb", "delve"]}}
BUILD = Build("1.27", "default")


def waits(document: dict[str, Any]) -> Counter[tuple[str, str]]:
    return Counter(
        (g["reason"], g["frames"][0]["pc"]) for g in document["goroutines"] if not g["system"]
    )


def check(document: dict[str, Any], free: dict[str, Any], holder: str) -> None:
    assert [entry["what"] for entry in document["incomplete"]] == ["registers"]
    assert f"({holder}) holds the process" in document["incomplete"][0]["detail"]
    assert document["proof"]["withheld"] == "the registers of its threads are not known"
    assert waits(document) == waits(free)
    # Of what no channel can wake nothing needs to be proved.
    graver = {g["rule"] for g in document["goroutines"] if g["verdict"] in ("PROVED", "ORPHAN")}
    assert graver == {"nil_channel", "select_no_cases"}


def tasks(pid: int) -> list[Path]:
    return list(Path(f"/proc/{pid}/task").glob("*/status"))


def beside_gdb(pid: int, folder: Path) -> tuple[str, str]:
    """Reports of the process and of its dump, and what doctor says."""
    names = [folder / name for name in ("report", "doctor", "dump")]
    report, doctor, dump = names
    subprocess.run(
        [
            *("gdb", "-nx", "-batch", "-p", str(pid)),
            *("-ex", f"shell {PARKED} {pid} report --json > {report}"),
            *("-ex", f"shell {PARKED} doctor {pid} > {doctor}"),
            *("-ex", f"shell {PARKED} dump {pid} -o {dump}"),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return report.read_text(), doctor.read_text()


def beside_delve(pid: int, folder: Path) -> tuple[str, str]:
    command = [build_delve(), "attach", str(pid), "--headless", "--accept-multiclient"]
    server, _ = remote(command, r"listening at: 127.0.0.1:(\d+)")
    try:
        # It listens before it has stopped the process.
        while any("(tracing stop)" not in each.read_text() for each in tasks(pid)):
            assert server.poll() is None
        report, doctor = parked(pid, "report", "--json"), run(PARKED, "doctor", pid)
        assert report.returncode == 3, report.stderr
        parked("dump", pid, "-o", folder / "dump")
    finally:
        server.terminate()
        server.wait(timeout=60)
    return report.stdout, doctor.stdout


@pytest.mark.slow
def test_held_by_a_debugger(by: str, running: Callable[..., Running], tmp_path: Path) -> None:
    with running("zoo", BUILD, "still") as target:
        free = document_in(parked(target.pid, "report", "--json").stdout)
        beside = {"gdb": beside_gdb, "delve": beside_delve}[by]
        report, doctor = beside(target.pid, tmp_path)
        after = parked(target.pid, "report", "--json")
    holder = {"gdb": "gdb", "delve": "dlv"}[by]
    check(document_in(report), free, holder)
    assert f"({holder}) holds it, and has the registers of its threads alone" in doctor
    # Nor is anything proved by what was kept of it.
    kept = parked("core", target.binary, tmp_path / "dump", "report", "--json")
    assert kept.returncode == 3
    check(json.loads(kept.stdout), free, holder)
    assert after.returncode == 0, after.stdout


def test_one_that_is_traced_and_runs(sample: Build, running: Callable[..., Running]) -> None:
    with running("zoo", sample, "still") as target:
        tracer = subprocess.Popen(
            ["strace", "-f", "-q", "-o", target.folder / "trace", "-p", str(target.pid)]
        )
        try:
            status = Path(f"/proc/{target.pid}/status")
            while f"TracerPid:\t{tracer.pid}\n" not in status.read_text():
                assert tracer.poll() is None
            refused = parked(target.pid)
            doctor = run(PARKED, "doctor", target.pid)
        finally:
            tracer.terminate()
            tracer.wait(timeout=60)
    assert refused.returncode == 2
    assert "is already traced by process" in refused.stderr and "and runs" in refused.stderr
    assert "strace) traces it" in doctor.stdout
