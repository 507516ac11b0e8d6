"""parked itself on arm64, in a guest: live processes, and cores of both architectures.

It is built by scripts/cross-arm64, which says so in PARKED_ARM64."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.arm64_guest import START, Guest
from support.arm64_system import libraries_of, sysroot
from support.building import build_target
from support.commands import parked
from support.elsewhere import counted
from support.matrix import GUEST_RELEASES, Build
from support.running import Core

ROWS = {
    "row": {
        "quick": [],
        "ci": [],
        "full": [Build(go, "stripped", "arm64") for go in GUEST_RELEASES],
    },
}
PROGRAM = "/tmp/host/ld-linux-aarch64.so.1 --library-path /tmp/host /tmp/host/parked"
READ_ALIVE = """
start /shared/{name} 100 ./{program}
{parked} $pid report --all --json > live.json
said=$?
kill -KILL $pid
[ $said -le 1 ]
"""


@pytest.fixture(scope="module")
def host(booted: Callable[[], Guest]) -> Guest:
    """A guest that has parked in it."""
    build = os.environ.get("PARKED_ARM64")
    if build is None:
        pytest.skip("PARKED_ARM64 names no build for arm64 (scripts/cross-arm64)")
    guest = booted()
    folder = guest.shared / "host"
    folder.mkdir()
    program = Path(build) / "cli/parked"
    for file in (program, *libraries_of(program, sysroot())):
        shutil.copy(file.resolve(), folder / file.name)
    code, said = guest.run(f"cp -r /shared/host /tmp/host && {PROGRAM} --version")
    assert code == 0, said
    return guest


def report(text: str) -> dict:
    document = json.loads(text)
    assert document["proof"]["state"] == "given", document["proof"]
    assert document["incomplete"] == []
    return document


def same(one: dict, other: dict) -> None:
    for name in ("goroutines", "groups", "findings"):
        assert counted(one[name]) == counted(other[name]), name


def read_there(host: Guest, name: str, binary: Path, core: Path) -> dict:
    """A core, by the program in the guest."""
    folder = host.shared / name
    folder.mkdir()
    shutil.copy(binary, folder / "program")
    shutil.copy(core, folder / "core")
    code, said = host.run(
        f"cd {Path('/shared') / name} && {PROGRAM} core program core report --all --json"
    )
    shutil.rmtree(folder)
    assert code in (0, 1), said
    return report(said)


def read_here(core: Core) -> dict:
    shown = parked("core", core.binary, core.core, "report", "--all", "--json")
    return report(shown.stdout)


def test_a_live_process(row: Build, host: Guest, kernel_core: Callable[..., Core]) -> None:
    binary = build_target("twins", row)
    folder = host.shared / f"live-{row}"
    folder.mkdir()
    shutil.copy(binary, folder)
    script = READ_ALIVE.format(name=folder.name, program=binary.name, parked=PROGRAM)
    code, said = host.run(START + script)
    assert code == 0, said
    same(report((folder / "live.json").read_text()), read_here(kernel_core("twins", row)))


def test_a_core_of_its_own(row: Build, host: Guest, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("twins", row)
    there = read_there(host, f"own-{row}", core.binary, core.core)
    same(there, read_here(core))


def test_a_core_of_amd64(row: Build, host: Guest, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("twins", Build(row.go, row.mode))
    there = read_there(host, f"other-{row}", core.binary, core.core)
    assert there["target"]["arch"] == "amd64"
    same(there, read_here(core))
