"""Looks at one input and keeps what it says: the task that workers do."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timezone
from pathlib import Path

from . import binaries
from .inputs import Input
from .readers import Reader, ReaderEnded, ReaderLate, reader_of_this_thread
from .results import Results, executables_of
from .rows import Json, Reading, text
from .schema import STATUSES, Target
from .settings import GIB, Settings
from .times import moment

#: What reading takes besides what grows with the input, in bytes.
_BASE = GIB // 2
_OWN = 2 * GIB
_MOST_DOCUMENT = 128 * 1024 * 1024
_MOST_EXECUTABLE = 8 * GIB
_PACKED = (".zst", ".xz", ".gz", ".zip")


class TryAgain(Exception):  # noqa: N818  it is what to do
    """The input could not be had; the scheduler tries again."""


@dataclass(frozen=True)
class Job:
    """An input with all that is asked of it."""

    input: Input
    #: The folder of results.
    output: str
    settings: Settings
    #: Version of the program ``parked``.
    parked: str
    #: Name of the index of executables (:meth:`Results.keep_executables`); None: there are none.
    executables: str | None = None
    #: What an earlier run has marked it with; None: nothing.
    before: str | None = None

    @property
    def version(self) -> str:
        """Of what looks at the input: results of the same one need not be made again."""
        return f"{self.parked}-{self.settings.key()}"


@dataclass(frozen=True)
class Outcome:
    """What came of an input."""

    url: str
    #: ``ok``, ``incomplete``, ``failed`` or ``skipped`` (an executable, or the same as another).
    status: str
    problem: str | None = None
    #: Seconds that it took.
    seconds: float = 0.0
    #: Bytes, unpacked.
    size: int = 0


def size_of(each: Input) -> int:
    """Bytes that the input may have unpacked, by what is known before it is fetched."""
    name = each.url.split("::", 1)[0]
    return (each.size or 0) * (10 if name.endswith(_PACKED) else 1)


def memory_for(each: Input, settings: Settings) -> int:
    """Bytes of memory that reading the input may take, by what is known before it is fetched."""
    if settings.memory is not None:
        return settings.memory
    name, size = each.url.split("::", 1)[0], size_of(each)
    if ".json" in name and ".jsonl" not in name:
        return _BASE + 12 * min(size, _MOST_DOCUMENT)
    return _BASE + size // 2


def target_key(kind: str, sha256: str) -> str:
    """The key of a target: of its kind and content."""
    family = "core" if kind == "dump" else kind
    return hashlib.sha256(f"{family}\0{sha256}".encode()).hexdigest()


class _Work:
    """One input from its place to the tables."""

    def __init__(self, job: Job, reader: Reader, scratch: Path) -> None:
        self.job = job
        self._reader = reader
        self._scratch = scratch
        self._began = time.monotonic()
        self.fetched: Json = {}
        self.peak: int | None = None
        #: It is a core, and no executable has its build id.
        self.lacks_executable = False

    def ask(self, request: Json) -> Json:
        """The reader's answer. Raises TryAgain and ValueError."""
        settings = self.job.settings
        seconds = settings.timeout - (time.monotonic() - self._began)
        size = min(self.fetched.get("size", 0), _MOST_DOCUMENT)
        memory = settings.memory or _OWN + 12 * size
        late = f"it takes longer than {settings.timeout:.0f} s"
        if seconds <= 0:
            raise ValueError(late)
        try:
            answer = self._reader.ask(
                {**request, "memory": max(memory, GIB), "seconds": seconds}, seconds + 5
            )
        except ReaderLate:
            raise ValueError(late)
        except ReaderEnded as ended:
            raise ValueError(str(ended))
        if "again" in answer:
            raise TryAgain(answer["again"])
        if "problem" in answer:
            raise ValueError(answer["problem"])
        return answer

    def fetch(self) -> Json:
        each, settings = self.job.input, self.job.settings
        self.fetched = self.ask(
            {
                "do": "fetch",
                "url": each.url,
                "labels": each.labels,
                "scratch": str(self._scratch),
                "most": settings.most_bytes,
            }
        )
        return self.fetched

    def _executable(self) -> str | None:
        name = self.job.executables
        index = executables_of(self.job.output, name) if name else {}
        url = binaries.find(index, self.fetched["ids"])
        if url is None:
            self.lacks_executable = True
            return None
        # By what it is, too: another build may have been put in its place since.
        ids = [str(self.fetched["ids"].get(kind) or "") for kind in ("go", "gnu")]
        known = "\0".join([url, *ids]).encode("utf-8", "surrogateescape")
        folder = self._scratch.parent / f"parked-executables-{os.getuid()}"
        keep = folder / hashlib.sha256(known).hexdigest()
        request = {"do": "executable", "url": url, "keep": str(keep), "most": _MOST_EXECUTABLE}
        return str(self.ask(request)["path"])

    def read(self) -> Reading:
        settings, size = self.job.settings, self.fetched["size"]
        executable = self._executable() if self.fetched["kind"] == "core" else None
        # The core is mapped, which takes no memory that others could not have.
        own = max(memory_for(self.job.input, settings), _BASE + size // 2)
        answer = self.ask(
            {
                "do": "read",
                "path": self.fetched["path"],
                "kind": self.fetched["kind"],
                "parked": settings.parked,
                "executable": executable,
                "core_memory": size + (settings.memory or own),
                "threshold": settings.threshold,
                "modules": settings.modules,
            }
        )
        self.peak = answer.get("peak")
        reading = Reading.from_json(answer["reading"])
        if executable and self.fetched["program"]:  # and not as its file is named here
            reading.target["program"] = text(self.fetched["program"])
        return reading

    def target(self, key: str, status: str, problem: str | None, known: Json) -> Target:
        """The row, of what the input says, its labels, its path, and its store, in this order."""
        each = self.job.input
        labels = {**each.fields, **self.fetched.get("labels", {})}
        names = {column.name for column in fields(Target)}
        said = {name: value for name, value in known.items() if name in names}
        for name in ("host", "zone"):
            said[name] = labels.pop(name, None)
        said["program"] = said.get("program") or labels.get("service")
        named = (labels.get("observed_at"), labels.get("date"), each.modified)
        moments = (said.get("observed_at"), *named)
        said["observed_at"] = next((at for at in map(moment, moments) if at), None)
        for name in ("earlier_dumps", "death"):
            if known.get(name):
                labels[name] = str(known[name])
        return Target(
            **{
                **said,
                "target": key,
                "source": each.url.encode("utf-8", "replace").decode(),
                "kind": known.get("kind") or self.fetched.get("kind"),
                "parked": self.job.parked,
                "status": status,
                "problem": text(problem),
                "analyzed_at": datetime.now(timezone.utc),
                "labels": {name: text(value) or "" for name, value in labels.items()} or None,
                "seconds": time.monotonic() - self._began,
                "peak_memory": self.peak,
            }
        )

    def outcome(self, status: str, problem: str | None) -> Outcome:
        seconds = time.monotonic() - self._began
        return Outcome(self.job.input.url, status, problem, seconds, self.fetched.get("size", 0))


def _keep(work: _Work, results: Results, reading: Reading, key: str) -> Outcome:
    missing = [*([work.fetched["cut"]] if work.fetched.get("cut") else []), *reading.missing]
    problem = "; ".join(missing[:5]) + (f"; and {len(missing) - 5} more" if missing[5:] else "")
    status = STATUSES[1] if missing else STATUSES[0]
    target = work.target(key, status, problem or None, {**reading.target, "kind": reading.kind})
    results.write(
        key,
        {
            "targets": [target],
            "groups": [replace(row, target=key) for row in reading.groups],
            "findings": [replace(row, target=key) for row in reading.findings],
            "islands": [replace(row, target=key) for row in reading.islands],
        },
    )
    return work.outcome(status, problem or None)


def failed_key(each: Input) -> str:
    """The key of a target of which the content is not known."""
    return target_key("none", each.url)


def _keep_failure(work: _Work, results: Results, key: str, problem: str) -> None:
    results.write(key, {"targets": [work.target(key, STATUSES[2], problem, {})]})


def keep_failure(job: Job, problem: str, again: bool) -> None:
    """A row for an input that no worker has finished. ``again``: the next run tries it, too."""
    results, key = Results(job.output), failed_key(job.input)
    _keep_failure(_Work(job, Reader(), Path()), results, key, problem)
    _mark(job, results, key, "again" if again else STATUSES[2])


def _look(work: _Work, results: Results) -> Outcome:
    job = work.job
    key: str | None = None
    try:
        fetched = work.fetch()
        if "skip" in fetched:
            _mark(job, results, "", "skipped")
            return work.outcome("skipped", fetched["skip"])
        if job.before is not None:
            results.forget(failed_key(job.input))
        key = target_key(fetched["kind"], fetched["sha256"])
        if results.has(key, job.version):
            if before := results.status(job.input, job.version):
                return work.outcome(before, None)  # by a worker that ended before it could tell
            _mark(job, results, key, "skipped")
            return work.outcome("skipped", "the same content as another input")
        outcome = _keep(work, results, work.read(), key)
    except ValueError as error:
        _keep_failure(work, results, key or failed_key(job.input), str(error))
        outcome = work.outcome(STATUSES[2], str(error))
    failed = outcome.status == STATUSES[2]
    mark = "lacking" if failed and work.lacks_executable else outcome.status
    _mark(job, results, key or failed_key(job.input), mark)
    return outcome


def _mark(job: Job, results: Results, key: str, status: str) -> None:
    results.mark(job.input, key, job.version, status)
    if job.before not in (None, status):
        results.unmark(job.input, job.version, job.before)


def analyze_one(job: Job) -> Outcome:
    """Looks at one input and keeps what it says, whatever that is.

    Raises TryAgain where the input could not be had, and OSError where results could not be kept.
    """
    results = Results(job.output)
    base = Path(job.settings.scratch or tempfile.gettempdir())
    scratch = base / f"parked-fleet-{uuid.uuid4().hex}"
    try:
        return _look(_Work(job, reader_of_this_thread(), scratch), results)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def analyze_several(jobs: Sequence[Job]) -> list[Outcome | None]:
    """As :func:`analyze_one`, one after the other; None: that one has to be tried again."""
    outcomes: list[Outcome | None] = []
    for job in jobs:
        try:
            outcomes.append(analyze_one(job))
        except (TryAgain, OSError):
            outcomes.append(None)
    return outcomes
