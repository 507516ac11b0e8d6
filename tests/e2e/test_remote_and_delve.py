"""Cores that Delve's `dump` wrote, and processes behind a gdbserver: the same facts as live."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.commands import document_in, gdb, parked, run
from support.delve import build_delve
from support.matrix import Build
from support.running import Running
from support.terminal import remote

# Its format does not depend on the Go release.
ROWS = {
    "row": {
        "quick": [],
        "ci": [],
        "full": [Build("1.22", "default"), Build("1.25", "default"), Build("1.26", "default")],
    }
}


def waits(text: str) -> dict[int, tuple]:
    """Of every blocked user goroutine: reason, pcs, what it waits on, and what is said of it."""
    return {
        g["id"]: (
            g["reason"],
            g["verdict"],
            tuple(f["pc"] for f in g["frames"]),
            tuple((w["kind"], w["op"], w["address"]) for w in g["waiting_on"]),
        )
        for g in document_in(text)["goroutines"]
        if g["status"] == "waiting" and not g["system"]
    }


@pytest.fixture(scope="session")
def delve() -> Path:
    return build_delve()


def test_delve_dump(row: Build, running: Callable[..., Running], delve: Path) -> None:
    with running("leakyweb", row) as target:
        live = parked(target.pid, "report", "--json")
        core = target.folder / "delve.core"
        dumped = subprocess.run(
            [delve, "attach", str(target.pid), "--allow-non-terminal-interactive=true"],
            input=f"dump {core}\nquit\nn\n",
            text=True,
            capture_output=True,
            timeout=120,
        )
        assert core.exists(), dumped.stdout + dumped.stderr
        assert target.process.poll() is None, "Delve killed the target"
    report = parked("core", target.binary, core, "report", "--json")
    core.unlink()
    assert report.returncode == 0, report.stderr
    assert len(waits(live.stdout)) > 80
    assert waits(report.stdout) == waits(live.stdout)
    assert json.loads(report.stdout)["target"]["pid"] == target.pid


def test_gdbserver(sample: Build, running: Callable[..., Running]) -> None:
    with running("leakyweb", sample) as target:
        live = parked(target.pid, "report", "--json")
        command = ["gdbserver", "--once", "--attach", "127.0.0.1:0", target.pid]
        server, port = remote(command, r"Listening on port (\d+)")
        try:
            far = gdb(
                f"target remote 127.0.0.1:{port}",
                "parked report --json",
                "detach",
                arguments=(target.binary,),
            )
        finally:
            server.kill()
            server.wait()
        assert target.process.poll() is None, "the target did not survive"
    expected, seen = waits(live.stdout), waits(far.stdout)
    assert len(expected) > 80
    assert {i: (w[0], *w[2:]) for i, w in seen.items()} == {
        i: (w[0], *w[2:]) for i, w in expected.items()
    }


def test_gdbserver_is_there() -> None:
    assert run("gdbserver", "--version").returncode == 0
