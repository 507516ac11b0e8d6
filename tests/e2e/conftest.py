"""Rows of the matrix for every test, and the Go programs and cores that they ask for."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import arm64_guest
from support.building import build_target
from support.matrix import Build, builds, everywhere_of, guests_of, samples_of, twins
from support.paths import PARKED
from support.running import Core, Running, need_kernel_cores

# Parameters that any test may have, and their rows.
ROWS_OF = {
    "build": lambda matrix, _: builds(matrix),
    "sample": samples_of,
    "twin": lambda matrix, _: twins(matrix),
    "guest": guests_of,  # another architecture
    "anywhere": everywhere_of,  # builds and guests
    # Programs that take long in a guest.
    "wherever": lambda matrix, file: (
        everywhere_of(matrix, file) if matrix == "full" else samples_of(matrix, file)
    ),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The parameters that any test may have, and those that a file has for itself:
    ROWS = {"go": {"quick": ["1.27"], "ci": …, "full": …}}."""
    matrix = metafunc.config.getoption("--matrix")
    for name, by_matrix in getattr(metafunc.module, "ROWS", {}).items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, by_matrix[matrix], ids=str)
    for name, rows_of in ROWS_OF.items():
        if name in metafunc.fixturenames:
            rows = rows_of(matrix, metafunc.module.__name__)
            metafunc.parametrize(name, rows, ids=str, scope="session")


def group_of(build: Build) -> str:
    """One guest is booted for all of an architecture."""
    return str(build) if build.native else build.architecture


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Several processes share the work (pytest -n --dist loadgroup): what is of one build, or else
    of one file and one of its rows, is done by one of them, so that no core is made twice."""
    for item in items:
        if item.get_closest_marker("xdist_group"):
            continue
        params = item.callspec.params if hasattr(item, "callspec") else {}
        group = next((group_of(v) for v in params.values() if isinstance(v, Build)), "")
        if not group:
            names = ("go", "scene", "evil", "kind")
            group = "-".join([item.path.stem, *(str(params[n]) for n in names if n in params)])
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def booted(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[], arm64_guest.Guest]]:
    """booted(): the guest, which runs until the tests end."""
    with contextlib.ExitStack() as stack:
        running: list[arm64_guest.Guest] = []

        def boot() -> arm64_guest.Guest:
            arm64_guest.need_guest()
            if not running:
                guest = arm64_guest.Guest(tmp_path_factory.mktemp("guest"))
                running.append(stack.enter_context(guest))
            return running[0]

        yield boot


@pytest.fixture(scope="session")
def kernel_core(
    tmp_path_factory: pytest.TempPathFactory, booted: Callable[[], arm64_guest.Guest]
) -> Iterator[Callable[..., Core]]:
    """kernel_core("zoo", build): a core by SIGABRT, made once a session; of another architecture,
    by the kernel of a guest."""
    made: dict[tuple[str, ...], Core] = {}

    def make(name: str, build: Build, *arguments: str) -> Core:
        key = (name, str(build), *arguments)
        if key in made:
            return made[key]
        if build.native:
            need_kernel_cores()
        else:
            booted()
        binary = build_target(name, build)
        folder = tmp_path_factory.mktemp(f"{name}-{build}")
        if build.native:
            with Running(binary, folder, *arguments) as running:
                made[key] = running.abort()
        else:
            made[key] = booted().crash(binary, folder, *arguments)
        return made[key]

    yield make
    for core in made.values():
        core.core.unlink(missing_ok=True)


@pytest.fixture
def running(tmp_path: Path) -> Callable[..., Running]:
    """with running("zoo", build) as target: …"""
    return lambda name, build, *arguments: Running(build_target(name, build), tmp_path, *arguments)


@pytest.fixture
def for_everybody() -> Iterator[Path]:
    """The program where every user may run it."""
    folder = Path(tempfile.mkdtemp(prefix="parked-"))
    folder.chmod(0o755)
    copy = shutil.copy(PARKED, folder / "parked")
    Path(copy).chmod(0o755)
    yield Path(copy)
    shutil.rmtree(folder)
