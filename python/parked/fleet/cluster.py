"""Does jobs on Dask: on this machine, or on a cluster that is there.

Workers may offer the resource ``memory``, in bytes (``dask worker --resources memory=8e9``): a
job then waits until as much is free as its input asks for.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from .inputs import Input
from .settings import Settings
from .work import Job, Outcome, TryAgain, analyze_one, keep_failure, memory_for

#: Jobs given to the scheduler for each thread of the workers, so that none waits for the next.
_AHEAD = 8
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


class Runner:
    """Gives jobs to a client, and outcomes as they come."""

    def __init__(self, client: Any) -> None:
        self._client = client
        # A cluster that grows by what is asked of it may have none yet, and then nobody offers.
        with suppress(TimeoutError):
            client.wait_for_workers(1, timeout=_WAIT_FOR_WORKERS)
        workers: dict[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
        self.threads = sum(each["nthreads"] for each in workers.values())
        offers = [each.get("resources", {}).get(RESOURCE, 0) for each in workers.values()]
        #: What the largest worker offers; 0: none says.
        self._most = max(offers, default=0)
        self._jobs: dict[str, Job] = {}
        self._submitted = 0

    def _submit(self, job: Job) -> Any:
        key = f"parked-{job.input.key(job.version)}"
        self._submitted += 1
        self._jobs[key] = job
        asked = min(memory_for(job.input, job.settings), self._most)
        return self._client.submit(
            analyze_one,
            job,
            key=key,
            retries=_RETRIES,
            priority=-self._submitted,
            resources={RESOURCE: asked} if asked else None,
        )

    def run(self, jobs: Iterator[Job]) -> Iterator[Outcome]:
        """Raises ClusterLostError."""
        from distributed import as_completed

        ahead = max(self.threads, 1) * _AHEAD
        running = as_completed([self._submit(job) for job in itertools.islice(jobs, ahead)])
        for future in running:
            job = self._jobs.pop(future.key)
            outcome = self._outcome(future, job)
            future.release()
            for following in itertools.islice(jobs, 1):
                running.add(self._submit(following))
            yield outcome

    def _outcome(self, future: Any, job: Job) -> Outcome:
        from distributed import KilledWorker

        if future.status == "finished":
            found: Outcome = future.result()
            return found
        if future.status != "error":
            raise ClusterLostError("the scheduler is gone, or has cancelled what was given to it")
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
