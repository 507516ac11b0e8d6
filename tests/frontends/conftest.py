"""Tests of what gdb, lldb and Python users touch. The build is PARKED_BUILD, or build/."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from support.paths import BUILD_DIR, ROOT
from support.running import wait_until_asleep

sys.path.insert(0, str(BUILD_DIR / "python"))

PROGRAM = """
package main

import (
\t"fmt"
\t"time"
)

var never chan int

func leak(c chan int, i int) { c <- i }

func main() {
\tc := make(chan int)
\tfor i := 0; i < 5; i++ {
\t\tgo leak(c, i)
\t}
\tgo func() { <-never }()
\tfmt.Println("READY")
\ttime.Sleep(time.Hour)
}
"""


@pytest.fixture(scope="session")
def build() -> Path:
    """The build tree."""
    if not (BUILD_DIR / "cli" / "parked").exists():
        pytest.skip(f"not built: {BUILD_DIR}")
    return BUILD_DIR


@pytest.fixture
def tool(request: pytest.FixtureRequest) -> str:
    """A debugger, by indirect parametrization; skips where it is not installed."""
    path = shutil.which(request.param)
    if path is None:
        pytest.skip(f"no {request.param}")
    return path


@pytest.fixture(scope="session", params=["", "-s -w"], ids=["symbols", "stripped"])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Go program with five goroutines blocked in a channel send and one on a nil channel.

    Built as go build does, and without symbol table and DWARF.
    """
    go = shutil.which("go")
    if go is None:
        pytest.skip("no go")
    folder = tmp_path_factory.mktemp("leaky")
    (folder / "main.go").write_text(PROGRAM)
    (folder / "go.mod").write_text("module leaky\n\ngo 1.18\n")
    subprocess.run(
        [go, "build", "-buildvcs=false", f"-ldflags={request.param}", "-o", "leaky", "."],
        cwd=folder,
        check=True,
    )
    return folder / "leaky"


def wait_until_blocked(running: subprocess.Popen[str]) -> None:
    """It is up, and none of its threads has anything left to do."""
    assert running.stdout is not None
    assert running.stdout.readline() == "READY\n"
    assert wait_until_asleep(running.pid, 60)


@pytest.fixture
def process(program: Path) -> Iterator[subprocess.Popen[str]]:
    """The program, running, with its goroutines blocked."""
    running = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    wait_until_blocked(running)
    yield running
    running.kill()
    running.wait()


@pytest.fixture(scope="session")
def core(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A core of the program."""
    gcore = shutil.which("gcore")
    if gcore is None:
        pytest.skip("no gcore")
    prefix = tmp_path_factory.mktemp("core") / "core"
    running = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    try:
        wait_until_blocked(running)
        subprocess.run([gcore, "-o", prefix, str(running.pid)], check=True, capture_output=True)
    finally:
        running.kill()
        running.wait()
    return prefix.with_name(f"core.{running.pid}")


@pytest.fixture
def parked_gdb(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The gdb package, importable outside gdb: for what does not call gdb."""
    pytest.importorskip("parked")
    for name in [name for name in sys.modules if name.startswith("parked_gdb")]:
        monkeypatch.delitem(sys.modules, name)
    gdb = ModuleType("gdb")
    unwinder = ModuleType("gdb.unwinder")
    unwinder.Unwinder = object  # type: ignore[attr-defined]
    gdb.unwinder = unwinder  # type: ignore[attr-defined]
    gdb.Command = object  # type: ignore[attr-defined]
    gdb.error = RuntimeError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gdb", gdb)
    monkeypatch.setitem(sys.modules, "gdb.unwinder", unwinder)
    monkeypatch.syspath_prepend(str(ROOT / "gdb_scripts"))
    import parked_gdb
    import parked_gdb.access
    import parked_gdb.inferior

    return parked_gdb
