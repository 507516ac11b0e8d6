"""What a leak's past is called: new, known, fixed, come back."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from parked.fleet.fisher import least_share
from parked.fleet.states import SURE, Look, Past, Rule, State, past_of

BEGIN = datetime(2026, 11, 1, tzinfo=timezone.utc)


def looks(*builds: tuple[int, int] | tuple[int, int, int]) -> list[Look]:
    """Of each build the hosts that could have told and those that leak, and targets that leak."""
    return [
        Look(f"b{i}", BEGIN + timedelta(days=i), hosts, leaking, seen[0] if seen else leaking)
        for i, (hosts, leaking, *seen) in enumerate(builds)
    ]


def past(*builds: tuple[int, ...], since: float = 0, **words: object) -> Past:
    rule = words.pop("rule", Rule())
    return past_of(looks(*builds), BEGIN + timedelta(days=since), rule, **words)  # type: ignore[arg-type]


def test_new_in_the_window_and_known_before() -> None:
    builds = [(20, 0), (20, 20), (20, 20)]
    assert past(*builds, since=0.5).state is State.NEW
    assert past(*builds, since=1.5).state is State.KNOWN
    assert past(*builds, since=0.5, listed=True).state is State.KNOWN
    assert (past(*builds).first_build, past(*builds).last_build) == ("b1", "b2")


def test_fixed_takes_as_many_hosts_as_chance_asks_for() -> None:
    everywhere = past((20, 20), (20, 0))
    assert everywhere.state is State.FIXED
    assert everywhere.fixed_in == "b1"
    # On one of ten hosts: that 20 others are clean says nothing.
    rare = past((200, 20), (20, 0))
    assert rare.state is State.KNOWN or rare.state is State.NEW
    assert (
        rare.note == f"not seen lately: too few targets (20 hosts, {rare.needed_hosts} are enough)"
    )
    needed = rare.needed_hosts
    assert needed is not None
    share = least_share(19, 199, SURE)
    assert (1 - share) ** needed <= 0.001 < (1 - share) ** (needed - 1)
    assert past((200, 20), (needed - 1, 0)).state is not State.FIXED
    assert past((200, 20), (needed, 0)).state is State.FIXED
    # Several builds add up, and the first of them is the one that mended it.
    several = past((200, 20), (needed - 1, 0), (1, 0))
    assert (several.state, several.fixed_in) == (State.FIXED, "b1")


def test_how_many_are_enough_can_be_said() -> None:
    assert past((200, 20), (5, 0), rule=Rule(hosts=5)).state is State.FIXED
    assert past((20, 20), (4, 0), rule=Rule(hosts=5)).state is not State.FIXED
    assert past((20, 20), (2, 0)).state is not State.FIXED, "three at least"


def test_what_could_not_be_read_is_not_healthy() -> None:
    """Nobody of the later builds could have told: they failed, or nothing was proved."""
    blind = past((20, 20), (0, 0), (0, 0))
    assert blind.state is not State.FIXED
    assert blind.note.startswith("not seen lately: too few targets (0 hosts")
    # Seen, but only where not all could be read: how frequent it is nobody knows.
    assert past((0, 0, 5), (500, 0)).note.startswith("not seen lately: seen only where")
    # What was met once may be as rare as anything.
    assert past((20, 1), (5000, 0)).note == "not seen lately: it was seen once"


def test_back_again() -> None:
    builds = [(20, 20), (20, 0), (20, 0), (20, 18)]
    back = past(*builds, since=2.5)
    assert (back.state, back.back_in, back.first_build) == (State.CAME_BACK, "b3", "b0")
    assert past(*builds, since=3.5).state is State.KNOWN
    assert past(*builds, (20, 0), since=2.5).state is State.FIXED
    # A gap that does not suffice is none: it was there all the time, as far as is known.
    assert past((200, 20), (20, 0), (200, 20), since=1.5).back_in is None


def test_a_late_clock_does_not_make_a_leak_older_than_its_build() -> None:
    late = Look("b0", BEGIN, 20, 20, 20, first=BEGIN - timedelta(days=30))
    assert past_of([late], BEGIN, Rule()).state is State.NEW


def test_seen_since_in_a_build_that_is_not_known() -> None:
    seen = BEGIN + timedelta(days=1, hours=1)
    still = past((20, 20), (20, 0), unplaced=seen)
    assert still.state is not State.FIXED
    assert still.note == "seen since in a target whose build is not known"
    assert past((20, 20), (20, 0), unplaced=BEGIN).state is State.FIXED


def test_what_was_never_seen_has_no_past() -> None:
    with pytest.raises(ValueError, match="never seen"):
        past((20, 0))


@pytest.mark.parametrize("hosts", [3, 20])
def test_leaks_that_are_always_there_are_hardly_ever_called_fixed(hosts: int) -> None:
    """However seldom: of 1,600 that are in each of 40 builds by chance, two or so."""
    random = np.random.default_rng(hosts)
    wrong, all_of_them = 0, 0
    for share in (0.005, 0.01, 0.03, 0.05, 0.1, 0.2, 0.5, 0.9):
        for seen in random.binomial(hosts, share, (200, 40)):
            if seen.any():
                said = past(*((hosts, int(count)) for count in seen), since=100)
                wrong += said.state is State.FIXED or said.back_in is not None
                all_of_them += 1
    assert all_of_them > 1000
    assert wrong / all_of_them < 0.005
