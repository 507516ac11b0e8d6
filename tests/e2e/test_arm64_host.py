"""parked itself on arm64, in a guest: live processes, cores of both architectures, and those unit
tests that qemu's user mode cannot run.

PARKED_ARM64 is where scripts/cross-arm64 has built it; scripts/test arm64 does both."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.arm64_guest import START, Guest
from support.arm64_system import libraries_of, sysroot
from support.building import build_target, strip_tool
from support.churning import LONGEST, WAKEUPS, Seen, number
from support.commands import parked
from support.elsewhere import counted
from support.matrix import GUEST_RELEASES, Build
from support.running import Core

ROWS = {
    "row": {
        "quick": [],
        "ci": [],
        "full": [
            Build(go, mode, "arm64") for go in GUEST_RELEASES for mode in ("default", "stripped")
        ],
    },
    "busy": {
        "quick": [],
        "ci": [],
        "full": [Build("1.21", "stripped", "arm64"), Build("1.27", "default", "arm64")],
    },
}
LOOKS_AT_BUSY = 20
# Rooms whose tests trace processes, and how many tests have to pass at least: without ptrace, and
# without other things that a bare guest lacks, tests skip themselves.
TRACING = {"target": 120, "launch": 9}
PROGRAM = "LD_LIBRARY_PATH=/tmp/host /tmp/host/parked"
READ_ALIVE = """
start /shared/{name} 100 ./{program}
{parked} $pid report --all --json > live.json
said=$?
kill -KILL $pid
[ $said -le 1 ]
"""
START_CHURN = """
start /shared/{name} 10 ./churn
echo $pid > pid
"""
LOOK_AT_CHURN = """
cd /shared/{name}
{parked} --max-pause 1m $(cat pid) report --all --json > look.json
said=$?
[ $said = 0 ] || [ $said = 3 ]
"""
ASK_CHURN = """
cd /shared/{name}
cat asked > /tmp/pipe
until grep -q '^wakeups' output; do
  [ -d /proc/$(cat pid) ] || exit 1
  usleep 30000
done
kill -KILL $(cat pid)
"""


@pytest.fixture(scope="session")
def built() -> Path:
    """The build for arm64."""
    folder = os.environ.get("PARKED_ARM64")
    if folder is None:
        pytest.skip("PARKED_ARM64 names no build for arm64 (scripts/cross-arm64)")
    return Path(folder)


def install(guest: Guest, program: Path) -> None:
    """Puts a program, and the libraries that it needs, into /tmp/host of the guest."""
    folder = guest.shared / "host"
    folder.mkdir()
    subprocess.run([strip_tool(program), "-o", folder / program.name, program], check=True)
    for library in libraries_of(program, sysroot()):
        shutil.copy(library.resolve(), folder / library.name)
    code, said = guest.run("mkdir -p /tmp/host && cp /shared/host/* /tmp/host")
    assert code == 0, said
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def host(booted: Callable[[], Guest], built: Path) -> Guest:
    """A guest that has parked in it."""
    guest = booted()
    install(guest, built / "cli/parked")
    code, said = guest.run(f"{PROGRAM} --version")
    assert code == 0, said
    return guest


@pytest.mark.xdist_group("arm64")  # one guest for all
@pytest.mark.parametrize("room", TRACING)
def test_units(room: str, booted: Callable[[], Guest], built: Path) -> None:
    guest = booted()
    install(guest, built / f"tests/unit/{room}/unit_{room}")
    code, said = guest.run(f"LD_LIBRARY_PATH=/tmp/host /tmp/host/unit_{room} --gtest_brief=1")
    print(said)
    assert code == 0
    passed = re.search(r"\[  PASSED  \] (\d+) test", said)
    assert passed is not None and int(passed[1]) >= TRACING[room]


def report(text: str) -> dict:
    document = json.loads(text)
    assert document["proof"]["state"] == "given", document["proof"]
    assert document["incomplete"] == []
    return document


def read_here(core: Core) -> dict:
    shown = parked("core", core.binary, core.core, "report", "--all", "--json")
    return report(shown.stdout)


def says_the_same_there(host: Guest, name: str, core: Core) -> dict:
    """That the program in the guest says of a core what is said here; of which target."""
    folder = host.shared / name
    folder.mkdir()
    shutil.copy(core.binary, folder / "program")
    shutil.copy2(core.core, folder / "core")  # with its time, by which others are told
    code, said = host.run(
        f"cd {Path('/shared') / name} && {PROGRAM} core program core report --all --json"
    )
    shutil.rmtree(folder)
    assert code in (0, 1), said
    there, here = report(said), read_here(core)
    target = there.pop("target")
    for path in ("path", "source", "program"):
        del target[path], here["target"][path]
    assert target == here.pop("target")
    assert there == here
    return target


def test_a_live_process(row: Build, host: Guest, kernel_core: Callable[..., Core]) -> None:
    binary = build_target("twins", row)
    folder = host.shared / f"live-{row}"
    folder.mkdir()
    shutil.copy(binary, folder)
    script = READ_ALIVE.format(name=folder.name, program=binary.name, parked=PROGRAM)
    code, said = host.run(START + script)
    assert code == 0, said
    there = report((folder / "live.json").read_text())
    here = read_here(kernel_core("twins", row))
    for name in ("goroutines", "groups", "findings"):
        assert counted(there[name]) == counted(here[name]), name


def test_who_was_proved_never_runs_again(busy: Build, host: Guest) -> None:
    binary = build_target("churn", busy)
    folder = host.shared / f"churn-{busy}"
    folder.mkdir()
    shutil.copy(binary, folder)
    code, said = host.run(START + START_CHURN.format(name=folder.name))
    assert code == 0, said
    seen = Seen()
    for _ in range(LOOKS_AT_BUSY):
        code, said = host.run(LOOK_AT_CHURN.format(name=folder.name, parked=PROGRAM))
        assert code == 0, said
        seen.add((folder / "look.json").read_text())
    time.sleep(LONGEST)
    (folder / "asked").write_text(seen.asked())
    code, said = host.run(ASK_CHURN.format(name=folder.name))
    assert code == 0, said
    output = (folder / "output").read_text()
    print(f"{busy}: {seen}, {number(WAKEUPS, output)} wake-ups")
    seen.holds(output)


def test_a_core_of_its_own(row: Build, host: Guest, kernel_core: Callable[..., Core]) -> None:
    says_the_same_there(host, f"own-{row}", kernel_core("twins", row))


def test_a_core_of_amd64(row: Build, host: Guest, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("twins", Build(row.go, row.mode))
    target = says_the_same_there(host, f"other-{row}", core)
    assert target["arch"] == "amd64"
