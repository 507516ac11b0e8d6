"""Answers of a session while they are made: one object of JSON lines after the other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Callable, Protocol

from ._bounded import shortened
from .errors import Error

Json = dict[str, Any]


class Runs(Protocol):
    """What is asked of a :class:`parked.Session`."""

    def execute(self, command: Sequence[str], *, sink: Callable[[str], object]) -> Any: ...


class Few:
    """The first so many of the objects of a type that are wanted, and how many there are."""

    def __init__(self, limit: int = 100, wanted: Callable[[Json], bool] = lambda _: True) -> None:
        self._limit = limit
        self._wanted = wanted
        self.kept: list[Json] = []
        self.in_all = 0

    def take(self, line: Json) -> None:
        if not self._wanted(line):
            return
        self.in_all += 1
        if len(self.kept) < self._limit:
            self.kept.append(shortened(line))


class Lines:
    """What was kept of an answer, by type.

    Neither the text of the answer nor what is made of it is ever there as a whole: each line is
    read when it is written, and forgotten unless one of ``lists`` keeps it.
    """

    def __init__(self, session: Runs, words: Sequence[str], lists: dict[str, Few]) -> None:
        self._lists = {"incomplete": Few(), **lists}
        self._single: dict[str, Json] = {}
        self._rest: list[str] = []
        self._ended = False
        #: Targets of the other Go runtimes of the process.
        self.others: list[Json] = []
        result = session.execute([*words, "--jsonl"], sink=self._take)
        if not self._ended:
            raise Error(result.error or "the answer was cut off", result.exit_code or 2)

    def one(self, kind: str) -> Json:
        """The object of a type of which there is one."""
        return self._single[kind]

    def many(self, kind: str) -> list[Json]:
        return self._lists[kind].kept

    def _take(self, piece: str) -> None:
        first, *more = piece.split("\n")
        self._rest.append(first)
        for start in more:
            self._take_line("".join(self._rest))
            self._rest = [start]

    def _take_line(self, text: str) -> None:
        line: Json = json.loads(text)
        kind: str = line.pop("type")
        if self._ended:  # of another Go runtime in the process
            if kind == "target":
                self.others.append(shortened(line))
        elif kind == "end":
            self._ended = True
        elif kind in self._lists:
            self._lists[kind].take(line)
        elif kind in ("target", "proof", "selection", "why"):
            self._single[kind] = shortened(line)
