"""Real libraries, leaked, closed, kept and shared (tests/libraries): who is an orphan, who is not.

Which goroutines a library has, the program tells; docs/orphans.md has the table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.building import compile_target, only_one, tree_hash
from support.commands import parked, truth_of
from support.matrix import RELEASES, Build
from support.paths import CACHE, ROOT
from support.postgres import installed, server
from support.running import Running

LIBRARIES = ROOT / "tests/libraries"
MANY = 8  # more than are ORPHAN without being many (--orphan-count), by more than one


@dataclass(frozen=True)
class Expected:
    """Of each client that nobody has any more: how many of its goroutines are not told, and why."""

    unseen: int = 0
    stripped: int = 0  # unseen where variables have no names
    why: str = ""
    closing_leaks: bool = False  # its Close does not end all of its goroutines
    newest: bool = False  # what it needs is not there for an older release


EXPECTED = {
    "ants": Expected(),
    "awssdk": Expected(),
    "bigcache": Expected(),
    "coderws": Expected(),
    "cron": Expected(),
    "etcd": Expected(newest=True),
    "franz": Expected(),
    "fsnotify": Expected(),
    "goredis": Expected(),
    "gorillaws": Expected(),
    "grpc": Expected(),
    "httpserver": Expected(unseen=1, stripped=1, why="who accepts is ended by others"),
    "informer": Expected(
        unseen=10, stripped=10, why="http.DefaultTransport, a variable, can cancel its request"
    ),
    "lumberjack": Expected(closing_leaks=True),
    "nats": Expected(),
    "otelbatch": Expected(),
    "pgxpool": Expected(),
    "redigo": Expected(),
    "ristretto": Expected(),
    "sqlpgx": Expected(),
    "statsd": Expected(),
    "transport": Expected(),
    "workqueue": Expected(),
    "zapbuffer": Expected(),
}
SMALL = ["cron", "transport", "zapbuffer"]
WITH_POSTGRES = {"pgxpool", "sqlpgx"}


def rows(matrix: str) -> list[tuple[str, Build]]:
    if matrix != "full":
        return [(name, Build("1.26", "default")) for name in SMALL]
    builds = [Build("1.26", "default"), Build("1.26", "stripped"), Build("1.22", "default")]
    return [
        (name, build)
        for build in builds
        for name, expected in EXPECTED.items()
        if build.go == builds[0].go or not expected.newest
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "library" in metafunc.fixturenames:
        chosen = rows(metafunc.config.getoption("--matrix"))
        ids = [f"{name}-{build}" for name, build in chosen]
        metafunc.parametrize(("library", "row"), chosen, ids=ids)


def prepares(matrix: str) -> Iterator[tuple[str, Callable[[], object]]]:
    for name, build in rows(matrix):
        yield str(build), lambda name=name, build=build: build_library(name, build)


def module_file(build: Build) -> Path:
    """The newest versions of the libraries, or for an older release those that it compiles."""
    older = LIBRARIES / f"go{build.go}.mod"
    return older if older.exists() else LIBRARIES / "go.mod"


def build_library(name: str, build: Build) -> Path:
    """The program of one library, built once per content, release and mode."""
    module = module_file(build)
    digest = tree_hash(LIBRARIES / name, LIBRARIES / "lab")
    pinned = hashlib.sha256(module.read_bytes()).hexdigest()[:16]
    folder = CACHE / f"library-{name}-{build}-{RELEASES[build.go]}-{digest}-{pinned}"
    binary = folder / name
    with only_one(folder.name):
        if not binary.exists():
            folder.mkdir(parents=True, exist_ok=True)
            partial = folder / f"{name}.partial"
            flags = (f"-modfile={module}",)
            compile_target(LIBRARIES / name, build, "", partial, *flags).rename(binary)
    return binary


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server on loopback; its connection string."""
    if not installed():
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with server() as address:
        yield f"postgres://{address}/postgres?sslmode=disable"


@pytest.fixture
def start_library(
    library: str,
    row: Build,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], Running]:
    if library in WITH_POSTGRES:
        monkeypatch.setenv("PARKED_POSTGRES", request.getfixturevalue("postgres"))
    binary = build_library(library, row)
    return lambda mode: Running(binary, tmp_path, mode, str(MANY))


def look(target: Running) -> tuple[set[int], set[int], list[dict[str, Any]]]:
    """The library's goroutines, those of all that nobody can stop or wake, and the findings."""
    truth = set(truth_of(target.log.read_text())["goroutines"])
    document = json.loads(parked(target.pid, "report", "--json").stdout)
    assert document["incomplete"] == []
    listed = json.loads(parked(target.pid, "goroutines", "--json").stdout)["goroutines"]
    lost = {g["id"] for g in listed if g["verdict"] in ("ORPHAN", "PROVED")}
    return truth, lost, document["findings"]


def test_leaked(library: str, row: Build, start_library: Callable[[str], Running]) -> None:
    """All of them are found but those that the table has, and nobody else's."""
    with start_library("leaked") as target:
        truth, lost, findings = look(target)
    assert lost <= truth
    expected = EXPECTED[library]
    unseen = (expected.unseen if row.symbols else expected.stripped) * MANY
    # A small object shares its 16 bytes with others, by chance with one that somebody has: then one
    # client is not told (docs/orphans.md, "Where it stops"). The others must be.
    assert unseen <= len(truth - lost) <= unseen + len(truth) // MANY
    assert bool(findings) == bool(lost)


def test_closed(library: str, start_library: Callable[[str], Running]) -> None:
    with start_library("closed") as target:
        truth, lost, findings = look(target)
    if EXPECTED[library].closing_leaks:
        assert truth and lost == truth
    else:
        assert not lost and not findings


@pytest.mark.parametrize("mode", ["kept", "shared"])
def test_somebody_has_them(mode: str, start_library: Callable[[str], Running]) -> None:
    with start_library(mode) as target:
        _, lost, findings = look(target)
    assert not lost and not findings
