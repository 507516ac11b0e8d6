"""What the tests of parked.fleet share: parked-fleet, what it looks at, databases."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.building import build_target
from support.commands import parked
from support.fleet import Fleet, Profiled, dump_of, profiled
from support.matrix import Build
from support.paths import BUILD_DIR
from support.postgres import installed, server
from support.running import Running

sys.path.insert(0, str(BUILD_DIR / "python"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, by_matrix in getattr(metafunc.module, "ROWS", {}).items():
        if name in metafunc.fixturenames:
            rows = by_matrix[metafunc.config.getoption("--matrix")]
            metafunc.parametrize(name, rows, ids=str, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is of one file is done by one process, so that no dump is made twice."""
    for item in items:
        here = Path(__file__).parent in item.path.parents
        if here and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="module", autouse=True)
def importable() -> Iterator[None]:
    """Processes that a test starts find the package, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(BUILD_DIR / "python"))
        yield


@pytest.fixture
def full(pytestconfig: pytest.Config) -> None:
    """For what takes long."""
    if pytestconfig.getoption("--matrix") != "full":
        pytest.skip("only in the full matrix")


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    """parked-fleet with results in a folder of the test's own."""
    return Fleet(tmp_path / "results")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Profiled]:
    """service("1.27"): profiles of a program of that release, a report and a dump of it."""
    known: dict[str, Profiled] = {}

    def of(go: str) -> Profiled:
        if go not in known:
            folder = tmp_path_factory.mktemp(f"profiled-{go}")
            known[go] = profiled(build_target("profiled", Build(go, "default")), folder, 30)
        return known[go]

    return of


@pytest.fixture(scope="session")
def dumps(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Dumps of three processes that leak 1, 2 and 3 goroutines."""
    binary = build_target("decisions", Build("1.27", "default"))
    found = []
    for count in (1, 2, 3):
        folder = tmp_path_factory.mktemp(f"decisions-{count}")
        with Running(binary, folder, str(count)) as target:
            found.append(dump_of(target.pid, folder / f"decisions-{count}.core"))
    return found


@pytest.fixture(scope="session")
def document(dumps: list[Path]) -> dict[str, Any]:
    """A report of a process that leaks."""
    found: dict[str, Any] = json.loads(parked("core", dumps[2], "report", "--json").stdout)
    return found


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server on loopback: ``parked@127.0.0.1:PORT``."""
    if not installed():
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with server() as address:
        yield address


@pytest.fixture(scope="session")
def postgres_database(postgres: str) -> Callable[[], str]:
    """Makes a schema of its own for each call, which costs less than a database; its URL."""
    import psycopg

    made = 0

    def make() -> str:
        nonlocal made
        made += 1
        with psycopg.connect(f"postgresql://{postgres}/postgres") as connection:
            connection.execute(f"CREATE SCHEMA fleet{made}")
        return f"postgresql://{postgres}/postgres?options=-csearch_path%3Dfleet{made}"

    return make
