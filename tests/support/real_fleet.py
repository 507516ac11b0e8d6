"""A fleet of real cores: the programs of a plan are built and run, and each look at one kills it.

The programs are builds of tests/targets/fleet. A planned leak is named as the program names it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from support.building import compile_target, only_one, tree_hash
from support.fleet_plan import Plan, PlannedLeak, Seen, seen
from support.matrix import RELEASES, Build
from support.paths import CACHE, ROOT
from support.running import Running

BUILD = Build("1.27", "default")
SOURCE = ROOT / "tests/targets/fleet"
#: What ``--path-pattern`` says of the cores' paths.
PATTERN = "{service}/{host}/*"
#: Of each leak the function that a report tells of it; of orphans there is a finding besides.
FUNCTIONS = {
    "main.askSupplier": "ask",
    "main.importRows": "importing",
    "main.updatePrices": "pricing",
    "main.awaitParcels": "packing",
    "main.chooseRoute": "choosing",
    "main.(*watcher).watchStock": "watching",
    "main.watching": "watching",
}
#: Fewer workers that nobody can stop are background work.
ORPHANS = {"verdict": "ORPHAN", "first": 6, "rule": "PK111"}
#: They wait for most of the time.
_SIDE_BY_SIDE = 6


def leak(program: str, name: str, *builds: int | None) -> PlannedLeak:
    """``builds``: where it starts, is fixed and is back, counted from 0."""
    more = ORPHANS if name == "watching" else {}
    return PlannedLeak(program, name, *builds, per_hour=0.2, **more)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Look:
    """A process that is killed, and what it has leaked by then."""

    program: str
    build: int
    host: str
    number: int
    #: Hours since the plan begins.
    hours: float
    failed: bool
    leaked: dict[str, int]

    @property
    def path(self) -> str:
        """Of its core, in the folder of all."""
        return f"{self.program}/{self.host}/{self.number}.core.zst"


def _looks_of(part: Seen) -> Iterator[Look]:
    for row in range(len(part.keys)):
        leaked = {each.function: int(many[row]) for each, many in part.leaked.items() if many[row]}
        yield Look(
            program=part.program,
            build=int(part.build[row]),
            host=str(part.attributes["host"][row]),
            number=row,
            hours=float(part.hours[row]),
            failed=bool(part.status[row] == "failed"),
            leaked=leaked,
        )


def looks(plan: Plan) -> Iterator[Look]:
    """All of the plan's."""
    for part in seen(plan):
        yield from _looks_of(part)


def latest(plan: Plan, leak: PlannedLeak) -> list[int]:
    """Goroutines of the leak at the last look at each host that has it then."""
    counts = []
    for part in seen(plan):
        for host in np.unique(part.host) if part.program == leak.program else ():
            rows = np.flatnonzero((part.host == host) & (part.status == "ok"))
            last = rows[np.argmax(part.hours[rows])]
            counts.append(int(part.leaked[leak][last]))
    return [each for each in counts if each]


def builds_folder() -> Path:
    """Where :func:`build_programs` keeps executables."""
    return CACHE / f"fleet-{BUILD}-{RELEASES[BUILD.go]}-{tree_hash(SOURCE)}"


def build_programs(plan: Plan) -> dict[tuple[str, int], Path]:
    """The executable of each program and build, which has the leaks of that build."""
    folder = builds_folder()
    made = {}
    for program in plan.programs:
        for build in range(plan.builds):
            leaks = [each for each in plan.leaks if each.program == program]
            tags = sorted(each.function for each in leaks if build in each.builds(plan.builds))
            name = f"{program}-{build}-{'-'.join(tags)}"
            binary = folder / name / program
            with only_one(f"{folder.name}-{name}"):
                if not binary.exists():
                    binary.parent.mkdir(parents=True, exist_ok=True)
                    flags = f"-tags={','.join(tags)}", f"-ldflags=-X main.build={name}"
                    partial = binary.with_suffix(".partial")
                    compile_target(SOURCE, BUILD, "", partial, *flags).rename(binary)
            made[program, build] = binary
    return made


def _make_core(plan: Plan, look: Look, binary: Path, folder: Path) -> None:
    from backports import zstd

    place = folder / look.path
    words = [f"{name}={count}" for name, count in look.leaked.items()]
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        with Running(binary, Path(scratch), *words) as process:
            core = process.abort().core
        packed = zstd.compress(core.read_bytes(), 1)
    place.write_bytes(packed[: len(packed) // 8] if look.failed else packed)
    # The kernel does not note when it wrote a core: its file says when the process died.
    died = (plan.begins + timedelta(hours=look.hours)).timestamp()
    os.utime(place, (died, died))


def make_cores(plan: Plan, folder: Path) -> int:
    """A core for each look of the plan; how many there are. That of one that failed is cut off."""
    programs = build_programs(plan)
    todo = list(looks(plan))
    for look in todo:
        (folder / look.path).parent.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        list(pool.map(lambda look: _make_core(
            plan, look, programs[look.program, look.build], folder), todo))  # fmt: skip
    return len(todo)
