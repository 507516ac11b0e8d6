"""Cores with a missing, doubled or changed part: bounded time and memory, one clear word about it,
and never a goroutine PROVED that the whole core does not prove."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator

import pytest
from support.building import strip
from support.core_file import PF_W, DamagedCore, Layout, Segment
from support.damage_places import Places
from support.damage_scene import EVERY, Scene, Seen, seen_in, some
from support.matrix import Build
from support.running import Core

PAGE = 4096
ABSURD = [(1 << 63) - 1, 1 << 63, (1 << 64) - 1, 1 << 40]
# Every command that reads something of its own.
COMMANDS = [
    ("report", "--json"),
    ("goroutines", "--all", "--system"),
    ("channels", "--json"),
    ("timers", "--json"),
    ("locks", "--json"),
    ("http", "--json"),
    ("sql", "--json"),
    ("files", "--json"),
    ("contexts", "--json"),
    ("report", "--format=traceback"),
]

# A process of its own does these, which are half of the work.
apart = pytest.mark.xdist_group("test_hostile_damage-goroutines")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scene" not in metafunc.fixturenames:
        return
    matrix = metafunc.config.getoption("--matrix")
    rows = {
        "quick": ["1.18-stripped", "1.27-whole"],
        "ci": ["1.18-stripped", "1.27-whole"],
    }.get(matrix, [f"{go}-{x}" for go in ("1.18", "1.22", "1.27") for x in ("whole", "stripped")])
    metafunc.parametrize("scene", rows, indirect=True, scope="module")


@pytest.fixture(scope="module")
def scene(
    request: pytest.FixtureRequest,
    kernel_core: Callable[..., Core],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    go, symbols = request.param.split("-")
    made = kernel_core("hostile", Build(go, "default"))
    folder = tmp_path_factory.mktemp("damage")
    binary = strip(made.binary, folder) if symbols == "stripped" else made.binary
    points = {
        words[1]: int(words[2], 16)
        for words in (line.split() for line in made.output.splitlines())
        if words[:1] == ["AT"]
    }
    core = DamagedCore(made.core, folder / "core")
    nothing = Seen(0, {}, {}, "", [])
    layout = Layout(made.binary)
    found = Scene(core, binary, layout, points, symbols == "whole", nothing, {})
    result = found.command("report", "--json", "--all")
    assert result.returncode == 0, (result.stderr, result.stdout[-2000:])
    found.document = json.loads(result.stdout)
    found.whole = seen_in(found.document, 0)
    assert found.whole.proof == "given" and len(found.whole.proved) >= 3
    yield found
    core.close()


@pytest.mark.parametrize("how", ["drop", "forget"])
def test_each_segment_missing(scene: Scene, how: str) -> None:
    withheld = 0
    for segment in some(scene.core.loads):
        if how == "forget" and not segment.flags & PF_W:
            continue  # as if it had not been dumped
        with scene.core.damage():
            (scene.core.drop if how == "drop" else scene.core.forget)(segment)
            seen = scene.look(f"without {segment.address:#x}")
            where = (hex(segment.address), hex(segment.file_size), seen.incomplete)
            if seen.code == 0:
                assert seen.proof == "given" and scene.same(seen), where
            withheld += seen.proof == "withheld"
            if seen.code == 2 and segment.flags & PF_W:
                assert "memory" in seen.incomplete[0], where
    assert withheld > 0 or EVERY > 1  # one in four matters, so that of a few it may be none


def test_pages_missing(scene: Scene) -> None:
    """Of a missing page nothing is guessed: what was proved with it is proved without, or not."""
    randomness = random.Random(7)
    pages = [
        address
        for s in scene.core.loads
        if s.flags & PF_W
        for address in range(s.address, s.address + s.file_size, PAGE)
        if any(scene.core.read(address, PAGE))
    ]
    count = int(os.environ.get("PARKED_DAMAGE_PAGES", "40"))
    withheld = 0
    for start in sorted(randomness.sample(pages, min(count // EVERY, len(pages)))):
        with scene.core.damage():
            scene.core.hole(start, start + PAGE)
            seen = scene.look(f"without {start:#x}")
            withheld += seen.proof == "withheld"
            if seen.code == 0:
                assert seen.proof == "given" and scene.same(seen), hex(start)
    assert withheld > 0 or EVERY > 1  # one in four matters, so that of a few it may be none


def test_segments_over_each_other(scene: Scene) -> None:
    """Two segments that claim the same addresses: one of them is wrong."""
    writable = [s for s in scene.core.loads if s.flags & PF_W]
    largest = max(writable, key=lambda s: s.file_size)
    for segment in [writable[0], largest, writable[-1]]:
        for offset, address, size in [
            (largest.offset, segment.address, min(segment.file_size, largest.file_size)),
            (0, segment.address - PAGE, 3 * PAGE),
            (0, segment.address + PAGE, PAGE),
            (0, 0, (1 << 64) - 1),
            (0, (1 << 64) - PAGE, 2 * PAGE),
        ]:
            with scene.core.damage():
                scene.core.add(Segment(-1, 1, 6, offset, address, size, size))
                seen = scene.look(f"another {address:#x}")
                if seen.code == 0:
                    assert scene.same(seen), (hex(address), hex(size))


SIZES = {"B": 1, "n": 4}  # of what is no word
# What no report needs, or what may have that value; nothing has to be said of it.
UNSAID = {"g goid", "g waitsince", "allgs cap", "allspans cap", "timers cap", "channel qcount"}


def test_absurd_counts(scene: Scene) -> None:
    silent = []
    for number, (name, address) in some(enumerate(Places(scene).counts().items())):
        size = SIZES.get(name.split(".")[-1].split()[-1], 8)
        for value in ABSURD:
            if value & ((1 << 8 * size) - 1) == 0:
                continue  # of a byte nothing is left
            with scene.core.damage():
                scene.core.put(address, value, size)
                seen = scene.look(f"{name} {value:#x}")
                if seen.code == 0 and seen.proof == "given":
                    silent.append((name, hex(value), scene.same(seen)))
                if value == ABSURD[number % len(ABSURD)]:
                    scene.command(*COMMANDS[number % len(COMMANDS)])
    assert not [x for x in silent if x[0] not in UNSAID]


def test_lists_cut_short(scene: Scene) -> None:
    """A length that is possible, but too small: what is missing can run, too."""
    places = Places(scene)
    counts = places.counts()
    for name in (
        "allgs len", "allp len", "timers len", "allspans len", "module gcdatamask.n",
        "module gcbssmask.n",
    ):  # fmt: skip
        size = 4 if name.endswith(".n") else 8
        if name in ("allgs len", "allp len") and not scene.symbols:
            continue  # the runtime's own counts of them are not found without symbols
        whole = scene.core.word(counts[name]) & ((1 << 8 * size) - 1)
        for left in {0, 1, whole // 2, whole - 1}:
            if left == whole:
                continue
            with scene.core.damage():
                scene.core.put(counts[name], left, size)
                seen = scene.look(f"{name} {left} of {whole}")
                # The last spans may be stacks or free.
                no_matter = name == "allspans len" and left == whole - 1 and scene.same(seen)
                assert seen.code != 0 or seen.proof == "withheld" or no_matter, (name, left, whole)


@apart
def test_each_goroutine_damaged(scene: Scene) -> None:
    """Whoever is not readable may hold anything."""
    g = scene.layout.types["runtime.g"]
    wrong = [("sched.g", 0), ("stack.lo", 0), ("goid", 0), ("atomicstatus", 0x77), ("stack.hi", 8)]
    for number, address in some(enumerate(Places(scene).goroutines())):
        field, value = wrong[number % len(wrong)]
        with scene.core.damage():
            scene.core.put(address + g[field], value)
            seen = scene.look(f"{field} of {address:#x}")
            assert seen.code == 3 and seen.proof == "withheld", (field, hex(address), seen)


# runtime/runtime2.go, every version.
STATUSES = {"idle": 0, "syscall": 3, "dead": 6}


@apart
def test_statuses_that_are_possible(scene: Scene) -> None:
    """Nobody looks at what a dead goroutine holds, nor at more than the frames of one in a call."""
    status = scene.layout.types["runtime.g"]["atomicstatus"]
    for address in some(Places(scene).goroutines()):
        for name, value in STATUSES.items():
            if scene.core.word(address + status) & 0xFF == value:
                continue
            with scene.core.damage():
                scene.core.put(address + status, value, size=4)
                seen = scene.look(f"{address:#x} is {name}")
                assert seen.proof == "withheld" or hex(address) in scene.whole.proved, (
                    name,
                    hex(address),
                )


@apart
def test_stack_bounds_that_are_possible(scene: Scene) -> None:
    """Within too wide a stack there are objects; a pointer to them is none into the stack."""
    g = scene.layout.types["runtime.g"]
    for address in some(Places(scene).goroutines()):
        lo, hi = (scene.core.word(address + g[name]) for name in ("stack.lo", "stack.hi"))
        for field, value in (
            ("stack.lo", lo - (hi - lo)), ("stack.lo", hi - (1 << 30)), ("stack.hi", hi + hi - lo),
            ("stack.lo", hi - (hi - lo) // 2), ("stack.hi", lo + (1 << 29)),
        ):  # fmt: skip
            with scene.core.damage():
                scene.core.put(address + g[field], value)
                seen = scene.look(f"{field} {value:#x} of {address:#x}")
                assert seen.proof == "withheld" or hex(address) in scene.whole.proved, (
                    field,
                    hex(address),
                )


# Lists of which a report needs nothing, but their members.
UNSAID_CYCLES = {"a span leads to itself"}


def test_cycles(scene: Scene) -> None:
    silent = []
    for number, (name, words) in some(enumerate(Places(scene).cycles().items())):
        with scene.core.damage():
            for address, value in words:
                if scene.core.has(address):
                    scene.core.put(address, value)
            seen = scene.look(name)
            if seen.code == 0 and seen.proof == "given":
                silent.append((name, scene.same(seen)))
            scene.command(*COMMANDS[number % len(COMMANDS)])
            if "context" in name or "map" in name or "bucket" in name:
                assert scene.command("contexts", "--json").returncode == 3, name
    assert not [x for x in silent if x[0].split(",")[0] not in UNSAID_CYCLES]
