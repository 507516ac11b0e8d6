#!/usr/bin/env python3
"""Side-by-side benchmark of parked against its peers on cores of large programs.

    bench/run.py [--goroutines 100000,1000000] [--chain 40000] [--heap 500,1000,2000]
                 [--live 1000,2000,4000] [--many timers:1000000,lock-ring:200000] [--program]
                 [--against PARKED] [--repeat 3] [--no-peers] [--longest 600]

Builds tests/targets/gen, makes a kernel core for each size, warms the page cache, then runs each
tool `--repeat` times in turn (a million: once) and prints the best wall and processor time, the
peak of anonymous memory (RssAnon, so mapped pages of the core do not count) and the ratio of the
processor times. Never a test: the figures depend on the machine. The peers are Delve (`dlv` on the
PATH), `info goroutines` of the Go runtime's gdb script, and Go's own goroutineleak profile of the
same program, built with the toolchain --profile-toolchain; one that takes more than --longest
seconds is ended.

--chain does the same with a daisy chain of healthy goroutines. --heap makes live heaps of so many
megabytes (tests/targets/bigheap); the peer is goref (`grf` on the PATH), which walks the same heap.
--live reads such a process while it runs, and tells how long it was stopped. --many compares N with
a tenth of it for the kinds of tests/targets/many ("all": each of them). --program builds a large
program, Prometheus, from the Go module proxy, with debug information and without. A further pair
can be given with --extra.
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


PROGRAM = "github.com/prometheus/prometheus@v0.50.1"
PROGRAM_TOOLCHAIN = "go1.22.12"
LONGEST = 3600.0  # seconds


@dataclass
class Run:
    seconds: float
    cpu: float  # seconds, user and system
    user: float  # seconds
    anonymous_mb: float
    ended: bool = False  # it took too long


def measure(command: list[str], stdin: str = "", longest: float = LONGEST) -> Run:
    """Runs a command to its end, sampling its anonymous memory."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
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
    ended = False
    while process.poll() is None:
        if time.perf_counter() - start > longest:
            process.kill()
            ended = True
        try:
            for line in status.read_text().splitlines():
                if line.startswith("RssAnon:"):
                    peak = max(peak, int(line.split()[1]))
        except OSError:
            break
        time.sleep(0.002)
    process.wait()
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if process.returncode not in (0, 1) and not ended:
        raise SystemExit(f"{command[0]} ended with {process.returncode}: {' '.join(command)}")
    user = after.ru_utime - before.ru_utime
    return Run(seconds, cpu, user, peak / 1024, ended)


def best(runs: list[Run]) -> Run:
    return Run(
        min(r.seconds for r in runs),
        min(r.cpu for r in runs),
        min(r.user for r in runs),
        max(r.anonymous_mb for r in runs),
        any(r.ended for r in runs),
    )


def print_head() -> None:
    print(f"  {'':20} {'seconds':>9} {'CPU s':>9} {'anon MB':>9} {'CPU / parked':>13}")


def print_row(name: str, run: Run, base: Run) -> None:
    seconds = f"{'> ' if run.ended else ''}{run.seconds:.3f}"
    memory = f"{run.anonymous_mb:.0f}" if run.anonymous_mb else ""
    print(f"  {name:20} {seconds:>9} {run.cpu:9.3f} {memory:>9} {run.cpu / base.cpu:13.2f}")


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
    name = f"{toolchain} profile"  # its own clock: wall time
    print(f"  {name:20} {seconds:9.3f} {'':9} {'':9} {seconds / base.seconds:13.2f}")


def gdb_script(binary: Path, core: Path) -> list[str]:
    root = subprocess.check_output(["go", "env", "GOROOT"], text=True).strip()
    options = ["-nx", "-batch", "-iex", "set auto-load no", "-iex", "set debuginfod enabled off"]
    script = f"source {root}/src/runtime/runtime-gdb.py"
    return ["gdb", *options, "-ex", script, "-ex", "info goroutines", str(binary), str(core)]


