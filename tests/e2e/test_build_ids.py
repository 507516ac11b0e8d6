"""A core from elsewhere: its files below another root, or in a folder, told by their build ids."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import gdb, lldb, parked, run, run_script
from support.matrix import Build
from support.running import Running, need_kernel_cores

# Up to 1.23 Go's own linker writes no GNU build id.
GO_ID = Build("1.22", "default")
BOTH_IDS = Build("1.27", "pie")
OTHER = Build("1.27", "default")


def gnu_id(binary: Path) -> str:
    found = re.search(r"Build ID: (\w+)", run("readelf", "-n", binary).stdout)
    return found[1] if found else ""


def away(build: Build, folder: Path) -> tuple[Path, Path]:
    """A core whose program has gone from where it was, and the program."""
    need_kernel_cores()
    place = folder / "bin/zoo"
    place.parent.mkdir(parents=True)
    shutil.copy(build_target("zoo", build), place)
    with Running(place, folder) as running:
        core = running.abort().core
    return core, place.rename(folder / "program")


@pytest.fixture(params=[GO_ID, BOTH_IDS], ids=str)
def moved(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    return away(request.param, tmp_path)


def is_read(*words: object) -> None:
    done = parked(*words, "report", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["proof"]["state"] == "given"
    assert len(document["goroutines"]) > 50


def refused(*words: object) -> str:
    done = parked(*words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    return done.stderr


def test_by_id(moved: tuple[Path, Path], tmp_path: Path) -> None:
    core, program = moved
    assert f"{tmp_path}/bin/zoo does not exist" in refused(core)
    folder = tmp_path / "programs"
    (folder / "deep").mkdir(parents=True)
    shutil.copy(build_target("zoo", OTHER), folder / "zoo")
    text = refused(core, "--debug-dir", folder)
    assert re.search(rf"there is no file with (Go|GNU) build id \S+ in {folder}", text)
    shutil.copy(program, folder / "deep" / "under any name")
    is_read(core, "--debug-dir", folder)
    # The hints of a report can be typed again.
    hint = parked(core, "--debug-dir", folder, "report", "--limit", "1").stdout
    assert f"core --debug-dir {folder} " in hint


def test_in_the_layout_of_debuggers(moved: tuple[Path, Path], tmp_path: Path) -> None:
    core, program = moved
    number = gnu_id(program)
    if not number:
        pytest.skip("the program has no GNU build id")
    place = tmp_path / "debug/.build-id" / number[:2]
    place.mkdir(parents=True)
    (place / number[2:]).symlink_to(program)
    is_read(core, "--debug-dir", tmp_path / "debug")


def test_below_another_root(moved: tuple[Path, Path], tmp_path: Path) -> None:
    core, program = moved
    root = tmp_path / "root"
    place = Path(f"{root}{tmp_path}/bin/zoo")
    place.parent.mkdir(parents=True)
    shutil.copy(build_target("zoo", OTHER), place)
    text = refused(core, "--sysroot", root)
    assert f"{place} is not the program of core {core}: Go build id " in text
    assert " there, " in text
    # What is there is not the one, and the one is elsewhere.
    folder = tmp_path / "programs"
    folder.mkdir()
    shutil.copy(program, folder)
    is_read(core, "--sysroot", root, "--debug-dir", folder)
    shutil.copy(program, place)
    is_read(core, "--sysroot", root)


IN_PYTHON = """
import json, sys
import parked
core, root, folder = sys.argv[1:]
shown = []
for places in ({}, {"sysroot": root}, {"debug_dir": [root, folder]}):
    try:
        with parked.open_core(core, **places) as session:
            shown.append(len(session.goroutines))
    except parked.Error as error:
        shown.append(str(error))
print(json.dumps(shown))
"""


def test_in_other_front_ends(moved: tuple[Path, Path], tmp_path: Path) -> None:
    """The same words in gdb, lldb and Python, where there is the core alone."""
    core, program = moved
    root = tmp_path / "a root"
    place = Path(f"{root}{tmp_path}/bin/zoo")
    place.parent.mkdir(parents=True)
    shutil.copy(program, place)
    folder = tmp_path / "programs"
    folder.mkdir()
    shutil.copy(program, folder)
    none, by_root, by_id = json.loads(run_script(IN_PYTHON, core, root, folder))
    assert "does not exist" in none
    assert by_root == by_id > 50
    for debugger, opened in ((gdb, ("-c", core)), (lldb, ("-c", core))):
        refused = debugger("parked info", arguments=opened)
        assert "build id" not in refused.stdout
        for words in (f"--sysroot '{root}'", f"--debug-dir={folder}"):
            done = debugger(f"parked info {words}", "parked report", arguments=opened)
            shown = done.stdout + done.stderr
            # The next command needs no words for it.
            assert shown.count("goroutines  ") == 2, (debugger, words, shown)
        done = debugger("parked report --sysroot", arguments=opened)
        assert "--sysroot needs a folder" in done.stdout + done.stderr


def test_a_redacted_dump(moved: tuple[Path, Path], tmp_path: Path) -> None:
    """It does not say where its program was, but which it is."""
    core, program = moved
    dump = tmp_path / "dump"
    done = parked("dump", "--core", core, "--exe", program, "-o", dump, "--redact")
    assert (done.returncode, done.stderr) == (0, "")
    folder = tmp_path / "programs"
    folder.mkdir()
    shutil.copy(program, folder / "p")
    program.unlink()
    assert "redacted-" in refused(dump)
    is_read(dump, "--debug-dir", folder)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@contextlib.contextmanager
def debuginfod(folder: Path, number: str, tmp_path: Path) -> Iterator[str]:
    """A server of this machine that has what is in the folder."""
    port = free_port()
    words = ["debuginfod", "-F", folder, "-p", str(port), "-d", tmp_path / "index.sqlite"]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{url}/buildid/{number}/executable", timeout=5):
                    break
            except OSError:  # it does not listen yet, or has not looked into the folder
                assert time.monotonic() < deadline
                assert server.poll() is None
                time.sleep(0.1)
        yield url
    finally:
        server.kill()
        server.wait(timeout=60)


def test_debuginfod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("debuginfod") is None:
        pytest.skip("debuginfod is not installed")
    core, program = away(BOTH_IDS, tmp_path)
    number = gnu_id(program)
    assert number
    folder = tmp_path / "served"
    folder.mkdir()
    program.rename(folder / "program")
    cache = tmp_path / "cache"
    monkeypatch.setenv("DEBUGINFOD_CACHE_PATH", str(cache))
    monkeypatch.delenv("DEBUGINFOD_URLS", raising=False)
    with debuginfod(folder, number, tmp_path) as url:
        assert "names no server of debuginfod" in refused(core, "--debuginfod")
        monkeypatch.setenv("DEBUGINFOD_URLS", url)
        assert "bin/zoo does not exist" in refused(core), "nobody wanted it"
        assert not cache.exists()
        is_read(core, "--debuginfod")
    is_read(core, "--debuginfod")  # what was fetched is kept
    monkeypatch.setenv("DEBUGINFOD_CACHE_PATH", str(tmp_path / "empty"))
    assert "; debuginfod: " in refused(core, "--debuginfod")
