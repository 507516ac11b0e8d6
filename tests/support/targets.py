"""Builds every Go program that the chosen rows of the end-to-end tests look at, side by side.

    PYTHONPATH=tests python -m support.targets MATRIX

Which these are is read off the tests: a test's source names folders of tests/targets, and its
parameters name releases and builds. What is missed is built when its test asks for it, as in a run
of one test.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest

from support import building
from support.building import build_target
from support.matrix import RELEASES, Build
from support.paths import ROOT

SIDE_BY_SIDE = 2
# Module-level function of a test file that tells itself what to build: prepares(matrix).
HOOK = "prepares"
# What a test calls to have a program built.
ASK = {"build_target", "kernel_core", "running"}
Work = tuple[str, Callable[[], object]]  # toolchain and mode, and what builds


class Collected:
    """A plugin that keeps the tests which a run would run."""

    def __init__(self) -> None:
        self.items: list[pytest.Function] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = [item for item in session.items if isinstance(item, pytest.Function)]


def programs_in(source: object) -> set[str]:
    """First arguments of the calls that build or run a program of tests/targets."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(source)))  # type: ignore[arg-type]
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in ASK
        if isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)
    }


def programs_of(item: pytest.Function, known: set[str]) -> set[str]:
    """Folders of tests/targets that the test names: itself, by a parameter, or else its file."""
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    named = programs_in(item.function) | {str(value) for value in parameters}
    return named & known or programs_in(item.module) & known


def builds_of(item: pytest.Function) -> set[Build]:
    """Of its parameters; where there are none, the constants of its file."""
    parameters = list(item.callspec.params.values()) if hasattr(item, "callspec") else []
    found = {value for value in parameters if isinstance(value, Build)}
    found |= {Build(v, "default") for v in parameters if isinstance(v, str) and v in RELEASES}
    return found or {v for v in vars(item.module).values() if isinstance(v, Build)}


def needed(items: list[pytest.Function], matrix: str) -> Iterator[Work]:
    known = {path.name for path in (ROOT / "tests/targets").iterdir() if (path / "go.mod").exists()}
    rows = {
        (build, program)
        for item in items
        if not hasattr(item.module, HOOK)
        for program in programs_of(item, known)
        for build in builds_of(item)
    }
    for build, program in sorted(rows, key=str):
        yield str(build), lambda program=program, build=build: build_target(program, build)
    modules: dict[str, ModuleType] = {item.module.__name__: item.module for item in items}
    for module in modules.values():
        if hasattr(module, HOOK):
            yield from getattr(module, HOOK)(matrix)


def main() -> int:
    began = time.monotonic()
    matrix = sys.argv[1]
    collected = Collected()
    tests = Path(__file__).resolve().parent.parent
    words = ["-c", tests / "pytest.ini", "--collect-only", "-q", f"--matrix={matrix}", tests]
    with contextlib.redirect_stdout(io.StringIO()) as output:
        status = pytest.main([str(word) for word in words], plugins=[collected])
    if status != 0:
        print(output.getvalue())
        return int(status)
    # What one toolchain builds in one mode shares its library: by one thread, one after the other.
    by_toolchain: dict[str, list[Callable[[], object]]] = {}
    for toolchain, build in needed(collected.items, matrix):
        by_toolchain.setdefault(toolchain, []).append(build)
    longest_first = sorted(by_toolchain.values(), key=len, reverse=True)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        list(pool.map(lambda builds: [build() for build in builds], longest_first))
    count = sum(map(len, longest_first))
    print(f"{count} programs, {building.BUILT} of them built now, {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