def compare(
    parked: Path,
    binary: Path,
    core: Path,
    repeat: int,
    peers: bool = False,
    longest: float = LONGEST,
) -> Run:
    base_command = [str(parked), "core", str(binary), str(core)]
    contestants = {"parked report": (base_command, "")}
    contestants["parked --no-proof"] = ([base_command[0], "--no-proof", *base_command[1:]], "")
    contestants["parked --json"] = ([*base_command, "report", "--json"], "")
    floor = parked.parent.parent / "bench" / "floor"
    if floor.exists():
        contestants["bare loop"] = ([str(floor), str(binary), str(core)], "")
    delve = shutil.which("dlv") or str(Path.home() / "go/bin/dlv")
    if peers and Path(delve).exists():
        contestants["dlv goroutines"] = (
            [delve, "core", str(binary), str(core), "--allow-non-terminal-interactive=true"],
            "goroutines\nexit\n",
        )
    if peers and shutil.which("gdb"):
        contestants["gdb info goroutines"] = (gdb_script(binary, core), "")
    measure(base_command)  # warms the page cache for everybody
    runs: dict[str, list[Run]] = {name: [] for name in contestants}
    for _ in range(repeat):
        for name, (command, stdin) in contestants.items():
            if not any(run.ended for run in runs[name]):
                runs[name].append(measure(command, stdin, longest))
    base = best(runs["parked report"])
    print(f"\n{core.name}: {core.stat().st_blocks * 512 / 1e6:,.0f} MB on disk, best of {repeat}")
    print_head()
    for name, results in runs.items():
        print_row(name, best(results), base)
    return base


