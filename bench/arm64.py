#!/usr/bin/env python3
"""What the core of an arm64 program costs to read, beside that of the same program here.

    bench/arm64.py [--goroutines 100000] [--repeat 5] [--parked PARKED]

Both are tests/targets/gen, built by the newest Go of the tests; the one is run by qemu's user mode
(tests/support/arm64_user.py).
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from run import ROOT, best, make_core, measure, print_head, print_row
from support import arm64_user
from support.building import build_target
from support.matrix import Build


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--goroutines", default="100000")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--parked", type=Path, default=ROOT / "build/cli/parked")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/bench-data")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    arguments = ["-n", options.goroutines]
    here, there = (
        build_target("gen", Build("1.27", "default", name)) for name in ("amd64", "arm64")
    )
    core = make_core(here, options.folder, f"gen-amd64-{options.goroutines}", arguments)
    other = options.folder / f"gen-arm64-{options.goroutines}.core"
    if not other.exists():
        work = options.folder / "user"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        arm64_user.crash(there, work, *arguments, patience=600).core.rename(other)
    commands = {
        "amd64": [str(options.parked), "core", str(here), str(core)],
        "arm64": [str(options.parked), "core", str(there), str(other)],
    }
    for command in commands.values():
        measure(command)  # warms the page cache
    runs = {name: [] for name in commands}
    for _ in range(options.repeat):
        for name, command in commands.items():
            runs[name].append(measure(command))
    print_head()
    for name, results in runs.items():
        print_row(name, best(results), best(runs["amd64"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
