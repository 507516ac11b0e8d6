"""What is unusual about processes that leak: a planted cause is found, and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest
from parked.fleet.contrast import Item, Processes, Question, contrast_sets
from parked.fleet.fisher import least_share, log_p_value

MANY = 1200
SEEDS = range(20)


@pytest.mark.parametrize(
    ("both", "leaking", "matching", "total", "p"),
    [
        # R: fisher.test(matrix(c(3, 1, 1, 3), 2), alternative = "greater"), the lady tasting tea
        (3, 4, 4, 8, 0.2428571428571429),
        (4, 4, 4, 8, 1 / 70),
        # the Scandinavian convicts of Fisher's own paper, 2 and 15 against 10 and 3
        (10, 12, 13, 30, 0.0004651809),
        (0, 4, 4, 8, 1.0),
        (5, 5, 5, 5, 1.0),
    ],
)
def test_known_p_values(both: int, leaking: int, matching: int, total: int, p: float) -> None:
    assert math.exp(log_p_value(both, leaking, matching, total)) == pytest.approx(p, rel=1e-6)


def test_p_values_are_those_of_counting() -> None:
    """All tables of small numbers, by whole numbers."""
    for total in (7, 12):
        for leaking in range(total + 1):
            for matching in range(total + 1):
                least, most = max(0, leaking + matching - total), min(leaking, matching)
                ways = [
                    math.comb(leaking, x) * math.comb(total - leaking, matching - x)
                    for x in range(least, most + 1)
                ]
                for both in range(least, most + 1):
                    exact = sum(ways[both - least :]) / math.comb(total, matching)
                    found = math.exp(log_p_value(both, leaking, matching, total))
                    assert found == pytest.approx(exact, rel=1e-9)


def test_p_values_below_any_float() -> None:
    exact = -math.log(math.comb(4000, 2000))
    assert log_p_value(2000, 2000, 2000, 4000) == pytest.approx(exact, rel=1e-9)
    with pytest.raises(ValueError, match="no such table"):
        log_p_value(5, 4, 8, 10)


def test_least_share_is_wilsons() -> None:
    assert least_share(20, 200) == pytest.approx(0.0702, abs=2e-4)  # one-sided 95 %
    assert least_share(0, 50) == 0.0
    assert least_share(50, 50) == pytest.approx(0.9487, abs=2e-4)


def processes(seed: int) -> tuple[Processes, np.random.Generator]:
    random = np.random.default_rng(seed)

    def dealt(*values: str, p: list[float] | None = None) -> np.ndarray:
        return random.choice(np.array(values), MANY, p=p)

    host = random.integers(0, 100, MANY)
    attributes = {
        "host": np.char.add("h", host.astype(np.str_)),
        "zone": np.char.add("z", (host % 4).astype(np.str_)),  # a host is in one zone
        "build": dealt(*"abcdef"),
        "go_version": dealt("go1.25", "go1.26"),
        "arch": dealt("amd64", "arm64", p=[0.9, 0.1]),
        "uptime": dealt("under 10m", "1h to 6h", "1d to 3d", ""),
        "label tier": dealt("web", "batch", "canary"),
    }
    return Processes(attributes, MANY), random


def found(ours: Processes, leaks: np.ndarray) -> list[tuple[Item, ...]]:
    (told,) = contrast_sets([Question(ours, leaks, np.ones(MANY, dtype=bool))])
    return [tuple(sorted(one.items)) for one in told]


@pytest.mark.parametrize("seed", SEEDS)
def test_where_no_cause_is_planted_nothing_is_told(seed: int) -> None:
    ours, random = processes(seed)
    questions = [
        Question(ours, random.random(MANY) < share, np.ones(MANY, dtype=bool))
        for share in (0.02, 0.1, 0.5, 0.9)
    ]
    assert contrast_sets(questions) == [[], [], [], []]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_planted_value_is_all_that_is_told(seed: int) -> None:
    """Not the hosts of the zone, nor the zone with something that half of all have."""
    ours, random = processes(seed)
    there = ours.attributes["zone"] == "z2"
    leaks = random.random(MANY) < np.where(there, 0.6, 0.05)
    assert found(ours, leaks) == [(Item("zone", "z2"),)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_planted_pair_is_told_first(seed: int) -> None:
    ours, random = processes(seed)
    there = (ours.attributes["zone"] == "z1") & (ours.attributes["label tier"] == "canary")
    leaks = random.random(MANY) < np.where(there, 0.8, 0.02)
    assert found(ours, leaks) == [(Item("label tier", "canary"), Item("zone", "z1"))]


def test_two_causes_are_both_told() -> None:
    ours, random = processes(5)
    zone, build = ours.attributes["zone"] == "z0", ours.attributes["build"] == "c"
    leaks = random.random(MANY) < np.where(zone | build, 0.7, 0.02)
    assert set(found(ours, leaks)) == {(Item("zone", "z0"),), (Item("build", "c"),)}


def test_what_is_told_is_counted_right() -> None:
    ours, random = processes(3)
    there = ours.attributes["zone"] == "z2"
    leaks = random.random(MANY) < np.where(there, 0.6, 0.05)
    ((one,),) = contrast_sets([Question(ours, leaks, np.ones(MANY, dtype=bool))])
    assert (one.leaking_with, one.all_with) == ((there & leaks).sum(), there.sum())
    assert (one.leaking_without, one.all_without) == ((~there & leaks).sum(), (~there).sum())
    assert one.support == pytest.approx((there & leaks).sum() / leaks.sum())
    assert one.difference == pytest.approx(leaks[there].mean() - leaks[~there].mean())
    exact = log_p_value(one.leaking_with, int(leaks.sum()), one.all_with, MANY)
    assert one.log_p == pytest.approx(exact + math.log(one.tried))


def test_what_all_have_or_is_not_known_is_not_told() -> None:
    leaks = np.arange(MANY) < 600
    attributes = {
        "arch": np.full(MANY, "amd64"),
        "zone": np.where(leaks, "", "a"),  # of those that leak it is not known
    }
    assert found(Processes(attributes, MANY), leaks) == []


def test_only_builds_that_may_leak_count() -> None:
    ours, random = processes(4)
    counts = np.isin(ours.attributes["build"], ["d", "e", "f"])
    leaks = (random.random(MANY) < 0.5) & counts
    (told,) = contrast_sets([Question(ours, leaks, counts)])
    assert told == []
