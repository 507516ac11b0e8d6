"""parked-fleet at work, and what it is given to look at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from support.commands import patient, run
from support.paths import BUILD_DIR, PARKED
from support.running import Running


def environment(**more: str) -> dict[str, str]:
    """Of processes that import parked.fleet."""
    return {**os.environ, "PYTHONPATH": str(BUILD_DIR / "python"), **more}


def fleet_words(*words: object) -> list[str]:
    """The command line of parked-fleet."""
    return [sys.executable, "-m", "parked.fleet.cli", *map(str, words)]


def parked_fleet(*words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """parked-fleet, run to its end; the options are those of subprocess.run."""
    return run(*fleet_words(*words), **{"env": environment(), "timeout": 300, **options})


def dump_of(pid: int, file: Path) -> Path:
    done = run(PARKED, *patient("dump", pid, "-o", file))
    assert done.returncode == 0, done.stderr
    return file


@dataclass
class Profiled:
    """tests/targets/profiled: what it wrote of itself, and what parked says of it."""

    folder: Path
    #: The report of the process while it ran, as JSON.
    report: dict[str, Any]
    dump: Path

    @property
    def log(self) -> Path:
        """What it printed, with the traceback of its panic."""
        return self.folder / "output"

    def counts(self) -> Counter[str]:
        """Goroutines by fingerprint of the report."""
        found: Counter[str] = Counter()
        for group in self.report["groups"]:
            if not group["system"]:
                found[group["fingerprint"]] += group["count"]
        return found


def profiled(binary: Path, folder: Path, count: int) -> Profiled:
    with Running(binary, folder, str(count)) as target:
        report = run(PARKED, *patient(target.pid, "report", "--json"))
        dump = dump_of(target.pid, folder / "profiled.core")
        target.process.communicate(b"\n", timeout=60)
    return Profiled(folder, json.loads(report.stdout), dump)


class Fleet:
    """parked-fleet, with results in a folder."""

    def __init__(self, results: Path | str) -> None:
        self.results = str(results)
        self.outcomes: list[Any] = []

    def words(self, *inputs: object, parked: object = PARKED) -> list[str]:
        """The command line of an analysis of ``inputs``, among which there may be options."""
        return fleet_words("analyze", *inputs, "-o", self.results, "--parked", parked)

    def analyze(
        self,
        *inputs: object,
        parked: object = PARKED,
        env: Mapping[str, str] | None = None,
        timeout: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        words = self.words(*inputs, parked=parked)
        if "--scheduler" not in words and "--workers" not in words:
            words += ["--workers", "1"]
        return run(*words, env=env or environment(), timeout=timeout)

    def look(self, *inputs: object, **options: Any) -> Counter[str]:
        """Looks at ``inputs`` in this process, without Dask: how many came to which status."""
        from parked.fleet import Settings, analyze_one, plan

        names = {field.name for field in fields(Settings)}
        settings = {name: options.pop(name) for name in names & set(options)}
        planned = plan(
            [str(each) for each in inputs],
            self.results,
            settings=Settings(**{"parked": str(PARKED), **settings}),
            **options,
        )
        self.outcomes = [analyze_one(job) for job in planned.jobs()]
        return Counter(outcome.status for outcome in self.outcomes)

    def table(self, name: str) -> list[dict[str, Any]]:
        """Rows of a table of the results."""
        from parked.fleet.results import read_table

        rows: list[dict[str, Any]] = read_table(self.results, name).to_pylist()
        return rows

    def targets(self) -> dict[str, dict[str, Any]]:
        """Rows of targets by the name of the input."""
        return {Path(row["source"]).name: row for row in self.table("targets")}

    def rows_of(self, name: str, table: str) -> list[dict[str, Any]]:
        """Rows of a table that are of the input with that name."""
        target = self.targets()[name]["target"]
        return [row for row in self.table(table) if row["target"] == target]
