"""Rows of parked's own reports: JSON documents and JSON lines (docs/json.md).

Of JSON lines one object is in memory at a time; objects of which there is no table are passed over.
A report may come from anywhere: what is not as it should be is left out, and never trusted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from .go_names import package_of
from .rows import MOST_ROWS, Json, Reading, count, member, text
from .schema import Finding, Group, Island

SCHEMA = "parked/1"
_VERDICTS = frozenset(("RUNNING", "WAITING", "UNKNOWN", "SUSPECT", "ORPHAN", "PROVED"))
#: Members of a JSON document that are arrays of what is one line each in JSON lines.
_LISTS = {"groups": "group", "findings": "finding", "incomplete": "incomplete"}


class NotAReportError(ValueError):
    """The input is no report of parked's; says why."""


def _sum(*values: object) -> int | None:
    known = [each for each in map(count, values) if each is not None]
    return count(sum(known)) if known else None


def _seconds(nanoseconds: object) -> float | None:
    value = count(nanoseconds)
    return None if value is None else value / 1e9


def _group(row: Json) -> Group:
    frame = row.get("user_frame")
    function = text(member(frame, "func"))
    retained = row.get("retained")
    verdict = row.get("verdict")
    return Group(
        target="",
        fingerprint=text(row.get("fingerprint")),
        verdict=verdict if verdict in _VERDICTS else None,
        state=text(row.get("state")),
        reason=text(row.get("reason")),
        function=function,
        file=text(member(frame, "file")),
        line=count(member(frame, "line")),
        created_by=text(member(row, "created_by", "func")),
        object=text(row.get("waits_on")),
        count=count(row.get("count")) or 0,
        oldest_seconds=_seconds(row.get("wait_ns_at_least")),
        retained_bytes=_sum(member(retained, "stack_bytes"), member(retained, "heap_bytes")),
        stack_bytes=count(member(retained, "stack_bytes")),
        package=package_of(function or "") or None,
    )


def _finding(row: Json, groups: dict[int, Group]) -> Finding:
    group = groups.get(row["group"]) if count(row.get("group")) is not None else None
    verdict = row.get("verdict")
    return Finding(
        target="",
        fingerprint=text(row.get("fingerprint")),
        rule=text(row.get("rule")),
        verdict=verdict if verdict in _VERDICTS else None,
        title=text(row.get("title")),
        sentence=text(row.get("sentence")),
        fix=text(row.get("fix")),
        function=text(member(row, "place", "func")),
        file=text(member(row, "place", "file")),
        line=count(member(row, "place", "line")),
        count=count(row.get("count")),
        group_fingerprint=group.fingerprint if group else None,
        retained_bytes=group.retained_bytes if group else None,
    )


