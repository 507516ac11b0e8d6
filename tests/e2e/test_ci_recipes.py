"""The scripts of docs/ci pass where nothing leaks, and fail where something does."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from support.building import go_environment
from support.paths import PARKED, ROOT

SUITE = ROOT / "tests/targets/suite"


def github() -> str:
    recipe = yaml.safe_load((ROOT / "docs/ci/github-actions.yml").read_text())
    steps = recipe["jobs"]["leaks"]["steps"]
    return next(step["run"] for step in steps if step.get("name") == "tests and leaks")


def gitlab() -> str:
    recipe = yaml.safe_load((ROOT / "docs/ci/gitlab-ci.yml").read_text())
    return "\n".join(recipe["leaks"]["script"])


@pytest.mark.parametrize("recipe", [github, gitlab])
def test_the_script(recipe, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    shutil.copy(SUITE / "go.mod", tmp_path)

    def run(*packages: str) -> tuple[int, str]:
        for package in packages:
            shutil.copytree(SUITE / package, tmp_path / package, dirs_exist_ok=True)
        done = subprocess.run(
            ["bash", "-e", "-c", recipe()],
            cwd=tmp_path,
            env={
                **go_environment("1.26"),
                "CGO_ENABLED": "0",
                "PATH": f"{Path(PARKED).resolve().parent}:{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            timeout=300,
        )
        return done.returncode, done.stdout + done.stderr

    code, said = run("clean", "kept")
    assert code == 0, said
    code, said = run("leaky")
    assert (code, said.count("PROVED   chan send")) == (1, 1), said
    assert "ok  \tparked.test/suite/clean" in said
    (tmp_path / "leaks.allow").write_text("IgnoreTopFunction parked.test/suite/leaky.ask\n")
    code, said = run()
    assert code == 0, said
