"""What scripts/package made: a program that needs nothing, and Debian packages that install.

`scripts/package check` runs it; PARKED_DIST is the folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.commands import parked, run
from support.matrix import Build
from support.running import Core, Running

ROW = Build("1.27", "stripped")
DIST = os.environ.get("PARKED_DIST")
MOST = 12 << 20  # bytes of the static program
pytestmark = pytest.mark.skipif(not DIST, reason="scripts/package check says where packages are")


def made(pattern: str) -> list[Path]:
    found = sorted(Path(str(DIST)).glob(pattern))
    assert found, f"no {pattern} in {DIST}"
    return found


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the tarball."""
    folder = tmp_path_factory.mktemp("static")
    with tarfile.open(made("parked-*.tar.gz")[0]) as archive:
        archive.extractall(folder)
    return next(folder.glob("*/bin/parked"))


def test_it_needs_no_library(static: Path) -> None:
    assert "NEEDED" not in run("readelf", "-d", static).stdout
    assert "INTERP" not in run("readelf", "-l", static).stdout
    assert static.stat().st_size < MOST
    debug = made("parked-*.debug")[0]
    ids = [re.findall(r"Build ID: (\w+)", run("readelf", "-n", f).stdout) for f in (static, debug)]
    assert ids[0] == ids[1] != []


def test_in_an_empty_root_it_says_the_same(
    static: Path, kernel_core: Callable[..., Core], tmp_path: Path
) -> None:
    core = kernel_core("zoo", ROW)
    for file in (core.binary, core.core):
        to = tmp_path / file.relative_to("/")
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, to)  # a core is as old as its file
    shutil.copy(static, tmp_path / "parked")
    words = ("/parked", "core", core.binary, core.core, "report", "--all", "--json")
    there = run("chroot", tmp_path, *words)
    here = parked("core", core.binary, core.core, "report", "--all", "--json")
    assert (there.returncode, there.stderr) == (here.returncode, here.stderr)
    assert json.loads(there.stdout) == json.loads(here.stdout)


def test_a_live_process_is_read_by_it(static: Path, running: Callable[..., Running]) -> None:
    with running("zoo", ROW) as target:
        seen = run(static, target.pid, "report", "--json", "--all")
        assert json.loads(seen.stdout)["proof"]["state"] == "given", seen.stderr


def test_rpm() -> None:
    if shutil.which("rpm") is None:
        pytest.skip("no rpm")
    rpm = made("parked-*.rpm")[0]
    assert "digests OK" in run("rpm", "-K", "--nosignature", rpm).stdout
    assert "/usr/bin/parked" in run("rpm", "-qlp", rpm).stdout.splitlines()


def test_debian_packages_are_clean() -> None:
    if shutil.which("lintian") is None:
        pytest.skip("no lintian")
    # They are not uploaded to Debian, where a first changelog closes the request for the package.
    checked = run(
        "lintian", "--suppress-tags", "initial-upload-closes-no-bugs", *made("parked*.deb")
    )
    said = [line for line in checked.stdout.splitlines() if re.match("[EW]: ", line)]
    assert said == []


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Debian of this machine's release with nothing installed."""
    if shutil.which("debootstrap") is None or os.geteuid() != 0:
        pytest.skip("no debootstrap, or not root")
    release = re.findall("VERSION_CODENAME=(.*)", Path("/etc/os-release").read_text())[0]
    asked = ("--format", "$(REPO_URI)", "Created-By: Packages", f"Release: {release}")
    mirrors = run("apt-get", "indextargets", *asked).stdout.split()
    root = tmp_path_factory.mktemp("debian")
    done = run("debootstrap", "--variant=minbase", release, root, mirrors[0], timeout=1800)
    assert done.returncode == 0, done.stdout[-2000:]
    yield root
    shutil.rmtree(root, ignore_errors=True)


def test_debian_packages_install_and_go_away(debian: Path) -> None:
    def inside(*words: str) -> subprocess.CompletedProcess[str]:
        return run("chroot", debian, *words, timeout=1200)

    packages = made("parked*.deb")
    for package in packages:
        shutil.copy(package, debian / "tmp")
    names = [f"/tmp/{package.name}" for package in packages]
    options = ("-y", "-qq", "--no-install-recommends")
    env = ("env", "DEBIAN_FRONTEND=noninteractive")
    assert inside("apt-get", "update", "-qq").returncode == 0
    installed = inside(*env, "apt-get", "install", *options, *names, "gdb", "lldb-19")
    assert installed.returncode == 0, installed.stderr[-2000:]
    assert inside("parked", "--version").stdout.startswith("parked ")
    script = next((debian / "usr/share/parked").glob("parked-gdb.py")).relative_to(debian)
    gdb = inside("gdb", "-nx", "-batch", "-ex", f"source /{script}", "-ex", "help parked")
    assert "report" in gdb.stdout, gdb.stderr
    plugin = next((debian / "usr/lib").glob("*/parked/libparked_lldb.so")).relative_to(debian)
    lldb = inside("lldb-19", "-x", "-b", "-o", f"plugin load /{plugin}", "-o", "help parked")
    assert "report" in lldb.stdout, lldb.stderr
    removed = inside(*env, "apt-get", "purge", "-y", "-qq", "parked", "parked-gdb", "parked-lldb")
    assert removed.returncode == 0, removed.stderr[-2000:]
    assert list((debian / "usr").rglob("*parked*")) == []
