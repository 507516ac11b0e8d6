"""Whose a leak is: a file like CODEOWNERS, by the import path of the package it is in.

A line is a pattern and one or more owners; what follows a # is a comment, and the last line that
matches decides. A pattern is an import path and covers the packages below it; in place of a part of
the path ``*`` is any part, and ``*`` alone is every package.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path


class OwnersError(ValueError):
    """A line of an owners file that is no pattern with owners."""


@dataclass(frozen=True)
class Owners:
    """What an owners file says."""

    #: Parts of the import path, and who owns what is below.
    lines: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()

    def of(self, package: str | None) -> tuple[str, ...]:
        """The owners of a package; empty: nobody, or the package is not known."""
        if not package:
            return ()
        parts = package.split("/")
        for pattern, owners in reversed(self.lines):
            if pattern == ("*",):
                return owners
            if len(pattern) <= len(parts) and all(map(fnmatchcase, parts, pattern)):
                return owners
        return ()


def parse_owners(lines: Iterable[str], name: str = "owners") -> Owners:
    """Reads the lines of an owners file; `OwnersError` names the line that is none."""
    found = []
    for number, line in enumerate(lines, 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        pattern = words[0].strip("/").removesuffix("/...")
        if len(words) == 1 or not pattern:
            raise OwnersError(f"{name}:{number}: a pattern and its owners are expected: {line!r}")
        found.append((tuple(pattern.split("/")), tuple(words[1:])))
    return Owners(tuple(found))


def read_owners(path: str | Path) -> Owners:
    """Reads an owners file: `parse_owners`, or `OSError`."""
    text = Path(path).read_text(encoding="utf-8")
    return parse_owners(text.splitlines(), str(path))
