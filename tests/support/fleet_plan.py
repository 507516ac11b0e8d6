"""Fleets that are made up: a plan, what is seen of it, and what is true of it.

The plan says which programs run in which builds on which hosts, and which leaks there are from when
to when. `seen` is what looks at the hosts find, row by row as in docs/fleet.md; what a history says
of the leaks is held against the plan itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

#: When the last look at a fleet was, unless the plan says otherwise.
NOW = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
GO = ("go1.24.13", "go1.25.9", "go1.26.8")


@dataclass(frozen=True)
class PlannedLeak:
    """A leak of one program. Builds are counted from 0."""

    program: str
    function: str
    starts: int
    #: First build without it, and build in which it is there again; None: never.
    fixed: int | None = None
    back: int | None = None
    #: Of processes of its builds, those that have it; where `cause` holds `share_there` of them.
    share: float = 1.0
    share_there: float | None = None
    cause: tuple[tuple[str, str], ...] = ()
    verdict: str = "PROVED"
    #: Goroutines a process has at first, and how many more with each hour.
    first: int = 1
    per_hour: float = 2.0
    bytes_each: int = 8192
    #: A rule that names it, as a finding behind the group; without `group` it is about a resource.
    rule: str | None = "PK003"
    group: bool = True

    @property
    def package(self) -> str:
        return f"example.com/{self.program}/{self.function.split('.')[0]}"

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"{self.program} {self.function}".encode()).hexdigest()[:16]

    def builds(self, count: int) -> set[int]:
        """In which builds of so many it is."""
        ends = count if self.fixed is None else self.fixed
        again = range(count if self.back is None else self.back, count)
        return set(range(self.starts, ends)) | set(again)


@dataclass(frozen=True)
class Plan:
    """A fleet."""

    seed: int = 1
    #: When the last look was.
    now: datetime = NOW
    programs: tuple[str, ...] = ("orders", "stock")
    builds: int = 10
    days: float = 20
    hosts: int = 20  # of each program
    looks_a_day: float = 4
    zones: tuple[str, ...] = ("a", "b", "c")
    leaks: tuple[PlannedLeak, ...] = ()
    #: WAITING groups of each target, besides.
    others: int = 3
    #: Shares of targets that failed, that are not complete, and that are there twice.
    failed: float = 0.0
    incomplete: float = 0.0
    twice: float = 0.0
    #: From which build on nothing is read (``failed``) or proved (``incomplete``); None: never.
    blind_from: int | None = None
    blind: str = "failed"
    #: Seconds by which the clock of a host is wrong.
    skew: dict[int, float] = field(default_factory=dict)

    @property
    def begins(self) -> datetime:
        return self.now - timedelta(days=self.days)

    def build_begins(self, build: int) -> datetime:
        return self.begins + timedelta(days=build * self.days / self.builds)

    def build_name(self, program: str, build: int) -> str:
        return hashlib.sha256(f"{self.seed} {program} {build}".encode()).hexdigest()[:20]


@dataclass(frozen=True)
class Seen:
    """Looks at the hosts of one program; arrays with a value for each."""

    program: str
    host: NDArray[np.int64]
    build: NDArray[np.int64]
    hours: NDArray[np.float64]  # since the plan begins
    uptime: NDArray[np.float64]  # hours
    status: NDArray[np.str_]
    attributes: dict[str, NDArray[np.str_]]
    #: Of each leak of the program the goroutines, 0: it is not there.
    leaked: dict[PlannedLeak, NDArray[np.int64]]
    keys: list[str]


def attributes_of(plan: Plan, host: NDArray[np.int64], build: NDArray[np.int64]) -> dict:
    """What each look is told apart by. Hosts are dealt to zones, releases and so on at random."""
    dealt = np.random.default_rng(plan.seed + 1000)
    zone = dealt.choice(np.array(plan.zones), plan.hosts)
    go = dealt.choice(np.array(GO), plan.hosts)
    arch = dealt.choice(np.array(["amd64", "arm64"]), plan.hosts, p=[0.8, 0.2])
    tier = dealt.choice(np.array(["web", "batch", "canary"]), plan.hosts)
    feature = dealt.choice(np.array(["on", "off"]), (plan.builds, plan.hosts))
    return {
        "host": np.char.add("host-", host.astype(np.str_)),
        "zone": zone[host],
        "go_version": go[host],
        "arch": arch[host],
        "tier": tier[host],
        "feature": feature[build, host],
    }


def _leaked(plan: Plan, leak: PlannedLeak, seen: dict, random: np.random.Generator) -> NDArray:
    """Whether a process has the leak is dealt once; how many goroutines goes by its uptime."""
    host, build, attributes = seen["host"], seen["build"], seen["attributes"]
    chances = random.random((plan.builds, plan.hosts))[build, host]
    share = np.full(len(host), leak.share)
    if leak.cause:
        there = np.ones(len(host), dtype=bool)
        for name, value in leak.cause:
            there &= attributes[name] == value
        share[there] = leak.share_there
    has = (chances < share) & np.isin(build, list(leak.builds(plan.builds)))
    count = leak.first + np.floor(leak.per_hour * seen["uptime"])
    return np.where(has & (seen["status"] != "failed"), count, 0).astype(np.int64)


def seen(plan: Plan) -> Iterator[Seen]:
    """What is seen of each program."""
    for number, program in enumerate(plan.programs):
        random = np.random.default_rng([plan.seed, number])
        looks = int(plan.days * plan.looks_a_day)
        # Each host has its own minute of the hour; a build comes to all within three hours.
        hours = np.linspace(0, plan.days * 24, looks, endpoint=False)
        hours = (hours[None, :] + random.random((plan.hosts, 1)) * 0.9).ravel()
        host = np.repeat(np.arange(plan.hosts), looks)
        late = (random.random((plan.hosts,)) * 3)[host]
        every = plan.days * 24 / plan.builds
        build = np.clip(np.floor((hours - late) / every), 0, plan.builds - 1).astype(np.int64)
        uptime = np.maximum(hours - build * every - np.where(build > 0, late, 0), 0.01)
        dice = random.random(len(host))
        status = np.where(
            dice < plan.failed,
            "failed",
            np.where(dice < plan.failed + plan.incomplete, "incomplete", "ok"),
        )
        if plan.blind_from is not None:
            status = np.where(build >= plan.blind_from, plan.blind, status)
        told = {"host": host, "build": build, "uptime": uptime, "status": status}
        told["attributes"] = attributes_of(plan, host, build)
        leaks = {
            leak: _leaked(plan, leak, told, random)
            for leak in plan.leaks
            if leak.program == program
        }
        keys = [
            hashlib.sha256(f"{plan.seed} {program} {i}".encode()).hexdigest()
            for i in range(len(host))
        ]
        yield Seen(program, hours=hours, leaked=leaks, keys=keys, **told)


def true_builds(plan: Plan, leak: PlannedLeak) -> tuple[str, str]:
    """The first and the last build with the leak."""
    builds = leak.builds(plan.builds)
    return (
        plan.build_name(leak.program, min(builds)),
        plan.build_name(leak.program, max(builds)),
    )


def true_state(plan: Plan, leak: PlannedLeak, since: datetime) -> str:
    """What it is, in a window that begins at ``since``."""
    if max(leak.builds(plan.builds)) < plan.builds - 1:
        return "fixed"
    if leak.back is not None and plan.build_begins(leak.back) >= since:
        return "came back"
    return "new" if plan.build_begins(leak.starts) >= since else "known"
