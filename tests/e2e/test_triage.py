"""A leak's life as docs/triage.md tells it: each of its commands, as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from support.building import build_target
from support.matrix import Build
from support.paths import PARKED, ROOT
from support.running import Running

NOTIFY = "main.(*server).notify"
# A busy machine may take long to copy a process. Who else runs a program of that name is not meant.
PRELUDE = 'pgrep() { echo "$SERVICE"; }; parked() { "$PARKED" --max-pause 1m "$@"; }\n'


def commands() -> dict[str, list[str]]:
    """Of each step the command lines, by the word that it begins with."""
    steps: dict[str, list[str]] = {}
    step = ""
    text = (ROOT / "docs/triage.md").read_text()
    for part in re.split(r"^(\*\*\w+\.\*\*|```\n.*?^```$)", text, flags=re.MULTILINE | re.DOTALL):
        if part.startswith("**"):
            step = part.strip("*.")
        elif part.startswith("```"):
            lines = [line for line in part.splitlines() if line.startswith("parked ")]
            steps.setdefault(step, []).extend(lines)
    return steps


def run(line: str, target: Running) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", PRELUDE + re.sub(r"\bPID\b", str(target.pid), line)],
        cwd=target.folder,
        env={**os.environ, "SERVICE": str(target.pid), "PARKED": str(PARKED)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def leaks_of(folder: Path) -> set[str]:
    lines = (folder / "leaks.json").read_text()
    return {entry["func"] for entry in json.loads(lines)["findings"]}


def test_each_command(tmp_path: Path) -> None:
    steps = commands()
    look, keep = steps["Found"]
    listing, check = steps["Known"]
    (compare,) = steps["Mended"]
    binary = build_target("decisions", Build("1.27", "default"))
    with Running(binary, tmp_path, "3") as service:
        report = run(look, service)
        assert report.returncode == 0, report.stderr
        assert re.search(
            rf"^ 3 +PROVED +chan send.*\n +at +{re.escape(NOTIFY)} ", report.stdout, re.M
        )
        assert "PK005" in report.stdout
        assert run(keep, service).returncode == 0
        for form in re.findall(r"`--format (\w+)`", (ROOT / "docs/triage.md").read_text()):
            assert run(f"parked PID report --format {form}", service).stdout
        assert run(check.replace(" --baseline leaks.json", ""), service).returncode == 1
        assert run(listing, service).returncode == 0
        assert NOTIFY in leaks_of(tmp_path)
        known = run(check, service)
        assert known.returncode == 0, known.stdout
        assert re.search(r"PROVED .*known", known.stdout)
    with Running(binary, tmp_path, "3", "fixed") as service:
        diff = run(compare, service)
        assert diff.returncode == 0, diff.stdout
        assert diff.stdout.count("\nfindings: 1 gone, ") == 1
        assert re.search(r"^ gone +PROVED +3 -> 0 +PK005 ", diff.stdout, re.M)
        assert run(listing, service).returncode == 0
        assert NOTIFY not in leaks_of(tmp_path)
        assert run(check, service).returncode == 0
    with Running(binary, tmp_path, "3") as service:
        assert run(check, service).returncode == 1, "it came back unseen"
