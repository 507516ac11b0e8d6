"""The wheel that scripts/package made: in each Python it is for, and in Debians without a compiler.

`scripts/package check` runs it; PARKED_DIST is the folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.commands import parked, run
from support.matrix import Build
from support.packages import DIST, System, debuggers_say, made, new_debian, ran
from support.running import Core

ROW = Build("1.27", "stripped")
LLDB = {"bookworm": "lldb-19", "trixie": "lldb-19"}
PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13")
SCRIPT = """
import json, sys, parked
session = parked.open_core(sys.argv[2], sys.argv[1])
print(len(session.goroutines))
"""
pytestmark = [
    pytest.mark.skipif(not DIST, reason="scripts/package check says where packages are"),
    pytest.mark.xdist_group("packages"),
]


def interpreter(version: str) -> str:
    """python3.N, on PATH or pyenv's."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    kept = sorted(root.glob(f"versions/{version}.*/bin/python"))
    if kept:
        return str(kept[-1])
    found = shutil.which(f"python{version}")
    if found is None:
        pytest.skip(f"no Python {version}")
    return found


def wheel_for(version: str) -> Path:
    wheel = made("parked-*.whl")[0]
    if f"cp{version.replace('.', '')}" not in wheel.name.split("-")[2].split("."):
        pytest.skip(f"the wheel was built without Python {version}")
    return wheel


def test_it_needs_only_the_c_and_the_cxx_library(tmp_path: Path) -> None:
    run(sys.executable, "-m", "zipfile", "-e", made("parked-*.whl")[0], tmp_path)
    binaries = [*tmp_path.rglob("*.so"), *tmp_path.glob("*.data/scripts/parked")]
    assert len(binaries) >= 3
    for file in binaries:
        needed = re.findall(r"NEEDED.*\[(.*?)\.so", run("readelf", "-d", file).stdout)
        assert set(needed) <= {"libc", "libm", "libstdc++", "libgcc_s", "ld-linux-x86-64"}, file
        wanted = run("nm", "-DC", "--undefined-only", file).stdout
        # Without a version of the system's libraries: what the plugin has from the lldb that loads
        # it, a module from its Python, and what may be missing.
        other = re.findall(r" U ([^@\n]*)$", wanted, re.MULTILINE)
        assert all(re.match("lldb::|_?Py", name) for name in other), (file, other)


@pytest.mark.parametrize("version", PYTHONS)
def test_in_a_python(version: str, tmp_path: Path, kernel_core: Callable[..., Core]) -> None:
    wheel, python = wheel_for(version), interpreter(version)
    venv = tmp_path / "venv"
    assert run(python, "-m", "venv", venv).returncode == 0
    bare = {"PATH": f"{venv}/bin", "HOME": str(tmp_path)}  # no compiler to be found

    def there(*words: object) -> subprocess.CompletedProcess[str]:
        return run(venv / "bin" / str(words[0]), *words[1:], env=bare)

    done = there("python", "-m", "pip", "install", "--no-index", wheel)
    assert done.returncode == 0, done.stderr
    core = kernel_core("zoo", ROW)
    words = ("core", core.binary, core.core, "report", "--all", "--json")
    said = there("parked", *words)
    assert json.loads(said.stdout) == json.loads(parked(*words).stdout)
    counted = there("python", "-c", SCRIPT, core.binary, core.core)
    assert counted.returncode == 0, counted.stderr
    assert int(counted.stdout) == len(json.loads(said.stdout)["goroutines"])
    ran("wheel", f"CPython {version}", "report by the shell and by `import parked`")


@pytest.fixture(params=sorted(LLDB))
def debian(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[System]:
    system = new_debian(request.param, tmp_path / request.param)
    yield system
    shutil.rmtree(system.root, ignore_errors=True)


def test_in_a_debian(debian: System, kernel_core: Callable[..., Core]) -> None:
    """pip, gdb and lldb are Debian's, and nothing that parked is built with is there."""
    release = debian.root.name
    debian.install("python3-venv", "gdb", LLDB[release])
    assert debian.inside("sh", "-c", "command -v cc c++ gcc cmake").stdout == ""
    version = debian.inside(
        "python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"
    ).stdout.strip()
    wheel = wheel_for(version)
    shutil.copy(wheel, debian.root / "tmp")
    assert debian.inside("python3", "-m", "venv", "/opt/parked").returncode == 0
    done = debian.inside("/opt/parked/bin/pip", "install", "--no-index", f"/tmp/{wheel.name}")
    assert done.returncode == 0, done.stderr
    core = kernel_core("zoo", ROW)
    debian.bring(core)
    counted = debian.inside("/opt/parked/bin/python", "-c", SCRIPT, core.binary, core.core)
    assert counted.returncode == 0, counted.stderr
    paths = [
        debian.inside("/opt/parked/bin/parked-paths", what).stdout.strip()
        for what in ("gdb-script", "lldb-plugin")
    ]
    debuggers_say(debian, core, *paths, LLDB[release])
    ran("wheel", debian.name, f"report by the shell, Python {version}, gdb and {LLDB[release]}")


def test_a_debian_that_is_too_old_refuses_it(tmp_path: Path) -> None:
    system = new_debian("bullseye", tmp_path / "bullseye")
    system.install("python3-venv")
    wheel = made("parked-*.whl")[0]
    shutil.copy(wheel, system.root / "tmp")
    assert system.inside("python3", "-m", "venv", "/opt/parked").returncode == 0
    done = system.inside("/opt/parked/bin/pip", "install", "--no-index", f"/tmp/{wheel.name}")
    assert "is not a supported wheel on this platform" in done.stderr
    shutil.rmtree(system.root, ignore_errors=True)
