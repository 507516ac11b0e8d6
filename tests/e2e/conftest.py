"""Rows of the matrix for every test, and the Go programs and cores that they ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.building import build_target
from support.matrix import Build, builds, samples, twins
from support.running import Core, Running, need_kernel_cores


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The parameters that any test may have, and those that a file has for itself:
    ROWS = {"go": {"quick": ["1.27"], "ci": …, "full": …}}."""
    matrix = metafunc.config.getoption("--matrix")
    for name, by_matrix in getattr(metafunc.module, "ROWS", {}).items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, by_matrix[matrix], ids=str)
    for name, rows_of in (("build", builds), ("sample", samples), ("twin", twins)):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, rows_of(matrix), ids=str, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Several processes share the work (pytest -n --dist loadgroup): what is of one build, or else
    of one file and one of its rows, is done by one of them, so that no core is made twice."""
    for item in items:
        if item.get_closest_marker("xdist_group"):
            continue
        params = item.callspec.params if hasattr(item, "callspec") else {}
        group = next((str(v) for v in params.values() if isinstance(v, Build)), "")
        if not group:
            names = ("go", "scene", "evil", "kind")
            group = "-".join([item.path.stem, *(str(params[n]) for n in names if n in params)])
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def kernel_core(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Core]]:
    """kernel_core("zoo", build): a core by SIGABRT, made once a session."""
    made: dict[tuple[str, ...], Core] = {}

    def make(name: str, build: Build, *arguments: str) -> Core:
        need_kernel_cores()
        key = (name, str(build), *arguments)
        if key not in made:
            folder = tmp_path_factory.mktemp(f"{name}-{build}")
            with Running(build_target(name, build), folder, *arguments) as running:
                made[key] = running.abort()
        return made[key]

    yield make
    for core in made.values():
        core.core.unlink(missing_ok=True)


@pytest.fixture
def running(tmp_path: Path) -> Callable[..., Running]:
    """with running("zoo", build) as target: …"""
    return lambda name, build, *arguments: Running(build_target(name, build), tmp_path, *arguments)
