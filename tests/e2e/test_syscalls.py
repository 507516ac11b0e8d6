"""Which system call a goroutine is in, and on what, against what the program says of itself."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import parked, truth_of
from support.matrix import Build, resource_builds
from support.running import Core, Running
from support.schema import VALIDATOR

AT_MOST = 60.0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "row" in metafunc.fixturenames:
        matrix = metafunc.config.getoption("--matrix")
        rows = resource_builds(matrix, "1.22")
        if matrix == "ci":  # where syscall.Syscall has its arguments, and os.Process its child
            rows = [*rows, Build("1.21", "stripped"), Build("1.24", "default")]
        metafunc.parametrize("row", rows, ids=str)


def told(document: dict) -> dict[str, str]:
    """By the user's function: what the goroutine in a system call waits on."""
    VALIDATOR.validate(document)
    return {
        goroutine["user_frame"]["func"]: wait["note"]
        for goroutine in document["goroutines"]
        for wait in goroutine["waiting_on"]
        if wait["kind"] == "syscall" and goroutine["user_frame"] and "note" in wait
    }


def test_live(row: Build, tmp_path: Path) -> None:
    deadline = time.monotonic() + AT_MOST
    with Running(build_target("syscalls", row), tmp_path) as target:
        expected = truth_of(target.log.read_text())
        while True:
            found = told(json.loads(parked(target.pid, "goroutines", "--all", "--json").stdout))
            if found == expected or time.monotonic() > deadline:
                break
        text = parked(target.pid, "report", "--limit", "0").stdout
    assert found == expected
    for call in expected.values():
        assert f" {call}\n" in text


def test_core(row: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("syscalls", row)
    shown = parked("core", core.binary, core.core, "goroutines", "--all", "--json")
    # A core has the numbers of descriptors, and not what they stand for.
    expected = {name: re.sub(r" \(.*\)$", "", call) for name, call in truth_of(core.output).items()}
    assert told(json.loads(shown.stdout)) == expected
