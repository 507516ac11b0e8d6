"""The same report from the CLI, gdb and lldb; cores and live processes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import pytest
from support.commands import document_in, gdb, lldb, parked
from support.matrix import Build
from support.paths import GDB_SCRIPT, LLDB_PLUGIN
from support.running import Core, Running

ROWS = {
    # Of another architecture.
    "foreign": {
        "quick": [],
        "ci": [],
        "full": [Build("1.21", "stripped", "arm64"), Build("1.27", "default", "arm64")],
    },
}
# The gdb that reads cores of other machines.
MULTIARCH = "gdb-multiarch"


def body(text: str) -> list[str]:
    """The groups and timers: from the first group line on, without what differs by host."""
    lines = [line.rstrip() for line in text.splitlines()]
    start = next(i for i, line in enumerate(lines) if line.startswith("verdicts"))
    return [
        line for line in lines[start:] if line and "parked" not in line and "due in" not in line
    ]


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    assert GDB_SCRIPT.exists() and LLDB_PLUGIN.exists()


def expected_of(core: Core) -> list[str]:
    ours = parked("core", core.binary, core.core, "report", "--limit", "100")
    assert ours.returncode == 0, ours.stderr
    expected = body(ours.stdout)
    assert len(expected) > 40
    return expected


def says_it_in_gdb(core: Core, program: str = "gdb") -> None:
    in_gdb = gdb("parked report --limit 100", arguments=(core.binary, core.core), program=program)
    assert body(in_gdb.stdout) == expected_of(core), in_gdb.stderr


def says_it_in_lldb(core: Core) -> None:
    in_lldb = lldb("parked report --limit 100", arguments=("-c", core.core, core.binary))
    assert body(in_lldb.stdout) == expected_of(core), in_lldb.stderr


def test_core(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("leakyweb", sample)
    says_it_in_gdb(core)
    says_it_in_lldb(core)


def test_foreign_core_in_gdb(foreign: Build, kernel_core: Callable[..., Core]) -> None:
    if shutil.which(MULTIARCH) is None:
        pytest.skip(f"{MULTIARCH} is not installed")
    says_it_in_gdb(kernel_core("leakyweb", foreign), MULTIARCH)


def test_foreign_core_in_lldb(foreign: Build, kernel_core: Callable[..., Core]) -> None:
    says_it_in_lldb(kernel_core("leakyweb", foreign))


def test_goroutine_stack_in_the_debuggers(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("leakyweb", sample)
    listed = parked("core", core.binary, core.core, "report", "--json")
    goid = next(
        g["id"]
        for g in json.loads(listed.stdout)["goroutines"]
        if any("askSupplier" in frame["func"] for frame in g["frames"])
    )
    for shown in (
        gdb(f"parked goroutine {goid}", arguments=(core.binary, core.core)),
        lldb(f"parked goroutine {goid}", arguments=("-c", core.core, core.binary)),
    ):
        assert "runtime.chansend" in shown.stdout, shown.stderr
        assert "orders.askSupplier" in shown.stdout


def test_gcore_and_live_agree(sample: Build, running: Callable[..., Running]) -> None:
    with running("leakyweb", sample) as target:
        live = parked(target.pid, "report", "--json")
        assert live.returncode == 0, live.stderr
        unstopped = parked(target.pid, "--no-stop", "report", "--json")
        assert unstopped.returncode in (0, 3), unstopped.stderr
        in_gdb = gdb("parked report --json", arguments=("-p", target.pid))
        in_lldb = lldb("parked report --json", arguments=("-p", target.pid))
        dumped = target.gcore()
        assert target.process.poll() is None, "the target did not survive"
    core = parked("core", dumped.binary, dumped.core, "report", "--json")
    assert core.returncode == 0, core.stderr

    def facts(text: str) -> dict[int, tuple]:
        return {
            g["id"]: (
                g["reason"],
                [f["pc"] for f in g["frames"]],
                [w["address"] for w in g["waiting_on"]],
            )
            for g in document_in(text)["goroutines"]
            if g["status"] == "waiting" and not g["system"]
        }

    expected = facts(core.stdout)
    assert len(expected) > 80
    for name, text in [
        ("live", live.stdout),
        ("unstopped", unstopped.stdout),
        ("gdb", in_gdb.stdout),
        ("lldb", in_lldb.stdout),
    ]:
        assert facts(text) == expected, name
    decoded = json.loads(live.stdout)
    assert decoded["target"]["kind"] == "live" and 0 < decoded["target"]["pause_ns"] < 5 * 10**9
    free = json.loads(unstopped.stdout)
    assert not any(g["verdict"] == "PROVED" for g in free["goroutines"])
