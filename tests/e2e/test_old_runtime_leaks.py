"""The programs Go's own leak detection is tested with, under releases that have none.

What is PROVED under 1.27, where test_runtime_leaks.py compares it with Go's verdict, must be so in
the same programs under every older release, and nothing else. Goroutines are told apart by where
they block: the program's own file and line. Which of them block, and how many, is a race in many of
the programs: a place says something only where somebody stands at it, and programs that differ are
looked at again, under both.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

import pytest
from support.commands import parked
from support.leak_suite import SOURCE_RELEASE, build_suite, cases, standing_still
from support.matrix import RELEASES

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("leaksuite"),  # one builds it for all
]

AGAIN = 6  # times a program that differs is looked at again

# What differs by design: case and place to the cause.
DIFFERS = {
    ("Cockroach584", "cockroach584.go:36"): "its mutex shares a tiny object with net.classCMask",
}
# Every one of its goroutines runs collections without end, so it rarely says that it is ready.
NEVER_READY = {"SpawnGC"}

# Files and lines of the program.
Places = frozenset[str]


@dataclass(frozen=True)
class Look:
    proved: Places  # where somebody is
    blocked: Places  # where somebody is, PROVED or not


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "go" in metafunc.fixturenames:
        metafunc.parametrize("go", rows(metafunc.config.getoption("--matrix")))


def rows(matrix: str) -> list[str]:
    older = [go for go in RELEASES if go not in ("1.26", "1.27")]
    return {"quick": ["1.22"], "ci": ["1.18"], "full": older}[matrix]


def prepares(matrix: str) -> list[tuple[str, Callable[[], object]]]:
    return [(f"go{go}-default", partial(build_suite, go)) for go in rows(matrix)]


def look_once(binary: Path, case: str) -> Look | None:
    """None if the program ended before anybody could look."""
    with standing_still(binary, case) as process:
        if process is None:
            return None
        report = parked(process.pid, "report", "--json", "--all")
    document = json.loads(report.stdout)
    assert document["proof"]["state"] == "given", (case, document["proof"])
    proved, blocked = set(), set()
    for goroutine in document["goroutines"]:
        frame = goroutine["user_frame"]
        if not frame or not frame["file"] or Path(frame["file"]).parent.name != "source":
            continue
        place = f"{Path(frame['file']).name}:{frame['line']}"
        if goroutine["verdict"] == "PROVED":
            proved.add(place)
        if goroutine["status"] == "waiting":
            blocked.add(place)
    return Look(frozenset(proved), frozenset(blocked))


@dataclass
class Looks:
    all: list[Look] = field(default_factory=list)

    def add(self, look: Look | None) -> None:
        if look is not None:
            self.all.append(look)

    @property
    def always(self) -> Places:
        return frozenset.intersection(*(look.proved for look in self.all))

    @property
    def ever(self) -> Places:
        return frozenset().union(*(look.proved for look in self.all))

    @property
    def blocked(self) -> Places:
        return frozenset().union(*(look.blocked for look in self.all))


@cache
def looks(go: str) -> dict[str, Looks]:
    binary = build_suite(go)
    names = [case for case in cases(binary) if case not in NEVER_READY]
    found: dict[str, Looks] = {}
    with ThreadPoolExecutor(4) as pool:
        for case, look in zip(
            names, pool.map(lambda case: look_once(binary, case), names), strict=True
        ):
            found.setdefault(case, Looks()).add(look)
    return found


def difference(old: Looks, new: Looks) -> dict[str, str]:
    """Place to what is odd about it."""
    fewer, more = new.blocked - new.ever, old.blocked - old.ever
    odd = {place: "PROVED, and not in 1.27" for place in old.always & fewer}
    odd |= {place: "not PROVED, but in 1.27" for place in new.always & more}
    return odd


def test_old_releases_agree_with_the_newest(go: str) -> None:
    new, old = looks(SOURCE_RELEASE), looks(go)
    assert set(old) == set(new) and len(old) > 80
    differ = {}
    for case in old:
        for _ in range(AGAIN):
            if old[case].all and new[case].all and not difference(old[case], new[case]):
                break
            old[case].add(look_once(build_suite(go), case))
            new[case].add(look_once(build_suite(SOURCE_RELEASE), case))
        assert old[case].all and new[case].all, f"{case} never got ready"
        for place, what in difference(old[case], new[case]).items():
            if (case, place) not in DIFFERS:
                differ[case, place] = what
    proved = sum(len(each.ever) for each in old.values())
    assert differ == {}
    assert proved > 100  # places with somebody PROVED; about 135
