#!/usr/bin/env python3
"""What `parked exec` costs a test run: test binaries of the standard library with it and without.

    bench/exec.py [--repeat 9] [--only sync,net/http]

Builds the tests of a few packages (`go test -c`), then runs each by turns as it is, under `parked
exec`, and under `parked exec --fail-on orphan`, and prints the medians of what the pairs differ by:
processor time (user and system, of the program, of its children and of parked's helper, which this
process adopts) and wall time. A machine with other work tells nothing by its wall times.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARKED = Path(os.environ.get("PARKED", ROOT / "build/cli/parked")).resolve()
PR_SET_CHILD_SUBREAPER = 36
SUITES = {
    "sync": ["-test.short"],
    "context": ["-test.short"],
    "os/exec": ["-test.short"],
    "encoding/json": ["-test.short"],
    "compress/gzip": ["-test.short"],
    "net/http": ["-test.short", "-test.run=Serve|Client|Cancel"],
    "runtime": ["-test.short", "-test.run=Chan|Select|LockOSThread"],
}
WAYS = {"plain": [], "exec": ["exec", "--"], "--fail-on": ["exec", "--fail-on", "orphan", "--"]}


@dataclass
class Cost:
    cpu: float
    wall: float


def run_once(binary: Path, folder: str, words: list[str], way: str) -> Cost:
    command = [str(PARKED), *WAYS[way]] if WAYS[way] else []
    started = time.monotonic()
    with subprocess.Popen(
        [*command, str(binary), *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        cpu = wall = 0.0
        while True:
            try:
                pid, status, used = os.wait4(-1, 0)
            except ChildProcessError:
                break
            cpu += used.ru_utime + used.ru_stime
            if pid == process.pid:
                wall = time.monotonic() - started
                process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(cpu, wall)


def more(pairs: list[tuple[float, float]]) -> str:
    """The median of what the second of each pair has more."""
    seconds = statistics.median(b - a for a, b in pairs)
    return f"{seconds * 1000:+.0f} ms, {statistics.median((b - a) / a for a, b in pairs):+.1%}"


def measure(package: str, repeat: int, work: Path) -> str:
    binary = work / (package.replace("/", "_") + ".test")
    # As `go test` links what it runs and throws away.
    build = ["go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-o", str(binary), package]
    subprocess.run(build, check=True)
    folder = subprocess.run(
        ["go", "list", "-f", "{{.Dir}}", package], check=True, capture_output=True, text=True
    ).stdout.strip()
    seen: dict[str, list[Cost]] = {way: [] for way in WAYS}
    for _ in range(repeat):
        for way in WAYS:
            seen[way].append(run_once(binary, folder, SUITES[package], way))
    plain = seen["plain"]
    cells = [package, f"{statistics.median(each.cpu for each in plain):.2f} s"]
    for way in ("exec", "--fail-on"):
        pairs = list(zip(plain, seen[way]))
        cells.append(more([(a.cpu, b.cpu) for a, b in pairs]))
        cells.append(more([(a.wall, b.wall) for a, b in pairs]))
    return "| " + " | ".join(cells) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--only", default=",".join(SUITES))
    options = parser.parse_args()
    # The helper is nobody's child: this process is to be told what it used.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    print("| package | CPU | exec: CPU | wall | --fail-on: CPU | wall |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for package in options.only.split(","):
            print(measure(package, options.repeat, Path(folder)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
