"""Reads a core with the program ``parked``, in a process of its own that has bounds."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import IO, Any

from .documents import NotAReportError, Report, take_lines
from .limits import die_with_parent
from .rows import Reading

_MOST_LINE = 256 * 1024 * 1024
_MOST_OUTPUT = 8 * 1024**3
_MOST_ERROR = 64 * 1024


class CoreError(ValueError):
    """The core could not be read; says why."""


@dataclass(frozen=True)
class Bounds:
    """What one run of the program may take."""

    #: Bytes of address space.
    memory: int
    #: Seconds, and as many of the processor's.
    seconds: float


@dataclass
class Usage:
    """What runs of the program took."""

    #: Bytes in memory at most, mapped files included.
    peak: int = 0
    #: Seconds of the processor.
    processor: float = 0.0


class _Run:
    """The program at work: its lines, and how it ended."""

    def __init__(self, words: list[str], bounds: Bounds, usage: Usage) -> None:
        self._bounds = bounds
        self._usage = usage
        self._late = False
        self._parent = os.getpid()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            preexec_fn=self._prepare,
            start_new_session=True,
        )
        self._timer = Timer(bounds.seconds, self._stop)
        self._timer.daemon = True
        self._timer.start()

    def _prepare(self) -> None:
        die_with_parent(self._parent)
        memory, seconds = self._bounds.memory, int(self._bounds.seconds) + 1
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def _stop(self) -> None:
        self._late = True
        self.kill()

    def kill(self) -> None:
        with suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def lines(self) -> Iterator[bytes]:
        assert self._process.stdout
        given = 0
        while line := self._process.stdout.readline(_MOST_LINE):
            given += len(line)
            if given > _MOST_OUTPUT or not line.endswith(b"\n"):
                raise NotAReportError("the report is larger than it may be, or was cut off")
            yield line

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing of it stays, whatever happened."""
        if self._process.returncode is None:
            self.kill()
            self.end()
        self._errors.close()

    def end(self) -> int:
        """The exit code; negative: the signal that ended it."""
        if self._process.stdout:
            self._process.stdout.close()
        _, status, used = os.wait4(self._process.pid, 0)
        self._timer.cancel()
        code = self._process.returncode = os.waitstatus_to_exitcode(status)
        self._usage.peak = max(self._usage.peak, used.ru_maxrss * 1024)
        self._usage.processor += used.ru_utime + used.ru_stime
        return code

    def error(self) -> str:
        self._errors.seek(0)
        text = self._errors.read(_MOST_ERROR).decode("utf-8", "replace").strip()
        return text.splitlines()[-1].removeprefix("parked: ") if text else ""

    def why(self, code: int) -> str:
        """What ended it that was no report, in a sentence."""
        error = self.error()
        if self._late:
            return f"reading it takes longer than {self._bounds.seconds:.0f} s"
        if code == -signal.SIGXCPU:
            return f"reading it takes more than {self._bounds.seconds:.0f} s of the processor"
        if "bad_alloc" in error or "annot allocate memory" in error:
            return f"reading it takes more than {self._bounds.memory:,} bytes of memory: {error}"
        if code < 0:
            name = signal.Signals(-code).name
            return f"parked was ended by {name}{': ' if error else ''}{error}"
        return error or f"parked ended with exit code {code}"


def _words(program: str, core: Path, executable: Path | None) -> list[str]:
    return [program, "core", *([str(executable)] if executable else []), str(core)]


def version(program: str) -> str:
    """Of the program; raises CoreError if it cannot be run."""
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise CoreError(f"the program {program} cannot be run: {error}")
    return done.stdout.split()[-1] if done.stdout.split() else ""


def _islands(words: list[str], bounds: Bounds, usage: Usage, report: Report) -> str | None:
    """Why there are none, if they could not be had."""
    with _Run([*words, "islands", "--json"], bounds, usage) as run:
        try:
            document: Any = json.loads(b"".join(run.lines()))
            for row in document.get("islands", ()):
                report.take_island(row)
        except (ValueError, AttributeError, RecursionError):
            run.kill()
            return f"islands: {run.why(run.end())}"
    return None


def _report(words: list[str], bounds: Bounds, usage: Usage, report: Report) -> None:
    # One goroutine is the least that the report lists: groups have what is wanted of them.
    with _Run([*words, "report", "--jsonl", "--limit", "1"], bounds, usage) as run:
        try:
            ended, failed = take_lines(run.lines(), report), "the report was cut off"
        except NotAReportError as error:
            run.kill()
            ended, failed = False, str(error)
        code = run.end()
        if code not in (0, 3):
            raise CoreError(run.why(code))
        if not ended:
            raise CoreError(failed)


def read_core(
    program: str, core: Path, executable: Path | None, bounds: Bounds, usage: Usage
) -> Reading:
    """What ``parked`` reports of ``core``. Raises CoreError."""
    words = _words(program, core, executable)
    report = Report()
    _report(words, bounds, usage, report)
    missing = _islands(words, bounds, usage, report) if report.orphans else None
    reading = report.reading()
    reading.kind = "dump" if reading.target.get("kind_of_source") == "dump" else "core"
    reading.missing += [missing] if missing else []
    return reading
