"""What `parked diff A B --json` writes (docs/diff.md) as typed objects.

Made by scripts/make-python-classes from docs/schema/parked-diff-1.schema.json: change that, not
this. What is not known is as in document.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import _reading as _read

__all__ = [
    "Changed",
    "DiffSide",
    "Difference",
]


@dataclass(frozen=True)
class DiffSide(_read.Record):
    """What was compared."""

    source: str = _read.member(_read.text)
    """As it was named on the command line."""

    program: str = _read.member(_read.text)
    """Name of the executable."""

    go_version: str = _read.member(_read.text)
    """As the toolchain wrote it."""

    build_id: str = _read.member(_read.text)
    """Go's build id, or the GNU one."""

    pid: int | None = _read.member(_read.maybe_number)
    """Process id."""

    taken_at: str = _read.member(_read.text)
    """RFC 3339."""

    goroutines: int = _read.member(_read.number)
    """That the report has."""

    proved: bool = _read.member(_read.flag)
    """The proof was given."""

    withheld: str = _read.member(_read.text)
    """Why nothing was proved; empty: the proof was given."""

    incomplete: bool = _read.member(_read.flag)
    """Parts could not be read."""

    partial: bool = _read.member(_read.flag)
    """The report was written with filters or a limit, which left goroutines out."""


@dataclass(frozen=True)
class Changed(_read.Record):
    """Groups, or findings, of one fingerprint."""

    fingerprint: str = _read.member(_read.text)
    """docs/fingerprints.md."""

    change: str = _read.member(_read.text)
    """grown: more of them, or at more places. Words: "new", "grown", "shrunk", "gone", "same"."""

    rule: str = _read.member(_read.text)
    """Of a finding; empty: a group."""

    title: str = _read.member(_read.text)
    """Of the rule; of a group what it is blocked in, or its state."""

    verdict: str = _read.member(_read.text)
    """The gravest, of B; of A if it is gone. Words: "PROVED", "ORPHAN", "SUSPECT", "UNKNOWN",
    "WAITING", "RUNNING".
    """

    before: int = _read.member(_read.number)
    """How many in A: goroutines, timers, connections."""

    after: int = _read.member(_read.number)
    """How many in B."""

    places_before: int = _read.member(_read.number)
    """Different functions in A, closures told apart."""

    places_after: int = _read.member(_read.number)
    """The same in B."""

    still_parked: int = _read.member(_read.number)
    """Goroutines of A that wait on the same object in B; 0 if it is not the same process."""

    func: str = _read.member(_read.text)
    """The user's own function."""

    file: str = _read.member(_read.text)
    """Its file."""

    line: int = _read.member(_read.number)
    """The line."""

    created_by: str = _read.member(_read.text)
    """Function with the go statement."""

    group: str = _read.member(_read.text)
    """Of a finding: the fingerprint of its group; empty: it has none."""

    known: bool = _read.member(_read.flag)
    """The baseline lists it."""


@dataclass(frozen=True)
class Difference(_read.Record):
    """The document of parked diff A B --json (docs/diff.md)."""

    schema: str = _read.member(_read.text)
    """Name and version of this format."""

    a: DiffSide = _read.member(_read.record(DiffSide))
    """What was compared."""

    b: DiffSide = _read.member(_read.record(DiffSide))
    """What was compared."""

    same_process: bool = _read.member(_read.flag)
    """The same process id, the same start of the runtime, the same build."""

    still_parked: tuple[int, ...] = _read.member(_read.many(_read.number))
    """Ids of goroutines that wait on the same objects in A and in B; empty if it is not the same
    process.
    """

    findings: tuple[Changed, ...] = _read.member(_read.many(_read.record(Changed)))
    """New ones first, then grown, shrunk, gone and same; the gravest and largest of each first."""

    groups: tuple[Changed, ...] = _read.member(_read.many(_read.record(Changed)))
    """The same of groups, without those of the runtime's own goroutines."""
