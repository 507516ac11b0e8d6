#!/usr/bin/env python3
"""How long a history of fleets takes: bench/fleet_history.py [--targets 100000] [--db URL] FOLDER

Makes a fleet of so many targets with fifty groups each in FOLDER, unless it is there, takes it into
a history (a new DuckDB file in FOLDER, or --db), and asks for a report, five times. Needs parked on
PYTHONPATH (build/python) and what tests/requirements.txt names.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from parked.fleet.history import History, Options
from support.fleet_plan import NOW, Plan, PlannedLeak
from support.fleet_tables import write_tables

PROGRAMS = ("orders", "stock", "billing", "search", "mail", "gateway")
HOSTS = 100
DAYS = 30


def plan(targets: int) -> Plan:
    """Leaks that start, get fixed and come back, of each program."""
    leaks = [
        PlannedLeak(program, f"{program}.leak{i}", starts, fixed, back, share=share)
        for program in PROGRAMS
        for i, (starts, fixed, back, share) in enumerate(
            [
                (0, None, None, 1.0),
                (2, None, None, 0.5),
                (5, 25, None, 0.9),
                (1, 10, 27, 0.8),
                (28, None, None, 0.7),
                (0, None, None, 0.05),
                (10, None, None, 0.9),
            ]
        )
    ]
    looks = targets / (len(PROGRAMS) * HOSTS * DAYS)
    return Plan(
        programs=PROGRAMS, builds=30, days=DAYS, hosts=HOSTS, looks_a_day=looks,
        leaks=tuple(leaks), others=46, failed=0.01, incomplete=0.02,
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--targets", type=int, default=100_000)
    parser.add_argument("--db")
    parser.add_argument("--since", type=int, default=7, help="days")
    words = parser.parse_args()
    results = words.folder / f"results-{words.targets}"
    if not results.exists():
        began = time.monotonic()
        made = write_tables(plan(words.targets), results)
        print(f"made {made:,} targets in {time.monotonic() - began:.1f} s")
    url = words.db or str(words.folder / f"history-{words.targets}.duckdb")
    history = History(url)
    began, spent = time.monotonic(), time.process_time()
    done = history.ingest(results)
    took, spent = time.monotonic() - began, time.process_time() - spent
    print(
        f"ingest: {done.added:,} targets, {done.sightings:,} rows in {took:.1f} s,"
        f" {spent:.1f} s of the processors here, {done.sightings / took:,.0f} rows a second"
    )
    if not words.db:
        print(f"database: {Path(url).stat().st_size / 1e6:.0f} MB")
    for _ in range(5):
        began, spent = time.monotonic(), time.process_time()
        report = history.report(Options(since=timedelta(days=words.since), until=NOW))
        took, spent = time.monotonic() - began, time.process_time() - spent
        asked = {name: s for name, s in report.seconds.items() if name != "contrast sets"}
        print(
            f"report of {len(report.leaks)} leaks: {took:.2f} s in all,"
            f" {spent:.2f} s of the processors here, queries {sum(asked.values()):.2f} s,"
            f" contrast sets {report.seconds.get('contrast sets', 0):.2f} s"
        )
    for name, seconds in sorted(report.seconds.items(), key=lambda pair: -pair[1]):
        print(f"  {name:<20} {seconds:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
