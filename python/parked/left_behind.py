"""What `parked exec-summary DIR --json` writes (docs/testing-your-program.md) as
typed objects.

Made by scripts/make-python-classes from docs/schema/parked-exec-summary-1.schema.json: change
that, not this. What is not known is as in document.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import _reading as _read

__all__ = [
    "ExecSummary",
    "LeftBehind",
    "UnreadReport",
]


@dataclass(frozen=True)
class UnreadReport(_read.Record):
    """A file that is no report of parked exec."""

    file: str = _read.member(_read.text)
    """Its path."""

    error: str = _read.member(_read.text)
    """Why it could not be read, with its name."""


@dataclass(frozen=True)
class LeftBehind(_read.Record):
    """Findings, or groups that leak without one, of one fingerprint in all programs."""

    fingerprint: str = _read.member(_read.text)
    """Of the finding, else of the group (docs/fingerprints.md); empty: --group was given."""

    rule: str = _read.member(_read.text)
    """PK number; empty: no rule fits."""

    title: str = _read.member(_read.text)
    """Of the rule, else the wait reason or state of the goroutines; empty: not known."""

    verdict: str = _read.member(_read.text)
    """The gravest. Words: "RUNNING", "WAITING", "UNKNOWN", "SUSPECT", "ORPHAN", "PROVED"."""

    count: int = _read.member(_read.number)
    """Goroutines, timers or connections, of all programs together."""

    packages: tuple[str, ...] = _read.member(_read.many(_read.text))
    """Import paths of the tested packages, or main packages, in which it was left."""

    left_by: tuple[str, ...] = _read.member(_read.many(_read.text))
    """Tests that left it, where that is known."""

    func: str = _read.member(_read.text)
    """Of the user's frame, in the program where it is gravest; empty: not known."""

    file: str = _read.member(_read.text)
    """Of the same place; empty: not known."""

    line: int = _read.member(_read.number)
    """Of the same place; 0: not known."""

    created_by: str = _read.member(_read.text)
    """Function with the go statement; empty: not known."""


@dataclass(frozen=True)
class ExecSummary(_read.Record):
    """The document of parked exec-summary DIR --json (docs/testing-your-program.md)."""

    schema: str = _read.member(_read.text)
    """Name and version of this format."""

    folder: str = _read.member(_read.text)
    """As it was named on the command line."""

    programs: int = _read.member(_read.number)
    """That were looked at, one for each report that could be read."""

    leaking: int = _read.member(_read.number)
    """Programs with something in findings."""

    unproved: tuple[str, ...] = _read.member(_read.many(_read.text))
    """Packages whose program got no proof, so that nothing of it could be PROVED; once for each
    program.
    """

    withheld: str = _read.member(_read.text)
    """Why the first of them got none; empty: all got one."""

    incomplete: tuple[str, ...] = _read.member(_read.many(_read.text))
    """Packages of whose program something could not be read, once for each program."""

    unread: tuple[UnreadReport, ...] = _read.member(_read.many(_read.record(UnreadReport)))
    """Files with the ending .json in the folder that are no reports of parked exec; the exit code
    is 2 then.
    """

    findings: tuple[LeftBehind, ...] = _read.member(_read.many(_read.record(LeftBehind)))
    """What was left behind, once for each fingerprint; the gravest and largest first."""
