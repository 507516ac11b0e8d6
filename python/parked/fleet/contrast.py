"""What is unusual about the processes that leak: contrast sets.

An item is an attribute with a value, ``zone=b``; a set has one or two of them. Of each leak every
set is held against the processes that leak and those that do not, of the builds that have the leak
at all. What is told passed Fisher's exact test after Bonferroni's correction for every set of every
leak that was tried, and says something that no set before it says.

The unit is a process, not a target: one that is looked at every hour is no independent witness.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .fisher import log_p_value

Marks = NDArray[np.bool_]

#: Chance at most that a report tells of any set although there is none.
CHANCE = 0.01
#: Processes that a set must have among those that leak, and share of all that a value must have to
#: be one half of a pair.
LEAST_PROCESSES = 5
LEAST_SHARE = 0.01
#: Attributes with too many values to be half of a pair.
ALONE = frozenset({"host"})
#: Sets that are told of a leak.
MOST_TOLD = 3


@dataclass(frozen=True, order=True)
class Item:
    """An attribute and its value."""

    attribute: str
    value: str

    def __str__(self) -> str:
        return f"{self.attribute} {self.value}"


@dataclass(frozen=True)
class ContrastSet:
    """Items that processes with a leak have more often than others."""

    items: tuple[Item, ...]
    #: Processes with the items that leak, and all with the items.
    leaking_with: int
    all_with: int
    #: Processes without one of the items that leak, and all without.
    leaking_without: int
    all_without: int
    #: Natural logarithm of the p-value, after the correction.
    log_p: float
    #: How many sets were tried, of all leaks: what the correction is for.
    tried: int

    @property
    def p_value(self) -> float:
        """After the correction; 0.0 where a float cannot be so small."""
        return math.exp(self.log_p)

    @property
    def share_with(self) -> float:
        """Of processes with the items, those that leak."""
        return self.leaking_with / self.all_with

    @property
    def share_without(self) -> float:
        """Of processes without, those that leak."""
        return self.leaking_without / self.all_without if self.all_without else 0.0

    @property
    def support(self) -> float:
        """Of processes that leak, those with the items."""
        return self.leaking_with / (self.leaking_with + self.leaking_without)

    @property
    def difference(self) -> float:
        """Effect size: how much larger the share that leaks is with the items, 0 to 1."""
        return self.share_with - self.share_without


@dataclass(frozen=True)
class Processes:
    """Processes of one program, and what is known of each."""

    #: Of each attribute a value for each process; the empty one is not known, and no item.
    attributes: Mapping[str, NDArray[np.str_]]
    #: How many there are.
    count: int


@dataclass(frozen=True)
class Question:
    """Which of the processes leak: one leak."""

    processes: Processes
    #: Whether a process leaks, and whether it counts (its build is one that may have the leak).
    leaks: Marks
    counts: Marks


@dataclass(frozen=True)
class _Candidate:
    items: tuple[int, ...]  # lines of the matrix
    both: int
    matching: int
    log_p: float


def _matrix(processes: Processes, counts: Marks) -> tuple[list[Item], Marks]:
    """Of each item that is worth a try, which processes have it."""
    items, lines = [], []
    for attribute, values in processes.attributes.items():
        names, codes = np.unique(values[counts], return_inverse=True)
        if len(names) < 2:
            continue  # what all have is unusual of nobody
        for code, many in enumerate(np.bincount(codes)):
            if names[code] and many >= LEAST_PROCESSES:
                items.append(Item(attribute, str(names[code])))
                lines.append(codes == code)
    return items, np.array(lines, dtype=np.bool_).reshape(len(items), int(counts.sum()))


def _log_p(marks: Marks, leaks: Marks) -> float:
    return log_p_value(int((marks & leaks).sum()), int(leaks.sum()), int(marks.sum()), len(leaks))


class _Search:
    """The sets of one leak."""

    def __init__(self, question: Question) -> None:
        self.leaks = question.leaks[question.counts]
        self.total, self.leaking = len(self.leaks), int(self.leaks.sum())
        self.items, self.marks = _matrix(question.processes, question.counts)
        self.tried = len(self.items)
        self.candidates = [
            self._candidate((i,), int((line & self.leaks).sum()), int(line.sum()))
            for i, line in enumerate(self.marks)
        ]
        self._add_pairs()

    def _candidate(self, items: tuple[int, ...], both: int, matching: int) -> _Candidate:
        # What is no more frequent than by chance needs no exact test.
        expected = matching * self.leaking / max(1, self.total)
        spread = (
            expected * (1 - self.leaking / max(1, self.total)) * (1 - matching / max(1, self.total))
        )
        far = both - expected > 2 * math.sqrt(spread)
        log_p = log_p_value(both, self.leaking, matching, self.total) if far else 0.0
        return _Candidate(items, both, matching, log_p)

    def _add_pairs(self) -> None:
        """Of values that are not rare, so that they are not too many; who leaks has no say."""
        single = self.marks.sum(axis=1)
        frequent = [
            i
            for i, item in enumerate(self.items)
            if item.attribute not in ALONE and single[i] >= LEAST_SHARE * self.total
        ]
        lines = self.marks[frequent].astype(np.float32)
        matching = (lines @ lines.T).astype(np.int64)
        both = (lines[:, self.leaks] @ lines[:, self.leaks].T).astype(np.int64)
        for (a, i), (b, j) in combinations(enumerate(frequent), 2):
            many = int(matching[a, b])
            if self.items[i].attribute != self.items[j].attribute and LEAST_PROCESSES <= many < min(
                single[i], single[j]
            ):
                self.tried += 1
                self.candidates.append(self._candidate((i, j), int(both[a, b]), many))

    def marks_of(self, one: _Candidate) -> Marks:
        return np.asarray(self.marks[list(one.items)].all(axis=0))

    def _says_more(self, one: _Candidate, other: _Candidate, limit: float) -> bool:
        """Whether ``one`` tells leaking ones apart where the other set is, or among the rest."""
        marks, than = self.marks_of(one), self.marks_of(other)
        return any(
            part.sum() >= LEAST_PROCESSES and _log_p(marks[part], self.leaks[part]) <= limit
            for part in (than, ~than)
        )

    def _productive(self, one: _Candidate, limit: float) -> bool:
        """Whether each half of a pair says more where the other half is."""
        if len(one.items) == 1:
            return True
        a, b = self.marks[list(one.items)]
        return _log_p(b[a], self.leaks[a]) <= limit and _log_p(a[b], self.leaks[b]) <= limit

    def told(self, tried: int) -> list[ContrastSet]:
        limit = math.log(CHANCE / tried)
        found = [
            one for one in self.candidates if one.log_p <= limit and one.both >= LEAST_PROCESSES
        ]
        found.sort(key=lambda one: (one.log_p, len(one.items), one.items))
        chosen: list[_Candidate] = []
        for one in found:
            if len(chosen) == MOST_TOLD:
                break
            if self._productive(one, limit) and all(
                self._says_more(one, other, limit) for other in chosen
            ):
                chosen.append(one)
        return [self._set(one, tried) for one in chosen]

    def _set(self, one: _Candidate, tried: int) -> ContrastSet:
        return ContrastSet(
            items=tuple(self.items[i] for i in one.items),
            leaking_with=one.both,
            all_with=one.matching,
            leaking_without=self.leaking - one.both,
            all_without=self.total - one.matching,
            log_p=min(0.0, one.log_p + math.log(tried)),
            tried=tried,
        )


def contrast_sets(questions: Sequence[Question]) -> list[list[ContrastSet]]:
    """What is unusual about the processes with each leak, the surest first; often nothing is."""
    searches = [_Search(question) for question in questions]
    tried = max(1, sum(search.tried for search in searches))
    return [search.told(tried) for search in searches]
