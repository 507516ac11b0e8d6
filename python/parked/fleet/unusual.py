"""Asks what is unusual about the processes with each leak (contrast sets)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .contrast import LEAST_PROCESSES, Processes, Question, contrast_sets
from .database import GRAVITY, UPTIMES
from .states import State

if TYPE_CHECKING:
    import pyarrow as pa

    from .fleet_report import Leak
    from .history import Stopwatch
    from .queries import Queries

#: Leaks that are asked about: the first ones.
MOST_ASKED = 30
ATTRIBUTES = ("build", "host", "zone", "go_version", "arch")
#: Labels that are asked about, those that most processes have.
MOST_LABELS = 12

Numbered = list[tuple[int, "Leak"]]


def _texts(column: pa.ChunkedArray) -> NDArray[np.str_]:
    texts: NDArray[np.str_] = column.fill_null("").to_numpy().astype(np.str_)
    return texts


class _Fleet:
    """All processes, and what is known of each."""

    def __init__(self, queries: Queries, watch: Stopwatch) -> None:
        table = watch.time("processes", queries.processes)
        self.ids: NDArray[np.int64] = table["process"].to_numpy()
        self.program = _texts(table["program"])
        self.proof = table["proof"].to_numpy() == 1
        self.attributes = {name: _texts(table[name]) for name in ATTRIBUTES}
        names = np.array([*(name for _, name in UPTIMES), ""])
        self.attributes["uptime"] = names[table["uptime"].to_numpy()]
        self._add_labels(watch.time("process_labels", queries.process_labels))
        pairs = watch.time("leaking_processes", queries.leaking_processes)
        self._leak = pairs["leak_id"].to_numpy()
        self._process = pairs["process"].to_numpy()

    def _add_labels(self, labels: pa.Table) -> None:
        names, many = np.unique(_texts(labels["name"]), return_counts=True)
        all_names, values = _texts(labels["name"]), _texts(labels["value"])
        places = np.searchsorted(self.ids, labels["process"].to_numpy())
        places = np.minimum(places, max(0, len(self.ids) - 1))
        here = self.ids[places] == labels["process"].to_numpy() if len(self.ids) else []
        for name in names[np.argsort(-many, kind="stable")][:MOST_LABELS]:
            rows = (all_names == name) & here
            column = np.full(len(self.ids), "", dtype=values.dtype if len(values) else "U1")
            column[places[rows]] = values[rows]
            self.attributes[f"label {name}"] = column

    def marks(self, number: int) -> NDArray[np.bool_]:
        """Which processes have a leak."""
        return np.isin(self.ids, self._process[self._leak == number])

    def of(self, program: str) -> tuple[NDArray[np.bool_], Processes]:
        """The processes of a program."""
        ours = self.program == program
        columns = {name: values[ours] for name, values in self.attributes.items()}
        return ours, Processes(columns, int(ours.sum()))


def _span(leak: Leak) -> list[str]:
    """Builds from the one it came with to the last one that had it."""
    names = [share.build for share in leak.builds]
    first = leak.past.back_in or leak.past.first_build
    return names[names.index(first) : names.index(leak.past.last_build) + 1]


def _question(fleet: _Fleet, known: dict[str, Any], number: int, leak: Leak) -> Question:
    if leak.program not in known:
        known[leak.program] = fleet.of(leak.program)
    ours, processes = known[leak.program]
    counts = np.isin(processes.attributes["build"], _span(leak))
    if GRAVITY[leak.verdict] > GRAVITY["SUSPECT"]:
        counts &= fleet.proof[ours]
    return Question(processes, fleet.marks(number)[ours], counts)


def add_contrasts(leaks: Numbered, queries: Queries, watch: Stopwatch) -> Numbered:
    """The same leaks, the first of them with what is unusual."""
    asked = [
        (number, leak) for number, leak in leaks if leak.state is not State.FIXED and leak.hosts
    ][:MOST_ASKED]
    if not asked:
        return leaks
    fleet = _Fleet(queries, watch)
    known: dict[str, Any] = {}
    questions = {number: _question(fleet, known, number, leak) for number, leak in asked}
    worth = {n: q for n, q in questions.items() if (q.leaks & q.counts).sum() >= LEAST_PROCESSES}
    found = watch.time("contrast sets", lambda: contrast_sets(list(worth.values())))
    told = dict(zip(worth, found))
    return [
        (number, dataclasses.replace(leak, contrast=tuple(told.get(number, ()))))
        for number, leak in leaks
    ]
