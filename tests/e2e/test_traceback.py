"""Every parked goroutine against the traceback Go prints for the same instant."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable

import pytest
from support import go_traceback
from support.building import CROSS_CC
from support.commands import parked
from support.matrix import Build
from support.running import Core

ROWS = {
    "with_c": {
        "quick": [],
        "ci": [],
        "full": [Build("1.18", "cgo", "arm64"), Build("1.27", "cgo", "arm64")],
    },
}


@pytest.mark.parametrize("target", ["zoo", "leakyweb"])
def test_every_frame_of_every_parked_goroutine(
    target: str, build: Build, kernel_core: Callable[..., Core]
) -> None:
    as_go_has_it(kernel_core(target, build))


def test_every_frame_in_a_guest(guest: Build, kernel_core: Callable[..., Core]) -> None:
    as_go_has_it(kernel_core("zoo", guest))


def test_every_frame_beside_c_code(with_c: Build, kernel_core: Callable[..., Core]) -> None:
    if shutil.which(CROSS_CC) is None:
        pytest.skip(f"{CROSS_CC} is not installed")
    core = kernel_core("zoo", with_c)
    as_go_has_it(core)
    shown = parked("core", core.binary, core.core, "report", "--json")
    assert json.loads(shown.stdout)["proof"]["state"] == "given"


def as_go_has_it(core: Core) -> None:
    truth = go_traceback.parse(core.output)
    result = parked("core", core.binary, core.core, "report", "--format=traceback", "--system")
    assert result.returncode == 0, result.stderr
    ours = go_traceback.parse(result.stdout)
    assert go_traceback.same_frames(truth, ours) > 50
    # A goroutine that ends while Go prints is in the dump and not in the core, never the reverse.
    assert set(ours) <= set(truth)


def test_json_agrees_with_the_traceback(anywhere: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("zoo", anywhere)
    truth = go_traceback.parse(core.output)
    result = parked("core", core.binary, core.core, "report", "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    compared = 0
    for goroutine in document["goroutines"]:
        theirs = truth[goroutine["id"]]
        if not theirs.parked:
            continue
        assert goroutine["reason"] == theirs.reason
        places = [line.split(" +0x")[0].strip() for line in theirs.lines if line.startswith("\t")]
        if theirs.lines[-2].startswith("created by"):
            created = goroutine["created_by"]
            assert places.pop() == f"{created['file']}:{created['line']}"
        frames = [f"{frame['file']}:{frame['line']}" for frame in goroutine["frames"]]
        assert frames == places
        compared += 1
    assert compared > 50


def test_who_ran_on_a_thread(guest: Build, kernel_core: Callable[..., Core]) -> None:
    """Their registers are where the kernel put them for the handler of the signal."""
    core = kernel_core("vectors", guest)
    truth = go_traceback.on_threads(core.output)
    shown = parked("core", core.binary, core.core, "report", "--format=traceback", "--system")
    ours = go_traceback.parse(shown.stdout)
    assert len(truth) == 1
    for goid, theirs in truth.items():
        assert theirs.lines[0].startswith("main.spin(")
        assert ours[goid].lines == theirs.lines


def test_who_was_preempted(anywhere: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("preempted", anywhere)
    truth = go_traceback.parse(core.output)
    shown = parked("core", core.binary, core.core, "report", "--format=traceback", "--system")
    ours = go_traceback.parse(shown.stdout)
    compared = 0
    for goid, theirs in truth.items():
        stopped = any(line.startswith("runtime.asyncPreempt(") for line in theirs.lines)
        # As long as the others print, threads go on, and who was stopped may run again.
        if stopped and ours[goid].lines[1] == theirs.lines[1]:
            assert ours[goid].lines == theirs.lines
            compared += 1
    assert compared > 0
