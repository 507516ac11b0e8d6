"""``parked-fleet analyze``: options, progress, and what is said at the end."""

from __future__ import annotations

import argparse
import logging
import re
import sys
from typing import Any

from .settings import Settings
from .text_groups import THRESHOLD

_LISTED = 10
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}


def _size(text: str) -> int:
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([KMGT]?)i?B?", text.strip(), re.IGNORECASE)
    if not found:
        raise argparse.ArgumentTypeError(f"{text} is no size: 800M, 4G")
    return int(float(found[1]) * _UNITS[found[2].upper()])


def register(subcommands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subcommands.add_parser(
        "analyze",
        help="look at cores, reports, goroutine dumps, logs and profiles",
        description="Looks at every input, and keeps what it says as Parquet files.",
    )
    add = parser.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="file, folder, pattern or URL (s3://, http://)")
    add("-o", "--output", required=True, metavar="DIR", help="folder (or URL) for the results")
    add("--binaries", action="append", default=[], metavar="DIR", help="where executables are")
    add("--scheduler", metavar="ADDR", help="a Dask cluster that is there: tcp://host:8786")
    add("--workers", type=int, metavar="N", help="processes on this machine (one a processor)")
    add("--memory", type=_size, metavar="SIZE", help="most memory for an input (by its size)")
    add("--timeout", type=float, default=900.0, metavar="S", help="most seconds for an input (900)")
    add("--max-size", type=_size, default=64 * 1024**3, metavar="SIZE", help="… unpacked (64G)")
    add("--threshold", type=int, default=THRESHOLD, metavar="N", help=f"LeakProf's ({THRESHOLD})")
    add("--module", action="append", default=[], metavar="PATH", help="a module of the programs'")
    add("--path-pattern", metavar="P", help="what paths say: '{service}/{host}/{date}/*.core.zst'")
    add("--retry-failed", action="store_true", help="look again at what failed before")
    add("--scratch", metavar="DIR", help="folder for what is fetched")
    add("--parked", default="parked", metavar="PROGRAM", help="the program parked")
    add("--no-progress", action="store_true", help="show no progress")
    parser.set_defaults(run=run)


def _settings(arguments: argparse.Namespace) -> Settings:
    return Settings(
        parked=arguments.parked,
        memory=arguments.memory,
        timeout=arguments.timeout,
        most_bytes=arguments.max_size,
        threshold=arguments.threshold,
        modules=tuple(arguments.module),
        scratch=arguments.scratch,
    )


class _Progress:
    """A bar on a terminal, with rate and rest; nothing elsewhere."""

    def __init__(self, shown: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeRemainingColumn as Remaining

        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            Remaining(),
            TextColumn("{task.fields[failed]}"),
            console=console,
            disable=not (shown and console.is_terminal),
        )
        self._task = self._bar.add_task("listing", total=None, rate="", failed="")
        self._failed = 0

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, outcome: Any, done: int, total: int) -> None:
        self._failed += outcome is not None and outcome.status == "failed"
        speed = self._bar.tasks[0].speed
        self._bar.update(
            self._task,
            description="analyzing",
            completed=done,
            total=total,
            rate=f"{speed:.1f}/s" if speed else "",
            failed=f"{self._failed} failed" if self._failed else "",
        )


def _tell(summary: Any, output: str) -> None:
    words = [f"{number:,} {status}" for status, number in sorted(summary.statuses.items())]
    if summary.before:
        words.append(f"{summary.before:,} done before")
    print(f"{summary.inputs:,} inputs: {', '.join(words) or 'none'}; {summary.seconds:.1f} s")
    for outcome in summary.failed[:_LISTED]:
        print(f"failed  {outcome.url}: {outcome.problem}")
    more = summary.statuses.get("failed", 0) - _LISTED
    if more > 0:
        print(f"        and {more:,} more: status and problem in {output}/targets")
    for problem in summary.problems:
        print(f"parked-fleet: {problem}", file=sys.stderr)


def run(arguments: argparse.Namespace) -> int:
    try:
        from .analysis import analyze
        from .cluster import Place
        from .inputs import InputsError
        from .program import CoreError

        progress = _Progress(not arguments.no_progress)
    except ImportError as missing:
        print(f"parked-fleet: {missing}: pip install 'parked[fleet]'", file=sys.stderr)
        return 2
    # What Dask tells of connections that end is told below, in a sentence.
    logging.disable(logging.CRITICAL)
    try:
        with progress:
            summary = analyze(
                arguments.inputs,
                arguments.output,
                binaries=arguments.binaries,
                settings=_settings(arguments),
                path_pattern=arguments.path_pattern,
                retry_failed=arguments.retry_failed,
                place=Place(arguments.scheduler, arguments.workers),
                watcher=progress,
            )
    except (InputsError, CoreError, OSError) as error:
        print(f"parked-fleet: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 3
    _tell(summary, arguments.output)
    partly = summary.problems or any(map(summary.statuses.get, ("failed", "incomplete")))
    return 3 if partly else 0
