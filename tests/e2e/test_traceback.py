"""Every parked goroutine against the traceback Go prints for the same instant."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from support import go_traceback
from support.commands import parked
from support.matrix import Build
from support.running import Core


@pytest.mark.parametrize("target", ["zoo", "leakyweb"])
def test_every_frame_of_every_parked_goroutine(
    target: str, build: Build, kernel_core: Callable[..., Core]
) -> None:
    core = kernel_core(target, build)
    truth = go_traceback.parse(core.output)
    result = parked("core", core.binary, core.core, "report", "--format=traceback", "--system")
    assert result.returncode == 0, result.stderr
    ours = go_traceback.parse(result.stdout)
    assert go_traceback.same_frames(truth, ours) > 50
    # A goroutine that ends while Go prints is in the dump and not in the core, never the reverse.
    assert set(ours) <= set(truth)


def test_json_agrees_with_the_traceback(build: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("zoo", build)
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
