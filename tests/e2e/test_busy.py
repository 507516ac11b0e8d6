"""A busy program gives the same answer at every look, and exit code 0.

tests/targets/busy never stands still: at each look something is half done (docs/busy.md). What is
normal for a moment is read another way or looked at again; it must not decide about the exit code.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable

import pytest
from support.commands import parked
from support.matrix import RELEASES, Build
from support.running import Running

LOOKS = {"quick": 6, "ci": 12, "full": 100}


def rows(matrix: str) -> list[Build]:
    if matrix == "quick":
        return [Build("1.22", "default")]
    if matrix == "ci":
        return [Build("1.18", "stripped"), Build("1.27", "default")]
    return [Build(go, mode) for go in RELEASES for mode in ("default", "noopt", "stripped")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "row" in metafunc.fixturenames:
        metafunc.parametrize("row", rows(metafunc.config.getoption("--matrix")), ids=str)


def leaks_of(document: dict) -> int:
    """How many are PROVED, all of which have to be those that the program leaks."""
    proved = [g for g in document["goroutines"] if g["verdict"] == "PROVED"]
    for goroutine in proved:
        assert goroutine["start_func"] == "main.leaked", goroutine
    return len(proved)


def test_every_look_has_the_same_answer(
    row: Build, running: Callable[..., Running], request: pytest.FixtureRequest
) -> None:
    momentary: Counter[str] = Counter()
    with running("busy", row) as target:
        leaked = json.loads(re.findall(r"^\{.*\}$", target.log.read_text(), re.MULTILINE)[0])
        for _ in range(LOOKS[request.config.getoption("--matrix")]):
            # Where others keep the machine busy, a stop may take long, and another one is wanted.
            result = parked("--max-pause", "20s", target.pid, "report", "--json", "--all")
            document = json.loads(result.stdout)
            assert document["incomplete"] == []
            assert document["proof"]["state"] == "given", document["proof"]
            assert result.returncode == 0
            # What a running thread has on its stack may look like a pointer to one of them.
            assert leaked["leaked"] - 1 <= leaks_of(document) <= leaked["leaked"]
            momentary.update(f"{e['what']}: {e['detail']}" for e in document["momentary"])
        dumped = target.gcore()
    print(f"{row}: {dict(momentary)}")
    # A core cannot be looked at again; only where the proof needs what was half done it says so.
    result = parked("core", dumped.binary, dumped.core, "report", "--json", "--all")
    document = json.loads(result.stdout)
    dumped.core.unlink()
    if document["proof"]["state"] == "given":
        assert document["incomplete"] == []
        assert result.returncode == 0
        assert leaks_of(document) >= leaked["leaked"] - 1
