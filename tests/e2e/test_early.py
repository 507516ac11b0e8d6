"""A Go program that has hardly begun: parked says that, and nothing that sounds like damage."""

from __future__ import annotations

from pathlib import Path

from support.building import build_target, strip, symbols
from support.commands import parked
from support.early import Early
from support.matrix import RELEASES, Build

# Where the runtime's start is interrupted; the last one is in the list of goroutines already.
BEFORE = ("runtime.schedinit", "runtime.mallocinit", "runtime.newproc", "runtime.allgadd")
NOT_STARTED = "there are no goroutines: the Go runtime had not started yet"

ROWS = {
    "row": {
        "quick": [Build("1.27", "default")],
        "ci": [Build("1.18", "default"), Build("1.22", "default"), Build("1.27", "pie")],
        "full": [Build(go, mode) for go in RELEASES for mode in ("default", "pie", "cgo")],
    }
}


def said(process: Early) -> str:
    process.let_go()
    result = parked(process.pid, "report")
    assert (result.returncode, result.stdout) == (2, ""), result.stdout + result.stderr
    return result.stderr.removeprefix("parked: ").strip()


def test_before_the_runtime_has_started(row: Build, tmp_path: Path) -> None:
    binary = build_target("twins", row)
    names = symbols(binary)
    for program in (binary, strip(binary, tmp_path)):
        with Early(program) as process:
            assert said(process) == NOT_STARTED
        for name in BEFORE:
            with Early(program) as process:
                process.run_to(process.bias(binary) + names[name])
                assert said(process) == NOT_STARTED, name
        with Early(program) as process:
            process.run_to(process.bias(binary) + names["main.main"])
            process.let_go()
            report = parked(process.pid, "report")
            assert report.returncode == 0, report.stderr
            assert "goroutines" in report.stdout


def test_the_first_goroutine_is_being_made(row: Build, tmp_path: Path) -> None:
    binary = build_target("twins", row)
    shown = []
    for program in (binary, strip(binary, tmp_path)):
        with Early(program) as process:
            process.run_to(process.bias(binary) + symbols(binary)["runtime.allgadd"])
            process.run_to_return()
            process.let_go()
            shown.append(parked(process.pid, "report"))
    whole, stripped = shown
    assert whole.returncode == stripped.returncode == 0, stripped.stderr
    assert "0" in next(line for line in stripped.stdout.splitlines() if "goroutines" in line)


def test_in_the_middle_of_an_exec(row: Build) -> None:
    """The kernel gives a process its new executable before it maps it."""
    with Early(build_target("twins", row)) as process:
        process.unmap_program()
        assert "is in the middle of an exec" in said(process)
