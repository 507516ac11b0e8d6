#!/usr/bin/env python3
"""Side-by-side benchmark of parked against Delve on cores of many blocked goroutines.

    bench/run.py [--goroutines 100000,1000000] [--chain 40000] [--heap 500,1000,2000]
                 [--live 1000,2000,4000] [--repeat 3] [--no-peers]

Builds tests/targets/gen, makes a kernel core for each size, warms the page cache, then runs each
tool `--repeat` times in turn (a million: once) and prints the best wall time, the peak of
anonymous memory (RssAnon, so mapped pages of the core do not count) and the ratio to parked. A
further pair, such as a very large binary, can be given with --extra. Never a test: the figures
depend on the machine. Go's own goroutineleak profile of the same program (built with the toolchain
--profile-toolchain) is a peer too. --chain does the same with a daisy chain of healthy goroutines.
--heap makes live heaps of so many megabytes (tests/targets/bigheap); the peer is goref (`grf` on
the PATH), which walks the same heap. --live reads such a process while it runs, and tells how long
it was stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Run:
    seconds: float
    anonymous_mb: float


def measure(command: list[str], stdin: str = "") -> Run:
    """Runs a command to its end, sampling its anonymous memory."""
    start = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(stdin)
    process.stdin.close()
    peak = 0
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        try:
            for line in status.read_text().splitlines():
                if line.startswith("RssAnon:"):
                    peak = max(peak, int(line.split()[1]))
        except OSError:
            break
        time.sleep(0.002)
    process.wait()
    seconds = time.perf_counter() - start
    if process.returncode not in (0, 1):
        raise SystemExit(f"{command[0]} ended with {process.returncode}: {' '.join(command)}")
    return Run(seconds, peak / 1024)


def best(runs: list[Run]) -> Run:
    return Run(min(r.seconds for r in runs), max(r.anonymous_mb for r in runs))


def build_target(folder: Path, name: str) -> Path:
    binary = folder / name
    if not binary.exists():
        source = ROOT / "tests/targets" / name
        subprocess.run(["go", "build", "-o", binary, "."], cwd=source, check=True)
    return binary


def make_core(binary: Path, folder: Path, name: str, arguments: list[str]) -> Path:
    """A core of the target, by the kernel, or by gcore where the kernel pipes cores away."""
    core = folder / f"{name}.core"
    if core.exists():
        return core
    work = folder / f"{name}.run"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    process = subprocess.Popen(
        [binary, *arguments],
        cwd=work,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "GOTRACEBACK": "crash"},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "READY" in line:
            break
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith("|") or "/" in pattern:
        subprocess.run(["gcore", "-o", core, str(process.pid)], check=True, capture_output=True)
        Path(f"{core}.{process.pid}").rename(core)
        process.kill()
        process.wait()
    else:
        process.send_signal(signal.SIGABRT)  # the runtime prints its traceback, then dumps
        process.wait()
        next(work.glob("core*")).rename(core)
    shutil.rmtree(work)
    return core


def print_profile(toolchain: str, command: list[str], base: Run) -> None:
    """The runtime's own leak detection, of the same program, in its process."""
    said = subprocess.check_output(command, text=True).split()
    seconds = float(said[said.index("PROFILE") + 1])
    print(f"  {toolchain + ' profile':18} {seconds:9.3f} {'':9} {seconds / base.seconds:14.2f}")


def compare(parked: Path, binary: Path, core: Path, repeat: int, peers: bool) -> Run:
    contestants = {"parked report": ([str(parked), "core", str(binary), str(core)], "")}
    base_command = contestants["parked report"][0]
    contestants["parked --no-proof"] = ([base_command[0], "--no-proof", *base_command[1:]], "")
    contestants["parked --json"] = (contestants["parked report"][0] + ["report", "--json"], "")
    floor = parked.parent.parent / "bench" / "floor"
    if floor.exists():
        contestants["bare loop"] = ([str(floor), str(binary), str(core)], "")
    delve = shutil.which("dlv") or str(Path.home() / "go/bin/dlv")
    if peers and Path(delve).exists():
        contestants["dlv goroutines"] = (
            [delve, "core", str(binary), str(core), "--allow-non-terminal-interactive=true"],
            "goroutines\nexit\n",
        )
    measure(contestants["parked report"][0])  # warms the page cache for everybody
    runs: dict[str, list[Run]] = {name: [] for name in contestants}
    for _ in range(repeat):
        for name, (command, stdin) in contestants.items():
            runs[name].append(measure(command, stdin))
    base = best(runs["parked report"])
    print(f"\n{core.name}: {core.stat().st_blocks * 512 / 1e6:,.0f} MB on disk, best of {repeat}")
    print(f"  {'':18} {'seconds':>9} {'anon MB':>9} {'time / parked':>14}")
    for name, results in runs.items():
        run = best(results)
        ratio = run.seconds / base.seconds
        print(f"  {name:18} {run.seconds:9.3f} {run.anonymous_mb:9.0f} {ratio:14.2f}")
    return base


