"""Does jobs on Dask: on this machine, or on a cluster that is there.

Workers may offer the resource ``memory``, in bytes (``dask worker --resources memory=8e9``): a
job then waits until as much is free as its input asks for.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from .inputs import Input
from .settings import Settings
from .work import (
    Job,
    Outcome,
    TryAgain,
    analyze_one,
    analyze_several,
    keep_failure,
    memory_for,
    size_of,
)

#: Jobs given to the scheduler for each thread of the workers, so that none waits for the next.
_AHEAD = 8
#: Small inputs are given to a worker several at a time, as a task takes as long as one of them:
#: so many, of so many bytes together (what is packed counts ten times).
_MOST_TOGETHER = 64
_MOST_BYTES = 4 * 1024 * 1024
#: Of these each thread has so many at least, so that none is the one that all wait for at the end.
_LEAST_TASKS = 16
#: How often an input is tried that could not be had.
_RETRIES = 2
RESOURCE = "memory"
#: What a cluster of our own does without: nobody looks at its dashboard.
_QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.scheduler.work-stealing": False,
}
#: Seconds until somebody does the work.
_WAIT_FOR_WORKERS = 30


class ClusterLostError(Exception):
    """The scheduler is gone; what was finished is kept."""


@dataclass(frozen=True)
class Place:
    """Where jobs are done."""

    #: Address of a scheduler; None: workers are started on this machine.
    scheduler: str | None = None
    #: Worker processes on this machine; None: one for each processor.
    workers: int | None = None


def _memory_of_machine() -> int:
    from distributed.system import MEMORY_LIMIT

    return int(MEMORY_LIMIT)


def _local_cluster(place: Place, settings: Settings) -> Any:
    import dask
    from dask.system import CPU_COUNT
    from distributed import LocalCluster

    workers = place.workers or int(CPU_COUNT)
    dask.config.set(_QUIET)
    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        resources={RESOURCE: _memory_of_machine() // workers},
        # Inputs are read by processes with bounds of their own, which the nanny does not count.
        memory_limit=0,
        dashboard_address="127.0.0.1:0",
        local_directory=settings.scratch,
        host="127.0.0.1",
    )


@contextmanager
def start(place: Place, settings: Settings) -> Iterator[Any]:
    """A client, with the cluster that it has to itself if there is no scheduler."""
    from distributed import Client

    if place.scheduler is None:
        with _local_cluster(place, settings) as cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(place.scheduler, timeout=30)
    except (OSError, ValueError) as error:
        raise ClusterLostError(f"no scheduler answers at {place.scheduler}: {error}")
    with client:
        yield client


def together(jobs: Iterable[Job], most: int) -> Iterator[list[Job]]:
    """Jobs as they are given to workers: the small ones ``most`` at a time."""
    batch, size = list[Job](), 0
    for job in jobs:
        its = size_of(job.input) if job.input.size is not None else _MOST_BYTES
        if batch and (size + its > _MOST_BYTES or len(batch) == most):
            yield batch
            batch, size = [], 0
        batch.append(job)
        size += its
    if batch:
        yield batch


class Runner:
    """Gives jobs to a client, and outcomes as they come."""

    def __init__(self, client: Any) -> None:
        self._client = client
        # A cluster that grows by what is asked of it may have none yet, and then nobody offers.
        with suppress(TimeoutError):
            client.wait_for_workers(1, timeout=_WAIT_FOR_WORKERS)
        workers: dict[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
        self.threads = max(sum(each["nthreads"] for each in workers.values()), 1)
        offers = [each.get("resources", {}).get(RESOURCE, 0) for each in workers.values()]
        #: What the largest worker offers; 0: none says.
        self._most = max(offers, default=0)
        self._jobs: dict[str, list[Job]] = {}
        self._submitted = 0

    def _submit(self, jobs: list[Job]) -> Any:
        single = len(jobs) == 1
        key = f"parked-{jobs[0].input.key(jobs[0].version)}" + ("" if single else f"-{len(jobs)}")
        self._submitted += 1
        self._jobs[key] = jobs
        asked = min(max(memory_for(job.input, job.settings) for job in jobs), self._most)
        return self._client.submit(
            analyze_one if single else analyze_several,
            jobs[0] if single else jobs,
            key=key,
            retries=_RETRIES,
            priority=-self._submitted,
            resources={RESOURCE: asked} if asked else None,
        )

    def run(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Raises ClusterLostError."""
        from distributed import as_completed

        most = min(max(len(jobs) // (self.threads * _LEAST_TASKS), 1), _MOST_TOGETHER)
        batches = together(jobs, most)
        ahead = self.threads * _AHEAD
        running = as_completed([self._submit(each) for each in itertools.islice(batches, ahead)])
        for future in running:
            outcomes, again = self._outcomes(future, self._jobs.pop(future.key))
            future.release()
            for each in (*([job] for job in again), *itertools.islice(batches, 1)):
                running.add(self._submit(each))
            yield from outcomes

    def _outcomes(self, future: Any, jobs: list[Job]) -> tuple[list[Outcome], list[Job]]:
        """What came of a task, and which of its jobs have to be done again, each by itself."""
        if len(jobs) == 1:
            return [self._outcome(future, jobs[0])], []
        if future.status == "finished":
            found: list[Outcome | None] = future.result()
            return [each for each in found if each], [
                job for job, each in zip(jobs, found) if each is None
            ]
        self._check(future)
        return [], jobs

    @staticmethod
    def _check(future: Any) -> None:
        if future.status not in ("finished", "error"):
            raise ClusterLostError("the scheduler is gone, or has cancelled what was given to it")

    def _outcome(self, future: Any, job: Job) -> Outcome:
        from distributed import KilledWorker

        self._check(future)
        if future.status == "finished":
            found: Outcome = future.result()
            return found
        error = future.exception()
        problem = str(error) or type(error).__name__
        if isinstance(error, OSError):
            # The worker could not keep results; so there is no row either.
            return Outcome(job.input.url, "failed", f"its results could not be kept: {problem}")
        if isinstance(error, KilledWorker):
            problem = "the workers that had it ended while they did"
        elif not isinstance(error, TryAgain):
            problem = f"{type(error).__name__}: {problem}"
        keep_failure(job, problem, again=not isinstance(error, KilledWorker))
        return Outcome(job.input.url, "failed", problem)


def order(inputs: Sequence[Input]) -> list[Input]:
    """The largest first, so that none of them is what everybody waits for at the end."""
    return sorted(inputs, key=lambda each: -(each.size or 0))
