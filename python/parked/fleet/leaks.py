"""Puts what a history's queries answered together, leak by leak."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import numpy as np

from .database import GRAVITY
from .fleet_report import Build, BuildShare, Leak, Sighting
from .states import Look, Past, State, past_of

if TYPE_CHECKING:
    from .history import Options
    from .queries import Window

Rows = list[dict[str, Any]]
VERDICTS = {value: name for name, value in GRAVITY.items()}
#: Hosts that are told of a leak.
MOST_WORST = 10
#: Points that a slope takes.
LEAST_POINTS = 3


def at(second: int) -> datetime:
    """A moment, of seconds since 1970."""
    return datetime.fromtimestamp(second, timezone.utc)


def slope_per_day(values: Sequence[float | None], step_seconds: int) -> float | None:
    """Of the line of least squares through the points that are known."""
    known = [
        (i * step_seconds / 86400, value) for i, value in enumerate(values) if value is not None
    ]
    if len(known) < LEAST_POINTS:
        return None
    days, counts = np.array(known).T
    return float(np.polyfit(days, counts, 1)[0])


def _by(rows: Rows, *names: str) -> dict[Any, Rows]:
    found: dict[Any, Rows] = defaultdict(list)
    for row in rows:
        found[tuple(row[name] for name in names) if len(names) > 1 else row[names[0]]].append(row)
    return found


@dataclass
class LeakMaker:
    """What was answered; `leaks` makes them."""

    options: Options
    window: Window
    builds: Rows
    able: Rows
    by_build: Rows
    words: Rows
    series: Rows
    looks: Rows
    growth: Rows
    latest: Rows
    _builds: dict[str, list[Build]] = field(init=False)

    def __post_init__(self) -> None:
        self._builds = defaultdict(list)
        for row in sorted(self.builds, key=lambda row: (row["begins"], row["ends"], row["build"])):
            self._builds[row["program"]].append(
                Build(
                    build=row["build"],
                    begins=at(row["begins"]),
                    ends=at(row["ends"]),
                    hosts=row["hosts"],
                    targets=row["targets"],
                    ok=row["ok"],
                    go_version=row["go_version"],
                )
            )
        self._able = _by(self.able, "program", "build")
        self._seen = _by(self.by_build, "leak_id")
        self._series = _by(self.series, "leak_id")
        self._looks = {(row["program"], row["point"]): row["targets"] for row in self.looks}
        # The last digits of sums depend on their order.
        self._growth = {row["leak_id"]: round(row["slope"], 6) for row in self.growth}
        self._latest = _by(self.latest, "leak_id")

    def builds_of(self, program: str) -> list[Build]:
        """Those that are known, in their order."""
        return [build for build in self._builds[program] if build.build]

    def programs_with_leaks(self) -> set[str]:
        """Programs of which a leak was ever seen."""
        return {row["program"] for row in self.words}

    def leaks(self) -> list[tuple[int, Leak]]:
        """Every leak that was ever seen, with its number in the database."""
        return [
            (row["leak_id"], self._leak(row)) for row in self.words if row["leak_id"] in self._seen
        ]

    def _shares(self, program: str, rows: Rows, gravity: int) -> Iterable[tuple[Build, BuildShare]]:
        """Of each build how many hosts could have told of a leak, and had it."""
        kind = "proof" if gravity > GRAVITY["SUSPECT"] else "ok"
        places = {row["place"] for row in rows}
        known = [row["least"] for row in rows if row["least"] is not None]
        least = min(known) if known else -1
        seen = _by(rows, "build")
        for build in self._builds[program]:
            able = self._able.get((program, build.build), []) if build.build else []
            ours = seen.get(build.build, [])
            share = BuildShare(
                build=build.build,
                hosts=sum(r["hosts"] for r in able if r["place"] in places and r[kind] >= least),
                leaking=sum(r["hosts"] for r in ours if r[kind] >= least),
                seen=sum(r["targets"] for r in ours),
            )
            if build.build or share.seen:
                yield build, share

    def _past(
        self, words: dict[str, Any], rows: Rows, gravity: int
    ) -> tuple[Past, list[BuildShare]]:
        seen = _by(rows, "build")
        unplaced = max((row["last"] for row in seen.get("", [])), default=None)
        shares = list(self._shares(words["program"], rows, gravity))
        placed = any(share.seen for build, share in shares if build.build)
        looks = [
            Look(
                build=build.build,
                begins=build.begins,
                hosts=share.hosts,
                leaking=share.leaking,
                seen=share.seen,
                first=at(min(r["first"] for r in seen[build.build])) if share.seen else None,
            )
            for build, share in shares
            if build.build or not placed
        ]
        known = {words["fingerprint"], words["other_fingerprint"]} & set(self.options.known)
        past = past_of(
            looks,
            at(self.window.since),
            self.options.rule,
            listed=bool(known),
            unplaced=at(unplaced) if unplaced is not None and placed else None,
        )
        last = at(max(row["last"] for row in rows))
        if not past.note and past.state is not State.FIXED and last < at(self.window.since):
            past = dataclasses.replace(past, note="not seen lately: no later build could tell")
        return past, [share for _, share in shares]

    def _points(self, number: int, program: str) -> tuple[float | None, ...]:
        """Goroutines of a target on average."""
        found = {row["point"]: row["goroutines"] for row in self._series.get(number, [])}
        points = (self.window.until - 2 - self.window.since) // self.window.step + 1
        looked = [self._looks.get((program, point), 0) for point in range(points)]
        return tuple(
            round(found.get(point, 0) / many, 3) if many else None
            for point, many in enumerate(looked)
        )

    def _leak(self, words: dict[str, Any]) -> Leak:
        number, program = words["leak_id"], words["program"]
        rows, latest = self._seen[number], self._latest.get(number, [])
        gravity = max(row["gravity"] for row in rows)
        past, shares = self._past(words, rows, gravity)
        series = self._points(number, program)
        kept = [row["kept"] for row in latest if row["kept"] is not None]
        copied = ("fingerprint", "kind", "function", "file", "line", "package", "created_by")
        return Leak(
            program=program,
            verdict=VERDICTS[gravity],
            **{name: words[name] for name in (*copied, "reason", "object", "rule", "title", "fix")},
            past=past,
            last_seen=at(max(row["last"] for row in rows)),
            owners=self.options.owners.of(words["package"] or package_of(words["function"])),
            builds=tuple(shares),
            hosts=len({row["machine"] for row in latest}),
            goroutines=sum(row["found"] for row in latest),
            retained_bytes=sum(kept) if kept else None,
            series=series,
            growth_per_day=slope_per_day(series, self.window.step),
            growth_per_uptime_hour=self._growth.get(number),
            worst=tuple(map(sighting, latest[:MOST_WORST])),
        )


def sighting(row: dict[str, Any]) -> Sighting:
    """A row of `Queries.latest`."""
    return Sighting(
        host=row["machine"],
        zone=row["zone"],
        build=row["build"],
        target=row["target"],
        source=row["source"],
        at=at(row["second"]),
        uptime_seconds=row["uptime_seconds"],
        goroutines=row["found"],
        retained_bytes=row["kept"],
    )


def package_of(function: str | None) -> str | None:
    """The import path in a function's name: what is before the first dot behind the last slash."""
    if not function:
        return None
    folder, slash, name = function.partition("[")[0].rpartition("/")
    return folder + slash + name.partition(".")[0]