def compare_chain(parked: Path, folder: Path, links: int, toolchain: str, repeat: int) -> None:
    binary = build_target(folder, "chain")
    core = make_core(binary, folder, f"chain-{links}", [str(links)])
    base = compare(parked, binary, core, repeat, False)
    print_profile(toolchain, [str(binary), str(links), "profile"], base)


def compare_heap(parked: Path, folder: Path, megabytes: int, repeat: int, peers: bool) -> None:
    binary = build_target(folder, "bigheap")
    core = make_core(binary, folder, f"bigheap-{megabytes}", [str(megabytes)])
    base_command = [str(parked), "core", str(binary), str(core)]
    said = subprocess.run([*base_command, "report", "--json"], capture_output=True, text=True)
    heap = json.loads(said.stdout)["proof"]["heap_bytes"]
    base = best([measure([*base_command, "report", "--all"]) for _ in range(repeat)])
    timings = subprocess.run([*base_command, "report", "--timings"], capture_output=True, text=True)
    stage = next(x for x in timings.stderr.splitlines() if x.startswith("reachability")).split()[1]
    marking = float(stage[:-2]) / 1000 if stage.endswith("ms") else float(stage[:-1])
    print(
        f"\n{core.name}: {heap / 1e6:,.0f} MB of heap; marked at {heap / 1e9 / marking:.2f} GB/s, "
        f"anonymous memory {base.anonymous_mb * 1048576 / heap:.1%} of it"
    )
    print(f"  {'':18} {'seconds':>9} {'anon MB':>9} {'time / parked':>14}")
    print(f"  {'parked report':18} {base.seconds:9.3f} {base.anonymous_mb:9.0f} {1:14.2f}")
    goref = shutil.which("grf")
    if peers and goref:
        run = measure([goref, "core", str(binary), str(core), "-o", os.devnull])
        ratio = run.seconds / base.seconds
        print(f"  {'grf core':18} {run.seconds:9.3f} {run.anonymous_mb:9.0f} {ratio:14.2f}")


def measure_live(parked: Path, folder: Path, megabytes: int, repeat: int) -> None:
    """How long a live process stands still for the report with the proof."""
    binary = build_target(folder, "bigheap")
    process = subprocess.Popen(
        [binary, str(megabytes)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "READY" in line:
            break
    try:
        pauses, runs = [], []
        for _ in range(repeat):
            command = [str(parked), "--max-pause", "0", str(process.pid), "report", "--json"]
            said = json.loads(subprocess.check_output(command, text=True))
            assert said["proof"]["state"] == "given", said["proof"]
            pauses.append(said["target"]["pause_ns"] / 1e6)
            runs.append(measure([*command[:-1]]))
        used = Path(f"/proc/{process.pid}/status").read_text().split("RssAnon:")[1].split()[0]
        print(
            f"\nlive bigheap-{megabytes}: {said['proof']['heap_bytes'] / 1e6:,.0f} MB of heap, "
            f"{int(used) / 1024:,.0f} MB of memory; stopped for {min(pauses):.0f} to "
            f"{max(pauses):.0f} ms, report {best(runs).seconds:.2f} s"
        )
    finally:
        process.kill()
        process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--goroutines", default="10000,100000,1000000")
    parser.add_argument("--chain", type=int, help="links of the daisy chain")
    parser.add_argument("--heap", default="", help="live heaps, in MB")
    parser.add_argument("--live", default="", help="heaps of live processes, in MB")
    parser.add_argument("--profile-toolchain", default="go1.27.3")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--parked", type=Path, default=ROOT / "build/cli/parked")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/bench-data")
    parser.add_argument("--extra", nargs=2, metavar=("BINARY", "CORE"), type=Path)
    options = parser.parse_args()
    os.environ["GOTOOLCHAIN"] = options.profile_toolchain
    options.folder.mkdir(parents=True, exist_ok=True)
    for count in (int(n) for n in options.goroutines.split(",") if n):
        binary = build_target(options.folder, "gen")
        core = make_core(binary, options.folder, f"gen-{count}", ["-n", str(count)])
        repeat = options.repeat if count < 1_000_000 else 1
        base = compare(options.parked, binary, core, repeat, not options.no_peers)
        if not options.no_peers:
            asked = [str(binary), "-n", str(count), "-profile"]
            print_profile(options.profile_toolchain, asked, base)
    if options.chain:
        compare_chain(
            options.parked,
            options.folder,
            options.chain,
            options.profile_toolchain,
            options.repeat,
        )
    for megabytes in (int(n) for n in options.heap.split(",") if n):
        compare_heap(
            options.parked, options.folder, megabytes, options.repeat, not options.no_peers
        )
    for megabytes in (int(n) for n in options.live.split(",") if n):
        measure_live(options.parked, options.folder, megabytes, options.repeat)
    if options.extra:
        compare(options.parked, *options.extra, options.repeat, not options.no_peers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
