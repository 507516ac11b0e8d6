"""For tests: a Go program's core or process must not hold leaked goroutines.

What fails is decided by the core, as for ``parked report --fail-on``: ``fail_on`` of the document.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Union

from .document import Document, Finding, Group, Place
from .errors import Error

if TYPE_CHECKING:
    from .session import Session

    Path = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Leaks:
    """What ``parked report --fail-on`` fails on, without what was excused."""

    #: With a goroutine that has the verdict asked for, or a graver one.
    groups: tuple[Group, ...]
    #: About resources: connections, files, timers, contexts.
    findings: tuple[Finding, ...]
    #: Exit code 3: what could not be read, or not be proved, may hide more.
    incomplete: bool
    #: Of the first Go runtime; `Document.other_runtimes` has those of the others, if there are any.
    document: Document

    def __bool__(self) -> bool:
        return bool(self.groups or self.findings)

    def __str__(self) -> str:
        """A few lines for each, and nothing of what was excused."""
        return "\n".join(
            [_group_text(group, _document_of(group, self.document)) for group in self.groups]
            + [_finding_text(finding) for finding in self.findings]
        )


def leaks(
    session: Session,
    *,
    fail_on: str = "suspect",
    ignore: Callable[[Group], bool] | None = None,
    ignore_findings: Callable[[Finding], bool] | None = None,
    ignore_file: Path | None = None,
    baseline: Path | None = None,
    require_proof: bool = False,
) -> Leaks:
    """What has the verdict ``fail_on`` or a graver one, and is not excused.

    ``ignore`` excuses groups, and with all the goroutines it is about also a finding about a
    resource; ``ignore_findings`` excuses those; ``ignore_file`` is an allow-list
    (docs/allow-list.md), ``baseline`` a list of known leaks (docs/triage.md). Raises
    :class:`parked.Error`.
    """
    options = ["--fail-on", fail_on]
    if ignore_file is not None:
        options += ["--ignore-file", os.fsdecode(ignore_file)]
    if baseline is not None:
        options += ["--baseline", os.fsdecode(baseline)]
    if require_proof:
        options.append("--require-proof")
    result = session.execute(["report", "--json", *options])
    if result.error:
        raise Error(result.error, result.exit_code)
    first = Document.from_json(json.loads(result.output))
    groups: list[Group] = []
    findings: list[Finding] = []
    incomplete = bool(first.unread_runtimes)
    for document in (first, *first.other_runtimes):
        decision = document.fail_on
        if decision is None:
            raise Error("the document does not say what fails", 2)
        incomplete = incomplete or decision.incomplete
        failing = [document.groups[i] for i in decision.groups]
        excused = [group for group in failing if ignore is not None and ignore(group)]
        quiet = {goroutine for group in excused for goroutine in group.goroutines}
        groups += [group for group in failing if group not in excused]
        for finding in (document.findings[i] for i in decision.findings):
            if ignore_findings is not None and ignore_findings(finding):
                continue
            if not finding.goroutines or not quiet.issuperset(finding.goroutines):
                findings.append(finding)
    return Leaks(tuple(groups), tuple(findings), incomplete, first)


def assert_no_leaks(
    session: Session,
    *,
    fail_on: str = "suspect",
    ignore: Callable[[Group], bool] | None = None,
    ignore_findings: Callable[[Finding], bool] | None = None,
    ignore_file: Path | None = None,
    baseline: Path | None = None,
    require_proof: bool = False,
    allow_incomplete: bool = False,
) -> None:
    """Raises AssertionError where ``parked report --fail-on`` would not exit with 0.

    The options are those of :func:`leaks`; what they excuse is not in the error's text. What could
    not be read, or not be proved, fails too, because a leak may hide there, unless
    ``allow_incomplete``.
    """
    found = leaks(
        session,
        fail_on=fail_on,
        ignore=ignore,
        ignore_findings=ignore_findings,
        ignore_file=ignore_file,
        baseline=baseline,
        require_proof=require_proof,
    )
    if found:
        count = sum(group.count for group in found.groups)
        what = []
        if found.groups:
            what.append(f"{count} goroutine(s) in {len(found.groups)} group(s)")
        if found.findings:
            what.append(f"{len(found.findings)} finding(s) about resources")
        raise AssertionError(f"{' and '.join(what)} at or above {fail_on}\n\n{found}")
    if found.incomplete and not allow_incomplete:
        raise AssertionError(f"the report is incomplete\n\n{_incomplete_text(found.document)}")


def _document_of(group: Group, first: Document) -> Document:
    documents = (first, *first.other_runtimes)
    return next(each for each in documents if any(group is one for one in each.groups))


def _line(place: Place | None) -> str:
    return f"{place.func}  {place.file}:{place.line}" if place else "unknown"


def _field(label: str, text: object) -> str:
    return f"    {label:<12}{text}"


def _some(goroutines: tuple[int, ...]) -> str:
    more = ", ..." if len(goroutines) > 3 else ""
    return ", ".join(str(goroutine) for goroutine in goroutines[:3]) + more


def _group_text(group: Group, document: Document) -> str:
    blocked_in = group.reason or group.state
    lines = [
        f"{group.count}  {group.verdict}  {blocked_in}  goroutines {_some(group.goroutines)}",
        _field("at", _line(group.user_frame)),
        _field("created by", _line(group.created_by)),
    ]
    if group.waits_on:
        lines.append(_field("waits on", group.waits_on))
    lines.append(_field("because", group.why))
    for finding in document.findings:
        if finding.group == group.index:
            lines.append(_field(finding.rule, f"{finding.title}: {finding.fix}"))
    return "\n".join(lines) + "\n"


def _finding_text(finding: Finding) -> str:
    lines = [
        f"{finding.rule}  {finding.verdict}  {finding.title}",
        _field("found", finding.sentence),
    ]
    lines += [_field("evidence", line) for line in finding.evidence]
    if finding.goroutines:
        lines.append(_field("who", f"goroutines {_some(finding.goroutines)}"))
    lines.append(_field("fix", finding.fix))
    return "\n".join(lines) + "\n"


def _incomplete_text(first: Document) -> str:
    lines = []
    for document in (first, *first.other_runtimes):
        if document.proof.state != "given":
            lines.append(f"no proof: {document.proof.withheld or 'it was not asked for'}")
        for entry in document.incomplete:
            lines.append(f"{entry.count} x {entry.what}: {entry.detail}")
    lines += [f"Go runtime not read: {each.file}" for each in first.unread_runtimes]
    return "\n".join(lines)