def compare_many(parked: Path, folder: Path, kinds: str, repeat: int) -> None:
    """Each kind of tests/targets/many with N and a tenth of it: ten times the work, not more."""
    binary = build_target(folder, "many")
    asked = [kind.partition(":") for kind in kinds.split(",")]
    if kinds.startswith("all"):
        said = subprocess.run([binary], capture_output=True, text=True).stdout
        asked = [(kind, ":", asked[0][2]) for kind in said.split("one of")[1].split()]
    print(f"\n  {'kind':18} {'N':>9} {'CPU s':>9} {'anon MB':>9} {'N / 10':>9} {'anon MB':>9}")
    for kind, _, number in asked:
        runs = []
        for count in (int(number or 100000), int(number or 100000) // 10):
            core = make_core(binary, folder, f"many-{kind}-{count}", [kind, str(count)])
            command = [str(parked), "core", str(binary), str(core)]
            runs.append(best([measure(command) for _ in range(repeat)]))
            core.unlink()
        print(
            f"  {kind:18} {int(number or 100000):9,} {runs[0].cpu:9.3f} {runs[0].anonymous_mb:9.0f}"
            f" {runs[1].cpu:9.3f} {runs[1].anonymous_mb:9.0f}"
        )


def build_program(folder: Path) -> Path:
    """Prometheus from the module proxy; its own folder is read-only."""
    binary = folder / "prometheus"
    if not binary.exists():
        environment = {**os.environ, "GOTOOLCHAIN": PROGRAM_TOOLCHAIN}
        said = subprocess.check_output(
            ["go", "mod", "download", "-json", PROGRAM], text=True, cwd=folder, env=environment
        )
        source = folder / "prometheus.source"
        shutil.copytree(json.loads(said)["Dir"], source, dirs_exist_ok=True)
        for path in (source, source / "go.mod", source / "go.sum"):
            path.chmod(path.stat().st_mode | 0o200)
        subprocess.run(
            ["go", "build", "-o", binary.absolute(), "./cmd/prometheus"],
            cwd=source,
            env=environment,
            check=True,
        )
    return binary


def program_core(binary: Path, folder: Path) -> Path:
    core = folder / f"{binary.name}.core"
    if core.exists():
        return core
    work = folder / f"{binary.name}.run"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    (work / "config.yml").write_text("scrape_configs: []\n")
    options = ["--config.file=config.yml", "--web.listen-address=127.0.0.1:0"]
    process = subprocess.Popen(
        [binary.absolute(), *options],
        cwd=work,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "ready to receive" in line:
            break
    subprocess.run(["gcore", "-o", core, str(process.pid)], check=True, capture_output=True)
    Path(f"{core}.{process.pid}").rename(core)
    process.kill()
    process.wait()
    shutil.rmtree(work)
    return core


def compare_program(parked: Path, folder: Path, repeat: int, peers: bool, longest: float) -> None:
    """A large program, with debug information and without."""
    binary = build_program(folder)
    stripped = folder / "prometheus-stripped"
    if not stripped.exists():
        subprocess.run(["strip", "-o", stripped, binary], check=True)
    for each in (binary, stripped):
        core = program_core(each, folder)
        print(f"\n{each.name}: {each.stat().st_size / 1e6:.0f} MB", end="")
        compare(parked, each, core, repeat, peers and each == binary, longest)
        command = [str(parked), "core", str(each), str(core), "report", "--timings"]
        said = subprocess.run(command, capture_output=True, text=True).stderr.splitlines()
        start = said[: next(i for i, line in enumerate(said) if line.startswith("goroutines"))]
        print("  start-up:", "; ".join(" ".join(line.split()) for line in start))


def compare_chain(parked: Path, folder: Path, links: int, toolchain: str, repeat: int) -> None:
    binary = build_target(folder, "chain")
    core = make_core(binary, folder, f"chain-{links}", [str(links)])
    base = compare(parked, binary, core, repeat)
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
    print_head()
    print_row("parked report", base, base)
    goref = shutil.which("grf")
    if peers and goref:
        run = measure([goref, "core", str(binary), str(core), "-o", os.devnull])
        print_row("grf core", run, base)


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


def against(
    parked: Path, other: Path, folder: Path, name: str, arguments: list[str], repeat: int
) -> None:
    """A row: the report by two builds of parked on one core, by turns."""
    binary = build_target(folder, name)
    label = "-".join([name, *arguments]).replace("--", "-")
    core = make_core(binary, folder, label, arguments)
    runs: dict[Path, list[Run]] = {parked: [], other: []}
    for _ in range(repeat):
        for each, results in runs.items():
            results.append(measure([str(each), "core", str(binary), str(core)]))
    ours, others = best(runs[parked]), best(runs[other])
    ratio = ours.user / others.user
    print(f"  {label:34} {ours.user:9.3f} {others.user:9.3f} {ratio:7.2f}", flush=True)
    core.unlink()


def compare_builds(options: argparse.Namespace) -> None:
    print(f"\n  {'user CPU s':34} {'parked':>9} {'other':>9} {'ratio':>7}")
    rows = [
        ("gen", ["-n", count, "-tickers", "100"])
        for count in options.goroutines.split(",")
        if count
    ]
    for kind in ("islands", "island-chain", "island-of-all"):
        rows += [("many", [kind, count]) for count in ("10000", "100000")]
    rows += [("bigheap", [size, "1000"]) for size in options.heap.split(",") if size]
    for name, arguments in rows:
        against(options.parked, options.against, options.folder, name, arguments, options.repeat)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--goroutines", default="10000,100000,1000000")
    parser.add_argument("--chain", type=int, help="links of the daisy chain")
    parser.add_argument("--heap", default="", help="live heaps, in MB")
    parser.add_argument("--live", default="", help="heaps of live processes, in MB")
    parser.add_argument("--many", default="", help="KIND:N of tests/targets/many, or all:N")
    parser.add_argument("--program", action="store_true", help="build and read Prometheus")
    parser.add_argument("--against", type=Path, help="another build of parked to compare with")
    parser.add_argument("--longest", type=float, default=600, help="seconds a peer may take")
    parser.add_argument("--profile-toolchain", default="go1.27.3")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--parked", type=Path, default=ROOT / "build/cli/parked")
    parser.add_argument("--folder", type=Path, default=ROOT / "build/bench-data")
    parser.add_argument("--extra", nargs=2, metavar=("BINARY", "CORE"), type=Path)
    options = parser.parse_args()
    os.environ["GOTOOLCHAIN"] = options.profile_toolchain
    options.folder.mkdir(parents=True, exist_ok=True)
    if options.against:
        compare_builds(options)
        return 0
    for count in (int(n) for n in options.goroutines.split(",") if n):
        binary = build_target(options.folder, "gen")
        core = make_core(binary, options.folder, f"gen-{count}", ["-n", str(count)])
        repeat = options.repeat if count < 1_000_000 else 1
        base = compare(options.parked, binary, core, repeat, not options.no_peers, options.longest)
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
    if options.many:
        compare_many(options.parked, options.folder, options.many, options.repeat)
    peers = (options.repeat, not options.no_peers, options.longest)
    if options.program:
        compare_program(options.parked, options.folder, *peers)
    if options.extra:
        compare(options.parked, options.extra[0], options.extra[1], *peers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
