"""Checks that what runs before a commit is what CI's lint step runs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def checks() -> list[str]:
    done = subprocess.run(
        [ROOT / "scripts/lint", "--list"], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_pre_commit_runs_every_check_of_lint() -> None:
    config = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"entry: scripts/lint (\S+)$", config, re.MULTILINE) == checks()
    assert config.count("- id:") == len(checks()), "a hook that is no check of scripts/lint"


def test_the_help_names_every_check() -> None:
    help_text = (ROOT / "scripts/lint").read_text().split("set -euo")[0]
    assert f"some: {' '.join(checks())}\n" in help_text
