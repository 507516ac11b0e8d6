"""What one input said: rows for the tables, before it is known where and when it was read.

Travels as JSON from the process that reads an input to the one that keeps results.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from .schema import Finding, Group, Island

Json = dict[str, Any]
AnyRow = TypeVar("AnyRow", Group, Finding, Island)

#: Characters of one text of a target; what is longer is cut.
MOST_TEXT = 8192
#: Rows of a table, and characters in them, that one target may have.
MOST_ROWS = 100_000
_MOST_CHARACTERS = 64 * 1024 * 1024
_MOST_COUNT = 2**63


@dataclass
class Reading:
    """What was read of an input."""

    kind: str
    #: Columns of targets that the input itself knows, by name; times are ISO 8601.
    target: Json = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    islands: list[Island] = field(default_factory=list)
    #: What could not be read, a sentence each.
    missing: list[str] = field(default_factory=list)

    def to_json(self) -> Json:
        """As much of it as a worker takes; what is left out is told."""
        self.groups = self._bounded(self.groups, "groups")
        self.findings = self._bounded(self.findings, "findings")
        self.islands = self._bounded(self.islands, "islands")
        return asdict(self)

    def _bounded(self, rows: list[AnyRow], what: str) -> list[AnyRow]:
        """The first rows: those of groups are the largest."""
        characters = 0
        for number, row in enumerate(rows):
            texts = (value for value in vars(row).values() if isinstance(value, str))
            characters += sum(map(len, texts))
            if number == MOST_ROWS or characters > _MOST_CHARACTERS:
                self.missing.append(f"{len(rows) - number:,} more {what} were left out")
                return rows[:number]
        return rows

    @classmethod
    def from_json(cls, value: Json) -> Reading:
        return cls(
            kind=value["kind"],
            target=value["target"],
            groups=[Group(**row) for row in value["groups"]],
            findings=[Finding(**row) for row in value["findings"]],
            islands=[Island(**row) for row in value["islands"]],
            missing=value["missing"],
        )


def text(value: object) -> str | None:
    """``value`` if it is a text, cut to what a column takes; broken characters are replaced."""
    if not isinstance(value, str):
        return None
    cut = value if len(value) <= MOST_TEXT else value[: MOST_TEXT - 1] + "…"
    return cut.encode("utf-8", "replace").decode("utf-8")


def count(value: object) -> int | None:
    """``value`` if it is a number that a column takes."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < _MOST_COUNT else None


def member(value: object, *names: str) -> Any:
    """``value["a"]["b"]``; None where that is not there."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
