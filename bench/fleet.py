#!/usr/bin/env python3
"""What `parked-fleet analyze` costs: a second worker, Dask beside the work, a thousand cores.

    PARKED_BUILD=build bench/fleet.py [--cores 100] [--goroutines 5000] [--folder DIR] [--repeat 3]

Makes cores of tests/targets/gen, of which each is another, and looks at them in a plain loop, with
one worker and with two, by turns. Times are those of the work alone: clusters are started and
warmed before. Processor time (user and system) is of all processes that a way has. A machine with
other work tells little by its wall times.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("PARKED_BUILD", ROOT / "build"))
sys.path[:0] = [str(ROOT / "tests"), str(BUILD / "python")]

from parked.fleet import Place, Plan, Settings, analyze_one, plan  # noqa: E402
from parked.fleet.cluster import Runner, start  # noqa: E402
from parked.fleet.readers import close_all  # noqa: E402
from support.building import build_target  # noqa: E402
from support.matrix import Build  # noqa: E402
from support.paths import PARKED  # noqa: E402
from support.running import Running  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")


def make_cores(folder: Path, number: int, goroutines: int) -> tuple[Path, float]:
    """A folder with them, and how many MB of a core are no holes."""
    binary = build_target("gen", Build("1.27", "default"))
    with Running(binary, folder, "-n", str(goroutines)) as target:
        core = target.abort().core
    cores = folder / "cores"
    cores.mkdir()
    size = core.stat().st_blocks * 512 / 1e6
    for index in range(number):
        copy = cores / f"{index}.core"
        subprocess.run(["cp", "--sparse=always", core, copy], check=True)
        with copy.open("ab") as file:
            file.write(index.to_bytes(4, "little"))
    core.unlink()
    return cores, size


def processor_of(pids: list[int]) -> float:
    """Seconds of processes and of those that they have waited for."""
    total = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15])) / TICKS
    return total


def family() -> list[int]:
    """This process and all below it."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [os.getpid()]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def planned(cores: Path, results: str) -> Plan:
    return plan([str(cores)], results, settings=Settings(parked=str(PARKED)))


class Cost:
    """Wall and processor seconds of a way, and of its parts."""

    def __init__(self, wall: float, processor: float, outcomes: list) -> None:
        assert all(each.status == "ok" for each in outcomes), outcomes[:3]
        self.wall = wall
        self.processor = processor
        self.tasks = sum(each.seconds for each in outcomes)


def loop(cores: Path, warm: Path, results: str) -> Cost:
    for job in planned(warm, results + "-warm").jobs():
        analyze_one(job)
    began, before = time.monotonic(), processor_of(family())
    outcomes = [analyze_one(job) for job in planned(cores, results).jobs()]
    cost = Cost(time.monotonic() - began, processor_of(family()) - before, outcomes)
    close_all()
    return cost


def on_dask(cores: Path, warm: Path, results: str, workers: int) -> Cost:
    with start(Place(workers=workers), Settings()) as client:
        runner = Runner(client)
        list(runner.run(list(planned(warm, results + "-warm").jobs())))
        began, before = time.monotonic(), processor_of(family())
        outcomes = list(runner.run(list(planned(cores, results).jobs())))
        return Cost(time.monotonic() - began, processor_of(family()) - before, outcomes)


def tell(costs: dict[str, list[Cost]], cores: int, size: float) -> None:
    print(f"{cores} cores of {size:.0f} MB (holes left out); medians of {len(costs['loop'])}")
    print("| | wall s | processor s | wall ms a core | processor ms a core |")
    print("|---|---|---|---|---|")
    for way, of_way in costs.items():
        wall = statistics.median(each.wall for each in of_way)
        processor = statistics.median(each.processor for each in of_way)
        a_core = [1000 * each / cores for each in (wall, processor)]
        print(f"| {way} | {wall:.2f} | {processor:.2f} | {a_core[0]:.0f} | {a_core[1]:.0f} |")

    def median(of: str, to: str, what: str) -> float:
        pairs = zip(costs[of], costs[to])
        return statistics.median(getattr(a, what) / getattr(b, what) for a, b in pairs)

    print(f"two workers to one: {median('1 worker', '2 workers', 'wall'):.2f} times as fast")
    for what in ("wall", "processor"):
        print(f"Dask over the loop, {what}: {median('1 worker', 'loop', what) - 1:+.1%}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cores", type=int, default=100)
    parser.add_argument("--goroutines", type=int, default=5000, help="of each core")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", help="where the cores go")
    arguments = parser.parse_args()
    costs: dict[str, list[Cost]] = {"loop": [], "1 worker": [], "2 workers": []}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        cores, size = make_cores(folder, arguments.cores, arguments.goroutines)
        warm = folder / "warm"
        warm.mkdir()
        for index in range(8):
            (warm / f"{index}.core").write_bytes((cores / f"{index}.core").read_bytes() + b"warm")
        for turn in range(arguments.repeat):
            results = str(folder / f"results-{turn}")
            costs["loop"].append(loop(cores, warm, f"{results}-loop"))
            for workers in (1, 2):
                way = "1 worker" if workers == 1 else f"{workers} workers"
                costs[way].append(on_dask(cores, warm, f"{results}-{workers}", workers))
    tell(costs, arguments.cores, size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
