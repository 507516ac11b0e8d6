"""What scripts/package made, systems to try it in, and the record of what ran where.

packaging/matrix.py makes the table of docs/support.md of the record, `ran.json` beside them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.commands import parked, run
from support.running import Core

DIST = os.environ.get("PARKED_DIST")


def made(pattern: str) -> list[Path]:
    found = sorted(Path(str(DIST)).glob(pattern))
    assert found, f"no {pattern} in {DIST}"
    return found


def this_release() -> str:
    return re.findall("VERSION_CODENAME=(.*)", Path("/etc/os-release").read_text())[0]


def ran(package: str, where: str, what: str) -> None:
    """Notes that `what` of `package` was seen to work in `where`."""
    record = Path(str(DIST)) / "ran.json"
    seen = json.loads(record.read_text()) if record.exists() else []
    row = [package, where, what]
    if row not in seen:
        record.write_text(json.dumps([*seen, row], indent=1))


@dataclass
class System:
    """A folder with a Debian in it."""

    root: Path
    name: str  # as people know it

    def inside(self, *words: object, timeout: float = 1200) -> subprocess.CompletedProcess[str]:
        quiet = (
            "env",
            "-i",
            "DEBIAN_FRONTEND=noninteractive",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME=/root",
        )
        return run("chroot", self.root, *quiet, *words, timeout=timeout)

    def install(self, *packages: str) -> None:
        assert self.inside("apt-get", "update", "-qq").returncode == 0
        options = ("-y", "-qq", "--no-install-recommends")
        done = self.inside("apt-get", "install", *options, *packages)
        assert done.returncode == 0, done.stderr[-2000:]

    def bring(self, core: Core) -> None:
        """The core and its program, under the same names: a core is as old as its file."""
        for file in (core.binary, core.core):
            to = self.root / file.relative_to("/")
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, to)


def mirror() -> str:
    asked = ("--format", "$(REPO_URI)", "Created-By: Packages", f"Release: {this_release()}")
    return run("apt-get", "indextargets", *asked).stdout.split()[0]


def new_debian(release: str, root: Path) -> System:
    """A Debian with nothing installed, fetched from where apt fetches."""
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        pytest.skip("no debootstrap, or not root")
    done = run("debootstrap", "--variant=minbase", release, root, mirror(), timeout=1800)
    assert done.returncode == 0, done.stdout[-2000:]
    version = re.findall('PRETTY_NAME="(.*)"', (root / "etc/os-release").read_text())[0]
    return System(root, version)


def debuggers_say(debian: System, core: Core, script: str, plugin: str, lldb: str) -> None:
    """Each of the debuggers, loaded by one line, prints what the shell does."""
    report = parked("core", core.binary, core.core, "report").stdout
    first = next(line for line in report.splitlines() if "goroutine" in line)
    gdb = debian.inside(
        "gdb",
        "-nx",
        "-batch",
        "-ex",
        f"source {script}",
        "-ex",
        "parked report",
        core.binary,
        core.core,
    )
    assert first in gdb.stdout, gdb.stdout[-1000:] + gdb.stderr[-2000:]
    commands = ("-o", f"plugin load {plugin}", "-o", "parked report")
    said = debian.inside(lldb, "-x", "-b", *commands, "-c", core.core, core.binary)
    assert first in said.stdout, said.stdout[-1000:] + said.stderr[-2000:]
