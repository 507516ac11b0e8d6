"""The verdict of Go's own leak detection, over the programs it is tested with, against ours.

The programs (testgoroutineleakprofile: simple cases, common patterns, and leaks of real projects)
are copied from the toolchain; each is looked at by parked while it stands still, then asked for its
goroutineleak profile a few times, and looked at again.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from support.commands import parked
from support.leak_suite import build_suite, cases, standing_still

pytestmark = pytest.mark.xdist_group("leaksuite")  # one builds it for all

HEADER = re.compile(r"^goroutine (\d+) \[([^\]]*)\]:$", re.MULTILINE)
ROUNDS = 3

# What Go finds and we do not, by goroutine and rule. 1.26 calls main in select {} leaked, 1.27 does
# not any more: it is how many a healthy program keeps itself up.
EXEMPT = {(1, "main_forever")}
# Where Go's verdict comes and goes: in SpawnGC each goroutine runs collections of its own, and a
# profile that meets one of them finds nothing.
FLIPPING = {"SpawnGC"}

# Where goroutines that are proved hold one another's locks. Each is a race that is lost at times.
LOCK_CIRCLES = {"Cockroach10214", "Cockroach7504", "Moby4951", "Kubernetes30872"}


@dataclass
class Verdicts:
    proved: dict[int, str] = field(default_factory=dict)  # id to the user's function
    alive: dict[int, str] = field(default_factory=dict)
    exempt: set[int] = field(default_factory=set)


@dataclass
class Outcome:
    case: str
    withheld: str = ""
    before: Verdicts = field(default_factory=Verdicts)  # ours, before Go was asked
    after: Verdicts = field(default_factory=Verdicts)
    verdicts: list[set[int]] = field(default_factory=list)  # of Go, one a round
    circling: dict[int, str] = field(default_factory=dict)  # proved, in a circle of locks: the rule

    @property
    def always(self) -> set[int]:
        return set.intersection(*self.verdicts) if self.verdicts else set()

    @property
    def ever(self) -> set[int]:
        return set.union(*self.verdicts) if self.verdicts else set()


def prepares(matrix: str) -> list[tuple[str, Callable[[], object]]]:
    releases = ["1.26", "1.27"] if matrix == "full" else ["1.27"]
    return [(f"go{go}-default", partial(build_suite, go)) for go in releases]


def read_verdicts(pid: int, out: Verdicts) -> str:
    """Returns why the proof was withheld, "" if it was given."""
    result = parked(pid, "report", "--json", "--all")
    assert result.returncode in (0, 3), result.stderr
    document = json.loads(result.stdout)
    for goroutine in document["goroutines"]:
        number, place = goroutine["id"], (goroutine["user_frame"] or {}).get("func", "")
        if goroutine["verdict"] == "PROVED" and goroutine["rule"] != "runtime_leaked":
            out.proved[number] = place
        elif (number, goroutine["rule"]) in EXEMPT:
            out.exempt.add(number)
        else:
            out.alive[number] = place
    return document["proof"]["withheld"] or ""


def read_circles(pid: int) -> dict[int, str]:
    """Who is proved and in a circle of locks, and the rule his group is told."""
    document = json.loads(parked(pid, "report", "--json", "--all").stdout)
    listed = json.loads(parked(pid, "locks", "--json", "--all").stdout)
    rules = {finding["group"]: finding["rule"] for finding in document["findings"]}
    circling = {member["goroutine"] for circle in listed["lock_cycles"] for member in circle}
    return {
        goroutine["id"]: rules.get(goroutine["group"], "")
        for goroutine in document["goroutines"]
        if goroutine["verdict"] == "PROVED" and goroutine["id"] in circling
    }


def look_at(binary: Path, case: str) -> Outcome | None:
    """None if the program ends before everybody was asked (some of the leaks are races)."""
    with standing_still(binary, case) as process:
        if process is None:
            return None
        assert process.stdout is not None and process.stdin is not None
        outcome = Outcome(case)
        outcome.withheld = read_verdicts(process.pid, outcome.before)
        if case in LOCK_CIRCLES:
            outcome.circling = read_circles(process.pid)
        process.stdin.write(f"{ROUNDS}\n")
        process.stdin.flush()
        for _ in range(ROUNDS):
            profile = []
            for line in process.stdout:
                if line == "--- end of profile\n":
                    break
                profile.append(line)
            else:
                return None
            outcome.verdicts.append(
                {
                    int(number)
                    for number, state in HEADER.findall("".join(profile))
                    if "leaked" in state
                }
            )
        if process.poll() is not None:
            return None
        read_verdicts(process.pid, outcome.after)
        return outcome


@pytest.fixture(scope="module", params=["1.26", "1.27"])
def outcomes(request: pytest.FixtureRequest) -> list[Outcome]:
    if request.param == "1.26" and request.config.getoption("--matrix") != "full":
        pytest.skip("the suite runs over 1.26 in the full matrix")
    binary = build_suite(request.param)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda case: look_at(binary, case), cases(binary))
        return [outcome for outcome in found if outcome is not None]


def test_the_proof_is_given(outcomes: list[Outcome]) -> None:
    assert len(outcomes) > 70
    assert {o.case: o.withheld for o in outcomes if o.withheld} == {}


def test_what_go_always_finds_is_proved(outcomes: list[Outcome]) -> None:
    # A goroutine may have come to its leak only after we looked the first time.
    missed = {}
    for outcome in outcomes:
        numbers = outcome.always - set(outcome.after.proved) - outcome.after.exempt
        if numbers:
            missed[outcome.case] = {i: outcome.after.alive.get(i, "gone") for i in numbers}
    assert missed == {}


def test_what_is_proved_go_finds(outcomes: list[Outcome]) -> None:
    extra = {}
    for outcome in outcomes:
        beyond = set(outcome.before.proved) - outcome.ever
        places = Counter(outcome.before.proved[number] for number in beyond)
        if places and outcome.case not in FLIPPING:
            extra[outcome.case] = dict(places)
    assert extra == {}


def test_what_is_proved_stays_so(outcomes: list[Outcome]) -> None:
    awake = {
        outcome.case: numbers
        for outcome in outcomes
        if (numbers := set(outcome.before.proved) - set(outcome.after.proved))
    }
    assert awake == {}


def test_enough_is_proved(outcomes: list[Outcome]) -> None:
    assert sum(len(o.always) for o in outcomes) > 500


def test_a_circle_of_locks_is_called_one(outcomes: list[Outcome]) -> None:
    circling = {outcome.case: outcome.circling for outcome in outcomes if outcome.circling}
    assert "Kubernetes30872" in circling
    assert {rule for rules in circling.values() for rule in rules.values()} == {"PK023"}
