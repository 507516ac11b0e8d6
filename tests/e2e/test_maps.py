"""Maps are read completely, whatever their size, kind and state, on every release."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.building import build_target
from support.matrix import RELEASES, Build
from support.paths import BUILD_DIR
from support.running import Running

READ_MAPS = BUILD_DIR / "tests/tools/read_maps"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    matrix = metafunc.config.getoption("--matrix")
    plain = {"quick": ["1.22", "1.27"], "ci": ["1.18", "1.22", "1.24", "1.27"]}
    rows = [(Build(go, "default"), "") for go in plain.get(matrix, list(RELEASES))]
    if matrix == "full":
        rows += [(Build("1.24", "default"), "noswissmap"), (Build("1.25", "pie"), "noswissmap")]
        rows += [(Build("1.27", "default"), "mapsplitgroup")]
    metafunc.parametrize(
        ("release", "experiment"), rows, ids=[f"{b}{e and '-' + e}" for b, e in rows]
    )


def test_maps(release: Build, experiment: str, tmp_path: Path) -> None:
    with Running(build_target("maps", release, experiment), tmp_path) as target:
        lines = target.log.read_text().splitlines()
        maps = [line.split(" ", 5) for line in lines if line.startswith("MAP ")]
        result = subprocess.run(
            [READ_MAPS, str(target.pid)],
            input="".join(f"{header} {kind}\n" for _, header, kind, *_ in maps),
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    expected = [
        f"complete {count} {count} {digest} {name}" for _, _, _, count, digest, name in maps
    ]
    assert len(maps) > 500
    assert result.stdout.splitlines() == expected
