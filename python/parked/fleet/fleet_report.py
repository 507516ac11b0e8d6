"""What a history says of a fleet in a window of time: plain data, for people and programs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from .contrast import ContrastSet
from .states import Past, State

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Build:
    """A build of a program, and how much of it was looked at."""

    build: str
    begins: datetime
    ends: datetime
    hosts: int
    targets: int
    #: Targets of which all was read.
    ok: int
    go_version: str | None


@dataclass(frozen=True)
class Program:
    """A program, and how it was looked at in the window."""

    name: str
    #: All builds that were ever looked at, in their order.
    builds: tuple[Build, ...]
    targets: int
    ok: int
    incomplete: int
    failed: int
    hosts: int


@dataclass(frozen=True)
class BuildShare:
    """How many hosts of a build had a leak."""

    build: str
    #: Hosts that could have told, and those that had it.
    hosts: int
    leaking: int
    #: Targets that had it, whatever else of them could not be read.
    seen: int


@dataclass(frozen=True)
class Sighting:
    """A leak on one host, when it was last looked at."""

    host: str
    zone: str
    build: str
    target: str
    source: str
    at: datetime
    uptime_seconds: float | None
    goroutines: int
    retained_bytes: int | None


@dataclass(frozen=True)
class Leak:
    """A leak of one program, over all its targets."""

    program: str
    fingerprint: str
    #: ``group``: goroutines; ``finding``: a resource.
    kind: str
    #: The gravest it was seen with.
    verdict: str
    function: str | None
    file: str | None
    line: int | None
    package: str | None
    created_by: str | None
    reason: str | None
    object: str | None
    rule: str | None
    title: str | None
    fix: str | None
    past: Past
    last_seen: datetime
    owners: tuple[str, ...]
    builds: tuple[BuildShare, ...]
    #: At the last look at each host in the window.
    hosts: int
    goroutines: int
    #: Summed up over hosts; null: not known of any.
    retained_bytes: int | None
    #: Goroutines of a target on average, at each point of the window; null: nothing was looked at.
    series: tuple[float | None, ...]
    #: By how much that grows in a day; null: there are not three points.
    growth_per_day: float | None
    #: How many goroutines a target gains with each hour of uptime; null: uptimes of three targets
    #: are not known, or less than an hour is between them.
    growth_per_uptime_hour: float | None
    contrast: tuple[ContrastSet, ...] = ()
    #: Where it is largest.
    worst: tuple[Sighting, ...] = ()

    @property
    def state(self) -> State:
        return self.past.state


@dataclass(frozen=True)
class HeatMap:
    """Goroutines of leaks of one program on hosts, at the last look at each."""

    program: str
    #: Those with most goroutines in leaks, by name.
    hosts: tuple[str, ...]
    #: Indices into the leaks of the report.
    leaks: tuple[int, ...]
    #: Index of a leak in the report, of a host here, and goroutines.
    cells: tuple[tuple[int, int, int], ...]
    #: Of how many hosts with leaks these are.
    of_hosts: int


@dataclass(frozen=True)
class Problem:
    """A target that could not be read, or not all of it."""

    source: str
    program: str
    status: str
    problem: str | None


@dataclass(frozen=True)
class FleetReport:
    """What is said of a fleet."""

    since: datetime
    until: datetime
    step_seconds: int
    programs: tuple[Program, ...]
    #: Those that retain most over all hosts first.
    leaks: tuple[Leak, ...]
    heat_maps: tuple[HeatMap, ...]
    problems: tuple[Problem, ...]
    #: What must be known to read the rest: clocks that are wrong, programs without a past.
    warnings: tuple[str, ...] = ()
    #: Why the report says less than it seems to: the exit code is 3 then, unless it is 1.
    incomplete: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)

    def having(self, *states: State) -> tuple[Leak, ...]:
        """The leaks in one of some states."""
        return tuple(leak for leak in self.leaks if leak.state in states)

    def frame(self) -> pd.DataFrame:
        """The leaks, one row each, for a notebook."""
        import pandas as pd

        rows = []
        for leak in self.leaks:
            row = {
                each.name: getattr(leak, each.name)
                for each in dataclasses.fields(leak)
                if each.name not in ("past", "builds", "series", "contrast", "worst")
            }
            row |= {each.name: getattr(leak.past, each.name) for each in dataclasses.fields(Past)}
            row["state"] = str(leak.state)
            row["unusual"] = "; ".join(map(sentence, leak.contrast))
            rows.append(row)
        return pd.DataFrame(rows)


def sentence(one: ContrastSet) -> str:
    """What is unusual, in words and numbers."""
    items = " and ".join(map(str, one.items))
    p = f"{one.p_value:.1g}" if one.log_p > -600 else "below 1e-260"
    return (
        f"{items}: {one.leaking_with} of {one.all_with} processes leak ({one.share_with:.0%}),"
        f" of all others {one.leaking_without} of {one.all_without} ({one.share_without:.0%});"
        f" p {p}, corrected for {one.tried} sets tried"
    )


def plain(value: Any) -> Any:
    """As JSON has it: objects for dataclasses, RFC 3339 for times."""
    if isinstance(value, ContrastSet):
        members = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        return plain({**members, "p_value": value.p_value, "sentence": sentence(value)})
    if dataclasses.is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value
