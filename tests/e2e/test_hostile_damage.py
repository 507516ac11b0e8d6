"""Cores with a missing, doubled or changed part: bounded time and memory, one clear word about it,
and never a goroutine PROVED that the whole core does not prove."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import PARKED, Core, run
from core_file import DamagedCore, Layout, Segment
from matrix import Build

# AddressSanitizer reserves terabytes of addresses.
MEMORY = "unlimited" if "asan" in str(PARKED) else str(2 << 30)
SECONDS = 20
PAGE = 4096
PF_W = 2
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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "scene" not in metafunc.fixturenames:
        return
    quick = metafunc.config.getoption("--matrix") == "quick"
    rows = (
        ["1.18-stripped", "1.27-whole"]
        if quick
        else [
            f"{go}-{symbols}"
            for go in ("1.18", "1.22", "1.27")
            for symbols in ("whole", "stripped")
        ]
    )
    metafunc.parametrize("scene", rows, indirect=True, scope="module")


@dataclass
class Seen:
    """What a report said."""

    code: int
    verdicts: dict[str, str]  # by the address of the g
    waits: dict[str, list[Any]]
    proof: str
    incomplete: list[str]

    @property
    def proved(self) -> set[str]:
        return {g for g, verdict in self.verdicts.items() if verdict == "PROVED"}


@dataclass
class Scene:
    core: DamagedCore
    binary: Path
    layout: Layout
    points: dict[str, int]  # addresses that the program printed
    symbols: bool
    whole: Seen
    document: dict[str, Any]

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        result = run(
            "prlimit",
            f"--as={MEMORY}",
            f"--cpu={SECONDS}",
            PARKED,
            "core",
            self.binary,
            self.core.path,
            *words,
            timeout=3 * SECONDS,
        )
        assert result.returncode in (0, 2, 3), (words, result.returncode, result.stderr[-3000:])
        assert "Sanitizer" not in result.stderr, result.stderr[-3000:]
        assert "runtime error" not in result.stderr, result.stderr[-3000:]
        if result.returncode == 2:
            assert result.stdout == "" and result.stderr.count("\n") == 1, result.stderr
        return result

    def look(self, what: str) -> Seen:
        result = self.command("report", "--json", "--all")
        if result.returncode == 2:
            return Seen(2, {}, {}, "", [result.stderr])
        document = json.loads(result.stdout)
        seen = seen_in(document, result.returncode)
        assert (seen.code == 3) == bool(seen.incomplete)
        # The worst a damaged core can do.
        beyond = seen.proved - self.whole.proved
        assert not beyond, (what, beyond, seen.incomplete)
        return seen

    def same(self, seen: Seen) -> bool:
        """But for those of which it says itself that it does not know."""
        known = {g for g, verdict in seen.verdicts.items() if verdict != "UNKNOWN"}
        return seen.verdicts.keys() == self.whole.verdicts.keys() and all(
            seen.verdicts[g] == self.whole.verdicts[g] and seen.waits[g] == self.whole.waits[g]
            for g in known
        )


def seen_in(document: dict[str, Any], code: int) -> Seen:
    goroutines = document["goroutines"]
    return Seen(
        code,
        {g["address"]: g["verdict"] for g in goroutines},
        {g["address"]: [w.get("address") for w in g["waiting_on"]] for g in goroutines},
        document["proof"]["state"],
        [f"{entry['what']}: {entry['detail']}" for entry in document["incomplete"]],
    )


@pytest.fixture(scope="module")
def scene(
    request: pytest.FixtureRequest,
    kernel_core: Callable[..., Core],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Scene]:
    go, symbols = request.param.split("-")
    made = kernel_core("hostile", Build(go, "default"))
    folder = tmp_path_factory.mktemp("damage")
    binary = made.binary
    if symbols == "stripped":
        binary = folder / "hostile"
        subprocess.run(["strip", "-o", binary, made.binary], check=True)
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
    for segment in scene.core.loads:
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
    assert withheld > 0


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
    for start in sorted(randomness.sample(pages, min(count, len(pages)))):
        with scene.core.damage():
            scene.core.hole(start, start + PAGE)
            seen = scene.look(f"without {start:#x}")
            withheld += seen.proof == "withheld"
            if seen.code == 0:
                assert seen.proof == "given" and scene.same(seen), hex(start)
    assert withheld > 0


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


Damage = Callable[[], None]


class Places:
    """What can be damaged in a scene, by name."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.core = scene.core
        self.layout = scene.layout
        self.symbols = scene.layout.symbols
        self.document = scene.document

    def field(self, base: int, type_name: str, *fields: str) -> int:
        return base + self.layout.at(type_name, *fields)

    def goroutines(self) -> list[int]:
        return [int(g["address"], 16) for g in self.document["goroutines"]]

    def blocked(self) -> list[int]:
        """Those with a sudog of their own."""
        waiting = self.layout.at("runtime.g", "waiting")
        return [g for g in self.goroutines() if self.core.word(g + waiting) != 0]

    def processors(self) -> list[int]:
        array = self.core.word(self.symbols["runtime.allp"])
        count = self.core.word(self.symbols["runtime.allp"] + 8)
        return [self.core.word(array + 8 * i) for i in range(count)]

    def timers(self) -> int:
        """The slice of a P that has timers."""
        names = ["timers.heap.array", "timers.array"]
        slices = [self.field(p, "runtime.p", *names) for p in self.processors()]
        return next(at for at in slices if self.core.word(at) != 0 and self.core.word(at + 8) > 1)

    def spans(self) -> list[int]:
        at = self.field(self.symbols["runtime.mheap_"], "runtime.mheap", "allspans.array")
        array, count = self.core.word(at), self.core.word(at + 8)
        return [self.core.word(array + 8 * i) for i in range(count)]

    def counts(self) -> dict[str, int]:
        """Lengths, capacities and counts, and where each is."""
        symbols, core = self.symbols, self.core
        heap, module = symbols["runtime.mheap_"], symbols["runtime.firstmoduledata"]
        channel, context = self.scene.points["channel"], self.scene.points["context"]
        found = {
            "allgs len": symbols["runtime.allgs"] + 8,
            "allgs cap": symbols["runtime.allgs"] + 16,
            "allp len": symbols["runtime.allp"] + 8,
            "allspans len": self.field(heap, "runtime.mheap", "allspans.len"),
            "allspans cap": self.field(heap, "runtime.mheap", "allspans.cap"),
            "timers len": self.timers() + 8,
            "timers cap": self.timers() + 16,
            "channel qcount": self.field(channel, "runtime.hchan", "qcount"),
            "channel dataqsiz": self.field(channel, "runtime.hchan", "dataqsiz"),
            "wait reason len": symbols["runtime.waitReasonStrings"] + 16 * 2 + 8,
        }
        for table in ("funcnametab", "filetab", "pctab", "pclntable", "ftab", "textsectmap"):
            found[f"module {table} len"] = self.field(module, "runtime.moduledata", f"{table}.len")
        for mask in ("gcdatamask.n", "gcbssmask.n"):
            found[f"module {mask}"] = self.field(module, "runtime.moduledata", mask)
        g = self.blocked()[0]
        for name in ("stack.lo", "stack.hi", "sched.sp", "sched.pc", "goid", "waitsince"):
            found[f"g {name}"] = self.field(g, "runtime.g", name)
        labelled = self.layout.at("runtime.g", "labels")
        labels = next(
            core.word(g + labelled) for g in self.goroutines() if core.word(g + labelled) != 0
        )
        children = core.word(self.field(context, "context.cancelCtx", "children"))
        pool = core.word(self.field(self.scene.points["database"], "database/sql.DB", "dep"))
        if self.layout.has("internal/runtime/maps.Map", "used"):
            found["labels len"] = labels + 8
            found["label text len"] = core.word(labels) + 8
            for name, header in {"children": children, "pool": pool}.items():
                for field in ("used", "dirLen", "dirPtr"):
                    found[f"{name} {field}"] = self.field(
                        header, "internal/runtime/maps.Map", field
                    )
        else:
            # A map of labels up to 1.23 is behind a pointer (a struct with the map since 1.24).
            header = core.word(labels)
            bucket = core.word(self.field(header, "runtime.hmap", "buckets"))
            found["label text len"] = bucket + 8 + 8
            for name, at in {"labels": header, "children": children, "pool": pool}.items():
                for field in ("count", "B", "buckets", "oldbuckets"):
                    found[f"{name} {field}"] = self.field(at, "runtime.hmap", field)
        files = json.loads(self.scene.command("files", "--json").stdout)["files"]
        file = next(int(f["object"], 16) for f in files if "evil-file" in (f.get("name") or ""))
        found["file name len"] = self.field(file, "os.file", "name") + 8
        state = self.layout.at("runtime.mspan", "state")
        span = next(s for s in self.spans()[40:] if core.read(s + state, 1) == b"\1")
        for name in ("npages", "elemsize", "limit", "specials"):
            found[f"span {name}"] = self.field(span, "runtime.mspan", name)
        return found

    def cycles(self) -> dict[str, list[tuple[int, int]]]:
        """Lists that lead to themselves: which words to write where."""
        core, symbols = self.core, self.symbols
        sudog, queue = self.layout.types["runtime.sudog"], self.layout.types["runtime.hchan"]
        waiting = self.layout.at("runtime.g", "waiting")
        first = core.word(self.scene.points["channel"] + queue["sendq.first"])
        last = core.word(self.scene.points["channel"] + queue["sendq.last"])
        assert first != last
        allgs = core.word(symbols["runtime.allgs"])
        context = self.scene.points["context"]
        itab = self.itab_of(context)
        spans, timers = self.spans(), core.word(self.timers())
        allm = core.word(symbols["runtime.allm"])
        link = self.layout.at("runtime.m", "alllink")
        found = {
            "allgs is its own list": [(symbols["runtime.allgs"], symbols["runtime.allgs"])],
            "allgs has one goroutine only": [
                (allgs + 8 * i, core.word(allgs))
                for i in range(1, core.word(symbols["runtime.allgs"] + 8))
            ],
            "the end of a queue leads to its beginning": [(last + sudog["next"], first)],
            "a sudog is its own neighbour": [(first + sudog["next"], first)],
            "a queue begins with its channel": [
                (self.scene.points["channel"] + queue["sendq.first"], self.scene.points["channel"])
            ],
            "a sudog is of the channel's own memory": [(first + sudog["g"], first)],
            "all timers are one": [
                (timers + word * 8 * i, core.word(timers))
                for word in (1, 2)
                for i in range(1, core.word(self.timers() + 8))
            ],
            "the timers are their own list": [(self.timers(), self.timers())],
            "a context derives from itself": [(context, itab), (context + 8, context)],
            "all spans are one": [
                (core.word(self.spans_at()) + 8 * i, spans[0]) for i in range(50)
            ],
            "the spans are their own list": [(self.spans_at(), self.spans_at())],
            "the last thread leads to the first": [(allm + link, allm)],
            "the module is its own next": [
                (
                    self.field(symbols["runtime.firstmoduledata"], "runtime.moduledata", "next"),
                    symbols["runtime.firstmoduledata"],
                )
            ],
        }
        for number, g in enumerate(self.blocked()[:8]):
            own = core.word(g + waiting)
            found[f"a goroutine's sudogs lead back, {number}"] = [(own + sudog["waitlink"], own)]
            found[f"a goroutine waits with itself, {number}"] = [(g + waiting, g)]
        for name in ("_defer", "_panic"):
            at = self.layout.at("runtime.g", name)
            held = [core.word(g + at) for g in self.goroutines() if core.word(g + at) != 0]
            for number, each in enumerate(held[:3]):
                next_one = self.layout.at(f"runtime.{name}", "link")
                if core.has(each + next_one):
                    found[f"{name} leads to itself, {number}"] = [(each + next_one, each)]
        specials = self.layout.at("runtime.mspan", "specials")
        special = next(core.word(s + specials) for s in spans if core.word(s + specials) != 0)
        after = self.layout.at("runtime.special", "next")
        found["a special leads to itself"] = [(special + after, special)]
        for span in spans:
            if core.word(span) != 0 and core.has(core.word(span)):
                found["a span leads to itself"] = [(span, span), (span + 8, span)]
        cache = symbols["runtime.pollcache"] + self.layout.at("runtime.pollCache", "first")
        if (poll := core.word(cache)) != 0:
            found["a pollDesc leads to itself"] = [
                (self.field(poll, "runtime.pollDesc", "link"), poll)
            ]
        root = self.layout.at("runtime.semaRoot", "treap")
        table = symbols["runtime.semtable"]
        for i in range(251):
            waiter = core.word(table + 64 * i + root)
            if waiter != 0:
                found["a semaphore's tree is a circle"] = [
                    (waiter + sudog["next"], waiter),
                    (waiter + sudog["prev"], waiter),
                    (waiter + sudog["parent"], waiter),
                ]
                found["a semaphore's waiters are a circle"] = [(waiter + sudog["waitlink"], waiter)]
        children = core.word(self.field(context, "context.cancelCtx", "children"))
        if self.layout.has("internal/runtime/maps.Map", "used"):
            directory = self.field(children, "internal/runtime/maps.Map", "dirPtr")
            found["a map is its own directory"] = [
                (directory, directory),
                (self.field(children, "internal/runtime/maps.Map", "dirLen"), 1),
            ]
        else:
            bucket = core.word(self.field(children, "runtime.hmap", "buckets"))
            # tophash[8], 8 keys of two words, no values, the overflow bucket
            found["a bucket overflows into itself"] = [(bucket + 8 + 8 * 16, bucket)]
        return found

    def itab_of(self, address: int) -> int:
        """What most often stands in front of this pointer: of the interfaces that hold it."""
        wanted = address.to_bytes(8, "little")
        before: Counter[int] = Counter()
        for s in self.core.loads:
            data = self.core.read(s.address, s.file_size) if s.flags & PF_W else b""
            at = data.find(wanted)
            while at > 0:
                before[int.from_bytes(data[at - 8 : at], "little")] += at % 8 == 0
                at = data.find(wanted, at + 1)
        return before.most_common(1)[0][0]

    def spans_at(self) -> int:
        return self.field(self.symbols["runtime.mheap_"], "runtime.mheap", "allspans.array")


