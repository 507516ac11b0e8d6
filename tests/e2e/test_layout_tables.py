"""The shipped layout tables: equal to DWARF, made by one command."""

from __future__ import annotations

import filecmp
import shutil
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import run
from support.matrix import RELEASES, Build
from support.paths import BUILD_DIR, ROOT

TABLES = ROOT / "core/layouts"
FILES = ["releases.txt", "sets.txt", "structs.txt"]
COMPARE = BUILD_DIR / "tests/tools/compare_layouts"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    matrix = metafunc.config.getoption("--matrix")
    every = list(RELEASES)
    rows = {
        "go": {"quick": ["1.22"], "ci": every, "full": every},
        "added": {"quick": [], "ci": [], "full": every},
    }
    for name in rows:
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, rows[name][matrix])


def test_equal_to_dwarf(go: str) -> None:
    result = run(COMPARE, build_target("zoo", Build(go, "default")))
    assert result.returncode == 0, result.stdout + result.stderr
    last = result.stdout.splitlines()[-1]
    assert last.startswith(f"shipped table for {RELEASES[go]}: ")
    assert " 0 differences" in last
    assert int(last.split(": ")[1].split()[0]) > 100  # structs compared


def test_a_neighbours_table_is_not_believed(go: str) -> None:
    binary = build_target("zoo", Build(go, "default"))
    own = run(COMPARE, "--check", RELEASES[go], binary)
    assert own.returncode == 0 and own.stdout.endswith("; fits\n"), own.stdout
    releases = list(RELEASES)
    at = releases.index(go)
    for neighbour in releases[max(at - 1, 0) : at] + releases[at + 1 : at + 2]:
        wrong = run(COMPARE, "--check", RELEASES[neighbour], binary)
        assert wrong.returncode == 1, (neighbour, wrong.stdout + wrong.stderr)


def test_a_release_is_added_by_one_command(added: str, tmp_path: Path) -> None:
    for name in FILES:
        shutil.copy(TABLES / name, tmp_path)
    command = [ROOT / "scripts/make-layouts", "--output", tmp_path]
    assert run(*command, "--drop", RELEASES[added]).returncode == 0
    assert f"{RELEASES[added]} " not in (tmp_path / "releases.txt").read_text()
    made = run(*command, "--keep", RELEASES[added], timeout=600)
    assert made.returncode == 0, made.stderr
    assert filecmp.cmpfiles(TABLES, tmp_path, FILES, shallow=False) == (FILES, [], [])
