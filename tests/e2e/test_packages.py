"""What scripts/package made: a program that needs nothing, Debian packages that install.

`scripts/package check` runs it; PARKED_DIST is the folder, where what ran is kept
(support/packages.py)."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.commands import parked, run
from support.matrix import Build
from support.packages import DIST, System, debuggers_say, made, new_debian, ran, this_release
from support.running import Core, Running

ROW = Build("1.27", "stripped")
MOST = 8 << 20  # bytes of the static program
SOON = 0.02  # seconds until it has begun
RELEASES = ("bullseye", "bookworm", "trixie")
pytestmark = [
    pytest.mark.skipif(not DIST, reason="scripts/package check says where packages are"),
    pytest.mark.xdist_group("packages"),
]


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of the tarball."""
    folder = tmp_path_factory.mktemp("static")
    with tarfile.open(made("parked-*.tar.gz")[0]) as archive:
        archive.extractall(folder)
    return next(folder.glob("*/bin/parked"))


@pytest.fixture(scope="module", params=RELEASES)
def debian(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    system = new_debian(request.param, tmp_path_factory.mktemp(request.param))
    yield system
    shutil.rmtree(system.root, ignore_errors=True)


def words_for(core: Core) -> tuple[object, ...]:
    return ("core", core.binary, core.core, "report", "--all", "--json")


def says_the_same(text: str, core: Core) -> None:
    assert json.loads(text) == json.loads(parked(*words_for(core)).stdout)


def test_it_needs_no_library(static: Path) -> None:
    assert "NEEDED" not in run("readelf", "-d", static).stdout
    assert "INTERP" not in run("readelf", "-l", static).stdout
    assert static.stat().st_size < MOST
    debug = made("parked-*.debug")[0]
    ids = [re.findall(r"Build ID: (\w+)", run("readelf", "-n", f).stdout) for f in (static, debug)]
    assert ids[0] == ids[1] != []


def test_it_starts_at_once(static: Path) -> None:
    took = []
    for _ in range(50):  # the machine may have other things to do in most of them
        begun = time.perf_counter()
        run(static, "--version")
        took.append(time.perf_counter() - begun)
    assert min(took) < SOON


def test_in_an_empty_root_it_says_the_same(
    static: Path, kernel_core: Callable[..., Core], tmp_path: Path
) -> None:
    core = kernel_core("zoo", ROW)
    System(tmp_path, "").bring(core)
    shutil.copy(static, tmp_path / "parked")
    there = run("chroot", tmp_path, "/parked", *words_for(core))
    assert (there.returncode, there.stderr) == (0, "")
    says_the_same(there.stdout, core)
    ran("static program", "an empty root", "report of a core")


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


def test_rpm_runs(kernel_core: Callable[..., Core], tmp_path: Path) -> None:
    if shutil.which("rpm2cpio") is None or shutil.which("cpio") is None:
        pytest.skip("no rpm2cpio or cpio")
    packed = tmp_path / "packed"
    rpm = made("parked-*.rpm")[0]
    assert (
        run(
            "sh", "-c", f"rpm2cpio {rpm} >{packed} && cd {tmp_path} && cpio -idm <{packed}"
        ).returncode
        == 0
    )
    core = kernel_core("zoo", ROW)
    says_the_same(run(tmp_path / "usr/bin/parked", *words_for(core)).stdout, core)
    ran("RPM", "unpacked", "report of a core")


def test_debian_packages_are_clean() -> None:
    if shutil.which("lintian") is None:
        pytest.skip("no lintian")
    # They are not uploaded to Debian, where a first changelog closes the request for the package.
    checked = run(
        "lintian", "--suppress-tags", "initial-upload-closes-no-bugs", *made("parked*.deb")
    )
    said = [line for line in checked.stdout.splitlines() if re.match("[EW]: ", line)]
    assert said == []


def test_sums_and_parts_lists() -> None:
    """SHA256SUMS has every file, and each list of parts is CycloneDX by its own validator."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    sums = dict(
        reversed(line.split("  ")) for line in made("SHA256SUMS")[0].read_text().splitlines()
    )
    assert sorted(sums) == [file.name for file in made("parked*")]
    for file in made("parked*"):
        assert hashlib.sha256(file.read_bytes()).hexdigest() == sums[file.name]
    lists = made("parked*.cdx.json")
    assert len(lists) == 3
    for file in lists:
        text = file.read_text()
        assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) is None
        names = {component["name"] for component in json.loads(text)["components"]}
        assert {"nlohmann-json3-dev", "libcli11-dev", "d3-scale"} <= names
        assert "capstone" in names or "libcapstone-dev" in names


def test_the_static_program_in_a_debian(
    static: Path, debian: System, kernel_core: Callable[..., Core]
) -> None:
    core = kernel_core("zoo", ROW)
    debian.bring(core)
    shutil.copy(static, debian.root / "usr/bin/parked-static")
    says_the_same(debian.inside("parked-static", *words_for(core)).stdout, core)
    ran("static program", debian.name, "report of a core")


def test_debian_packages_install_and_go_away(
    debian: System, kernel_core: Callable[..., Core]
) -> None:
    if debian.root.name.rstrip("0123456789") != this_release():
        pytest.skip("they are for the release on which they were built")
    for package in made("parked*.deb"):
        shutil.copy(package, debian.root / "tmp")
    debian.install(*(f"/tmp/{package.name}" for package in made("parked*.deb")), "gdb", "lldb-19")
    core = kernel_core("zoo", ROW)
    debian.bring(core)
    says_the_same(debian.inside("parked", *words_for(core)).stdout, core)
    plugin = next((debian.root / "usr/lib").glob("*/parked/libparked_lldb.so"))
    within = f"/{plugin.relative_to(debian.root)}"
    debuggers_say(debian, core, "/usr/share/parked/parked-gdb.py", within, "lldb-19")
    names = ("parked", "parked-gdb", "parked-lldb")
    removed = debian.inside("apt-get", "purge", "-y", "-qq", *names)
    assert removed.returncode == 0, removed.stderr[-2000:]
    assert list((debian.root / "usr").rglob("*parked[.-]gdb*")) == []
    assert not (debian.root / "usr/bin/parked").exists()
    ran("Debian packages", debian.name, "installed, report by the shell, gdb and lldb-19, removed")
