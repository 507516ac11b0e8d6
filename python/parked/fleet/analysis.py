"""Looks at many inputs, and keeps what they say: the Python side of ``parked-fleet analyze``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from . import binaries as executables
from .cluster import ClusterLostError, Place, Runner, order, start
from .inputs import Input, PathPattern, find_inputs, without
from .program import version
from .results import Results
from .settings import Settings
from .work import Job, Outcome

#: Told each outcome, how many inputs there are now, and of how many.
Watcher = Callable[[Outcome | None, int, int], None]


@dataclass
class Summary:
    """What came of a run."""

    #: Inputs that were found.
    inputs: int = 0
    #: Inputs that an earlier run has looked at.
    before: int = 0
    #: How many have which status.
    statuses: dict[str, int] = field(default_factory=dict)
    #: What failed, as far as it is listed here.
    failed: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0
    #: Executables that could not be read, and why the run ended early.
    problems: list[str] = field(default_factory=list)

    _LISTED = 1000

    def add(self, outcome: Outcome) -> None:
        self.statuses[outcome.status] = self.statuses.get(outcome.status, 0) + 1
        if outcome.status == "failed" and len(self.failed) < self._LISTED:
            self.failed.append(outcome)

    @property
    def done(self) -> int:
        """Inputs that this run has looked at."""
        return sum(self.statuses.values())


@dataclass
class Plan:
    """Which inputs are to be looked at, and how: :meth:`jobs` can be done by anything."""

    inputs: list[Input]
    results: Results
    settings: Settings
    parked: str
    #: Name of the index of executables; None: there are none.
    executables: str | None
    problems: list[str]
    retry_failed: bool = False

    def jobs(self) -> Iterator[Job]:
        """What is missing, the largest first; :func:`parked.fleet.analyze_one` does one."""
        done = self.results.done()
        for each in order(self.inputs):
            job = Job(each, self.results.url, self.settings, self.parked, self.executables)
            before = done.get(each.key(job.version))
            if self._is_missing(before):
                yield replace(job, before=before)

    def _is_missing(self, status: str | None) -> bool:
        """``status`` is what an earlier run has marked; None: nothing."""
        if status == "lacking":
            return self.retry_failed or bool(self.executables)
        return status in (None, "again") or (status == "failed" and self.retry_failed)


def plan(
    sources: Sequence[str],
    output: str,
    *,
    binaries: Sequence[str] = (),
    settings: Settings | None = None,
    path_pattern: str | None = None,
    retry_failed: bool = False,
) -> Plan:
    """Finds inputs and executables, and makes the folder of results.

    Raises InputsError where there is nothing, and CoreError if ``parked`` cannot be run.
    """
    settings = settings or Settings()
    pattern = PathPattern(path_pattern) if path_pattern else None
    results = Results(output)
    inputs = list(without(find_inputs(sources, pattern), output))
    parked = version(settings.parked)
    index, problems = executables.index_of(binaries)
    results.make()
    kept = results.keep_executables(index)
    return Plan(inputs, results, settings, parked, kept, problems, retry_failed)


def run(planned: Plan, place: Place | None = None, watcher: Watcher | None = None) -> Summary:
    """Does what is planned, on Dask. Ctrl-C ends it; what is finished is kept."""
    began = time.monotonic()
    summary = Summary(inputs=len(planned.inputs), problems=list(planned.problems))
    jobs = list(planned.jobs())
    summary.before = summary.inputs - len(jobs)
    try:
        if jobs:
            _run(planned, jobs, place or Place(), summary, watcher)
    except KeyboardInterrupt:
        summary.problems.append("interrupted; what is finished is kept, and is not done again")
    except ClusterLostError as error:
        summary.problems.append(f"{error}; what is finished is kept, and is not done again")
    summary.seconds = time.monotonic() - began
    return summary


def _run(
    planned: Plan, jobs: list[Job], place: Place, summary: Summary, watcher: Watcher | None
) -> None:
    if watcher:
        watcher(None, 0, len(jobs))
    with start(place, planned.settings) as client:
        for outcome in Runner(client).run(jobs):
            summary.add(outcome)
            if watcher:
                watcher(outcome, summary.done, len(jobs))


def analyze(
    sources: Sequence[str],
    output: str,
    *,
    binaries: Sequence[str] = (),
    settings: Settings | None = None,
    path_pattern: str | None = None,
    retry_failed: bool = False,
    place: Place | None = None,
    watcher: Watcher | None = None,
) -> Summary:
    """Looks at what is at ``sources`` and keeps it in the folder ``output``.

    What an earlier run with the same version of parked has finished is not done again. Raises
    InputsError where there is nothing, and CoreError if ``parked`` cannot be run.
    """
    planned = plan(
        sources,
        output,
        binaries=binaries,
        settings=settings,
        path_pattern=path_pattern,
        retry_failed=retry_failed,
    )
    return run(planned, place, watcher)
