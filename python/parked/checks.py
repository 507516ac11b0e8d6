"""For tests: a Go program's core or process must not hold leaked goroutines."""

from __future__ import annotations

from collections.abc import Collection
from typing import Callable

from .document import Group
from .session import Session

#: The verdicts that say something is wrong.
LEAK_VERDICTS = ("PROVED", "SUSPECT")


def leaks(
    session: Session,
    *,
    verdicts: Collection[str] = LEAK_VERDICTS,
    ignore: Callable[[Group], bool] | None = None,
) -> tuple[Group, ...]:
    """The groups with one of ``verdicts`` that ``ignore`` does not excuse."""
    return tuple(
        group
        for group in session.groups
        if group.verdict in verdicts and not (ignore is not None and ignore(group))
    )


def assert_no_leaks(
    session: Session,
    *,
    verdicts: Collection[str] = LEAK_VERDICTS,
    ignore: Callable[[Group], bool] | None = None,
    allow_incomplete: bool = False,
) -> None:
    """Raises AssertionError, with the report as its text, if goroutines leaked.

    ``ignore`` excuses groups, such as a pool that is meant to stay. A report with holes fails too,
    because a leak may hide there, unless ``allow_incomplete``.
    """
    found = leaks(session, verdicts=verdicts, ignore=ignore)
    if found:
        count = sum(group.count for group in found)
        raise AssertionError(
            f"{count} leaked goroutine(s) in {len(found)} group(s)\n\n{session.report()}"
        )
    if session.incomplete and not allow_incomplete:
        raise AssertionError(f"the report is incomplete\n\n{session.report()}")
