"""A folder of reports straight into a history: what analyze does, here and one after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .analysis import plan
from .settings import Settings
from .work import analyze_one

#: How often is told how far it is, in inputs.
_TOLD_EVERY = 100


def has_results(folder: Path) -> bool:
    """Whether it is what ``parked-fleet analyze -o`` wrote."""
    return (folder / "targets").is_dir()


def read_reports(
    folder: Path,
    results: Path,
    *,
    path_pattern: str | None = None,
    parked: str = "parked",
    say: Callable[[str], None] = lambda _: None,
) -> int:
    """Looks at what is in ``folder`` and keeps it in the folder ``results``; how many there are.

    Raises InputsError where there is nothing, and CoreError if the program cannot be run.
    """
    planned = plan(
        [str(folder)], str(results), settings=Settings(parked=parked), path_pattern=path_pattern
    )
    for done, job in enumerate(planned.jobs()):
        analyze_one(job)
        if (done + 1) % _TOLD_EVERY == 0:
            say(f"{done + 1:,} of {len(planned.inputs):,} reports read")
    return len(planned.inputs)