SIZES = {"B": 1, "n": 4}  # of what is no word
# What no report needs, or what may have that value; nothing has to be said of it.
UNSAID = {"g goid", "g waitsince", "allgs cap", "allspans cap", "timers cap", "channel qcount"}


def test_absurd_counts(scene: Scene) -> None:
    silent = []
    for number, (name, address) in enumerate(Places(scene).counts().items()):
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


def test_each_goroutine_damaged(scene: Scene) -> None:
    """Whoever is not readable may hold anything."""
    g = scene.layout.types["runtime.g"]
    wrong = [("sched.g", 0), ("stack.lo", 0), ("goid", 0), ("atomicstatus", 0x77), ("stack.hi", 8)]
    for number, address in enumerate(Places(scene).goroutines()):
        field, value = wrong[number % len(wrong)]
        with scene.core.damage():
            scene.core.put(address + g[field], value)
            seen = scene.look(f"{field} of {address:#x}")
            assert seen.code == 3 and seen.proof == "withheld", (field, hex(address), seen)


def test_stack_bounds_that_are_possible(scene: Scene) -> None:
    """Within too wide a stack there are objects; a pointer to them is none into the stack."""
    g = scene.layout.types["runtime.g"]
    for address in Places(scene).goroutines():
        lo, hi = (scene.core.word(address + g[name]) for name in ("stack.lo", "stack.hi"))
        for field, value in (
            ("stack.lo", lo - (hi - lo)), ("stack.lo", hi - (1 << 30)), ("stack.hi", hi + hi - lo),
            ("stack.lo", hi - (hi - lo) // 2), ("stack.hi", lo + (1 << 29)),
        ):  # fmt: skip
            with scene.core.damage():
                scene.core.put(address + g[field], value)
                seen = scene.look(f"{field} {value:#x} of {address:#x}")
                assert seen.proof == "withheld" or hex(address) in scene.whole.proved, (field, hex(address))


# Lists of which a report needs nothing, but their members.
UNSAID_CYCLES = {"a span leads to itself"}


def test_cycles(scene: Scene) -> None:
    silent = []
    for number, (name, words) in enumerate(Places(scene).cycles().items()):
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
    assert not [x for x in silent if x[0] not in UNSAID_CYCLES]
