"""Where in a core the lengths, lists and links are that a damaged core may have wrong."""

from __future__ import annotations

import json
from collections import Counter

from support.core_file import PF_W
from support.damage_scene import Scene

PLACES = 8  # of a kind that a core has hundreds of


def spread(places: list[int]) -> list[int]:
    """Up to PLACES of them, from all over the list."""
    step = max(1, -(-len(places) // PLACES))
    return places[::step]


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
        return (
            self.runtime_counts()
            | self.module_counts()
            | self.goroutine_counts()
            | self.map_counts()
            | self.object_counts()
        )

    def runtime_counts(self) -> dict[str, int]:
        symbols, heap = self.symbols, self.symbols["runtime.mheap_"]
        channel = self.scene.points["channel"]
        return {
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

    def module_counts(self) -> dict[str, int]:
        module = self.symbols["runtime.firstmoduledata"]
        tables = ("funcnametab", "filetab", "pctab", "pclntable", "ftab", "textsectmap")
        fields = {f"{table} len": f"{table}.len" for table in tables}
        fields |= {mask: mask for mask in ("gcdatamask.n", "gcbssmask.n")}
        return {
            f"module {name}": self.field(module, "runtime.moduledata", field)
            for name, field in fields.items()
        }

    def goroutine_counts(self) -> dict[str, int]:
        g = self.blocked()[0]
        names = ("stack.lo", "stack.hi", "sched.sp", "sched.pc", "goid", "waitsince")
        return {f"g {name}": self.field(g, "runtime.g", name) for name in names}

    def map_counts(self) -> dict[str, int]:
        core, found = self.core, {}
        labelled = self.layout.at("runtime.g", "labels")
        labels = next(
            core.word(g + labelled) for g in self.goroutines() if core.word(g + labelled) != 0
        )
        points = self.scene.points
        children = core.word(self.field(points["context"], "context.cancelCtx", "children"))
        pool = core.word(self.field(points["database"], "database/sql.DB", "dep"))
        if self.layout.has("internal/runtime/maps.Map", "used"):
            found["labels len"] = labels + 8
            found["label text len"] = core.word(labels) + 8
            for name, header in {"children": children, "pool": pool}.items():
                for field in ("used", "dirLen", "dirPtr"):
                    at = self.field(header, "internal/runtime/maps.Map", field)
                    found[f"{name} {field}"] = at
            return found
        # A map of labels up to 1.23 is behind a pointer (a struct with the map since 1.24).
        header = core.word(labels)
        bucket = core.word(self.field(header, "runtime.hmap", "buckets"))
        found["label text len"] = bucket + 8 + 8
        for name, at in {"labels": header, "children": children, "pool": pool}.items():
            for field in ("count", "B", "buckets", "oldbuckets"):
                found[f"{name} {field}"] = self.field(at, "runtime.hmap", field)
        return found

    def object_counts(self) -> dict[str, int]:
        files = json.loads(self.scene.command("files", "--json").stdout)["files"]
        file = next(int(f["object"], 16) for f in files if "evil-file" in (f.get("name") or ""))
        state = self.layout.at("runtime.mspan", "state")
        span = next(s for s in self.spans()[40:] if self.core.read(s + state, 1) == b"\1")
        return {"file name len": self.field(file, "os.file", "name") + 8} | {
            f"span {name}": self.field(span, "runtime.mspan", name)
            for name in ("npages", "elemsize", "limit", "specials")
        }

    def cycles(self) -> dict[str, list[tuple[int, int]]]:
        """Lists that lead to themselves: which words to write where."""
        return (
            self.list_cycles()
            | self.goroutine_cycles()
            | self.span_cycles()
            | self.poll_cycles()
            | self.semaphore_cycles()
            | self.map_cycles()
        )

    def list_cycles(self) -> dict[str, list[tuple[int, int]]]:
        core, symbols = self.core, self.symbols
        sudog, queue = self.layout.types["runtime.sudog"], self.layout.types["runtime.hchan"]
        channel, context = self.scene.points["channel"], self.scene.points["context"]
        first = core.word(channel + queue["sendq.first"])
        last = core.word(channel + queue["sendq.last"])
        assert first != last
        allgs, allm = core.word(symbols["runtime.allgs"]), core.word(symbols["runtime.allm"])
        spans, timers = core.word(self.spans_at()), core.word(self.timers())
        module = symbols["runtime.firstmoduledata"]
        return {
            "allgs is its own list": [(symbols["runtime.allgs"], symbols["runtime.allgs"])],
            "allgs has one goroutine only": [
                (allgs + 8 * i, core.word(allgs))
                for i in range(1, core.word(symbols["runtime.allgs"] + 8))
            ],
            "the end of a queue leads to its beginning": [(last + sudog["next"], first)],
            "a sudog is its own neighbour": [(first + sudog["next"], first)],
            "a queue begins with its channel": [(channel + queue["sendq.first"], channel)],
            "a sudog is of the channel's own memory": [(first + sudog["g"], first)],
            "all timers are one": [
                (timers + word * 8 * i, core.word(timers))
                for word in (1, 2)
                for i in range(1, core.word(self.timers() + 8))
            ],
            "the timers are their own list": [(self.timers(), self.timers())],
            "a context derives from itself": [
                (context, self.itab_of(context)),
                (context + 8, context),
            ],
            "all spans are one": [(spans + 8 * i, core.word(spans)) for i in range(50)],
            "the spans are their own list": [(self.spans_at(), self.spans_at())],
            "the last thread leads to the first": [
                (allm + self.layout.at("runtime.m", "alllink"), allm)
            ],
            "the module is its own next": [
                (self.field(module, "runtime.moduledata", "next"), module)
            ],
        }

    def goroutine_cycles(self) -> dict[str, list[tuple[int, int]]]:
        core, found = self.core, {}
        sudog = self.layout.types["runtime.sudog"]
        waiting = self.layout.at("runtime.g", "waiting")
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
        return found

    def span_cycles(self) -> dict[str, list[tuple[int, int]]]:
        core, spans = self.core, self.spans()
        specials = self.layout.at("runtime.mspan", "specials")
        special = next(core.word(s + specials) for s in spans if core.word(s + specials) != 0)
        after = self.layout.at("runtime.special", "next")
        found = {"a special leads to itself": [(special + after, special)]}
        linked = [span for span in spans if core.word(span) != 0 and core.has(core.word(span))]
        for number, span in enumerate(spread(linked)):
            found[f"a span leads to itself, {number}"] = [(span, span), (span + 8, span)]
        return found

    def poll_cycles(self) -> dict[str, list[tuple[int, int]]]:
        cache = self.symbols["runtime.pollcache"] + self.layout.at("runtime.pollCache", "first")
        poll = self.core.word(cache)
        if poll == 0:
            return {}
        return {
            "a pollDesc leads to itself": [(self.field(poll, "runtime.pollDesc", "link"), poll)]
        }

    def semaphore_cycles(self) -> dict[str, list[tuple[int, int]]]:
        found, sudog = {}, self.layout.types["runtime.sudog"]
        root = self.layout.at("runtime.semaRoot", "treap")
        table = self.symbols["runtime.semtable"]
        waiters = [self.core.word(table + 64 * i + root) for i in range(251)]
        for number, waiter in enumerate(spread([waiter for waiter in waiters if waiter != 0])):
            found[f"a semaphore's tree is a circle, {number}"] = [
                (waiter + sudog["next"], waiter),
                (waiter + sudog["prev"], waiter),
                (waiter + sudog["parent"], waiter),
            ]
            found[f"a semaphore's waiters are a circle, {number}"] = [
                (waiter + sudog["waitlink"], waiter)
            ]
        return found

    def map_cycles(self) -> dict[str, list[tuple[int, int]]]:
        context = self.scene.points["context"]
        children = self.core.word(self.field(context, "context.cancelCtx", "children"))
        if self.layout.has("internal/runtime/maps.Map", "used"):
            directory = self.field(children, "internal/runtime/maps.Map", "dirPtr")
            return {
                "a map is its own directory": [
                    (directory, directory),
                    (self.field(children, "internal/runtime/maps.Map", "dirLen"), 1),
                ]
            }
        bucket = self.core.word(self.field(children, "runtime.hmap", "buckets"))
        # tophash[8], 8 keys of two words, no values, the overflow bucket
        return {"a bucket overflows into itself": [(bucket + 8 + 8 * 16, bucket)]}

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