class Report:
    """Takes a report object by object; :meth:`reading` is what it said."""

    def __init__(self) -> None:
        self._reading = Reading(kind="report")
        self._groups: dict[int, Group] = {}
        self._heads: list[Json] = []
        self._shared = 0
        self._proofs: list[Json] = []
        #: For islands: the finding that names a goroutine, and the group of one that is ORPHAN.
        self._found: dict[int, Finding] = {}
        self._orphans: dict[int, Group] = {}

    def take(self, kind: object, row: Json) -> None:
        """``kind`` as in JSON lines. What has no table is passed over."""
        take: Callable[[Json], None] | None = {
            "target": self._target,
            "group": self._group,
            "finding": self._finding,
            "proof": self._proof,
            "incomplete": self._incomplete,
            "unread": self._unread,
        }.get(kind if isinstance(kind, str) else "")
        if take:
            take(row)

    @property
    def begun(self) -> bool:
        return bool(self._heads)

    @property
    def orphans(self) -> int:
        """Goroutines whose verdict is ORPHAN: ``parked islands`` says what they keep."""
        return _sum(*(member(each, "verdicts", "ORPHAN") for each in self._heads)) or 0

    def take_island(self, row: Json) -> None:
        """One kind of ``islands`` of the document of ``parked islands``."""
        islands = row.get("islands")
        each_one = islands if isinstance(islands, list) else []
        members = [one for each in each_one for one in _numbers({"of": each}, "of")]
        finding = next((self._found[one] for one in members if one in self._found), None)
        kept = _sum(row.get("stack_bytes"), row.get("heap_bytes"))
        background = row.get("background") is not None
        self._reading.islands.append(
            Island(
                target="",
                fingerprint=finding.fingerprint if finding else None,
                handle=text(member(row, "handle", "type")),
                goroutines=count(row.get("goroutine_count")),
                connections=count(row.get("connections")),
                timers=count(row.get("timers")),
                bytes=kept,
                background=background,
                created_by=text(member(row, "made_at", "func")),
            )
        )
        if not background and kept is not None:
            if finding and finding.group_fingerprint is None:
                finding.retained_bytes = _sum(finding.retained_bytes, kept)
            self._share(members, kept, count(row.get("stack_bytes")) or 0)

    def _share(self, members: list[int], kept: int, stacks: int) -> None:
        """What islands keep all their goroutines keep: a group has as large a share as of them."""
        groups = {id(group): group for group in map(self._orphans.get, members) if group}
        parts = Counter(id(self._orphans.get(each)) for each in members)
        for number, group in groups.items():
            part = parts[number]
            group.retained_bytes = _sum(group.retained_bytes, kept * part // len(members))
            group.stack_bytes = _sum(group.stack_bytes, stacks * part // len(members))

    def _target(self, row: Json) -> None:
        self._heads.append(row)
        # Groups are counted from 0 again in the document of another Go runtime of the process.
        self._groups = {}

    def _group(self, row: Json) -> None:
        # One more than is kept, so that it is told.
        if row.get("system") is True or len(self._reading.groups) > MOST_ROWS:
            return
        group = _group(row)
        index = count(row.get("index"))
        self._groups[len(self._groups) if index is None else index] = group
        self._reading.groups.append(group)
        # What a proved group keeps, the proof says.
        if group.verdict == "ORPHAN" and group.retained_bytes is None:
            self._orphans |= dict.fromkeys(_numbers(row, "goroutines"), group)

    def _finding(self, row: Json) -> None:
        if len(self._reading.findings) > MOST_ROWS:
            return
        finding = _finding(row, self._groups)
        self._reading.findings.append(finding)
        if finding.verdict == "ORPHAN":
            for goroutine in _numbers(row, "goroutines"):
                self._found.setdefault(goroutine, finding)

    def _proof(self, row: Json) -> None:
        self._proofs.append(row)
        self._shared += count(row.get("shared_heap_bytes")) or 0

    def _incomplete(self, row: Json) -> None:
        what, detail = text(row.get("what")) or "", text(row.get("detail")) or ""
        times = count(row.get("count")) or 1
        sentence = f"{what}: {detail}" if detail else what
        self._reading.missing.append(f"{sentence} ({times:,} times)" if times > 1 else sentence)

    def _unread(self, row: Json) -> None:
        self._reading.missing.append(f"{text(row.get('file'))}: {text(row.get('error'))}")

    def reading(self) -> Reading:
        """Raises NotAReportError."""
        if not self._heads:
            raise NotAReportError("a report without its target")
        head = self._heads[0]
        target = self._reading.target
        target["kind_of_source"] = text(head.get("kind"))
        target["observed_at"] = text(head.get("taken_at"))
        target["program"] = text(head.get("program"))
        target["build"] = text(head.get("build_id"))
        target["go_version"] = text(head.get("go_version"))
        target["arch"] = text(head.get("arch"))
        target["uptime_seconds"] = _seconds(head.get("uptime_ns"))
        for verdict in ("PROVED", "ORPHAN", "SUSPECT", "WAITING"):
            numbers = (member(each, "verdicts", verdict) for each in self._heads)
            target[verdict.lower()] = _sum(*numbers)
        target["goroutines"] = _sum(
            *(_all_but_system(member(each, "goroutines")) for each in self._heads)
        )
        self._add_proof(target)
        return self._reading

    def _add_proof(self, target: Json) -> None:
        given = bool(self._proofs)
        for proof in self._proofs:
            if proof.get("state") != "given":
                given = False
                why = text(proof.get("withheld")) or "the proof was not asked for"
                self._reading.missing.append(f"nothing could be proved: {why}")
        if given:
            kept = (each.retained_bytes for each in self._reading.groups)
            target["retained_bytes"] = count(sum(each or 0 for each in kept) + self._shared)


def _all_but_system(goroutines: object) -> int | None:
    total, system = count(member(goroutines, "total")), count(member(goroutines, "system"))
    return None if total is None else max(total - (system or 0), 0)


def _rows(value: Json, name: str) -> list[Json]:
    found = value.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _numbers(value: Json, name: str) -> list[int]:
    found = value.get(name)
    return [each for each in found if type(each) is int] if isinstance(found, list) else []


def _take_document(document: Json, report: Report, depth: int = 0) -> None:
    if document.get("schema") != SCHEMA:
        raise NotAReportError(f"not a report of {SCHEMA}: {str(document.get('schema'))[:40]!r}")
    target = document.get("target")
    if isinstance(target, dict):
        report.take("target", target)
    if depth == 0 and not isinstance(document.get("groups"), list):
        raise NotAReportError("the report of a command that lists no groups")
    for name, kind in _LISTS.items():
        for row in _rows(document, name):
            report.take(kind, row)
    if isinstance(document.get("proof"), dict):
        report.take("proof", document["proof"])
    for row in _rows(document, "unread_runtimes"):
        report.take("unread", row)
    for row in _rows(document, "islands"):
        report.take_island(row)
    for other in _rows(document, "other_runtimes") if depth == 0 else ():
        _take_document(other, report, depth + 1)


def read_document(path: Path) -> Reading:
    """Of a JSON document; all of it is in memory.

    Raises NotAReportError.
    """
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise NotAReportError(f"not a JSON document: {str(error)[:200]}")
    if not isinstance(document, dict):
        raise NotAReportError("not a JSON document of parked's")
    report = Report()
    _take_document(document, report)
    return report.reading()


def _objects(lines: Iterable[bytes]) -> Iterator[Json]:
    for number, line in enumerate(lines, 1):
        # Objects of goroutines and timers have no table, and are most of a stream.
        if line.startswith((b'{"type":"goroutine"', b'{"type":"timer"')):
            continue
        try:
            found: Any = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise NotAReportError(f"line {number} is no JSON object: {str(error)[:200]}")
        if isinstance(found, dict):
            yield found


def take_lines(lines: Iterable[bytes], report: Report) -> bool:
    """Gives ``report`` the objects of JSON lines; false: the stream was cut off."""
    ended = False
    for row in _objects(lines):
        kind = row.get("type")
        if kind == "schema" and row.get("schema") != SCHEMA:
            raise NotAReportError(f"not a report of {SCHEMA}: {str(row.get('schema'))[:40]!r}")
        ended = kind == "end" or (ended and kind == "unread")
        report.take(kind, row)
    return ended


def read_lines(lines: Iterable[bytes]) -> Reading:
    """Of a report as JSON lines.

    Raises NotAReportError.
    """
    report = Report()
    try:
        ended = take_lines(lines, report)
        reading = report.reading()
    except NotAReportError:
        # The last line of a stream that was cut off is no object; what came before it is.
        if not report.begun:
            raise
        ended, reading = False, report.reading()
    if not ended:
        reading.missing.append("the stream was cut off")
    return reading
