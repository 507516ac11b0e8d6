"""A history of fleets: what was seen of each leak, on which hosts and in which builds."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from . import database
from .fleet_report import FleetReport, Leak, Problem, Program
from .heat import heat_maps
from .ingest import Ingested, ingest, is_remote
from .leaks import LeakMaker
from .owners import Owners
from .queries import MOST_ROWS, Queries, Window
from .states import Rule, State
from .text_report import many
from .unusual import add_contrasts

#: Points of a sparkline at most, and what lies between two of them.
MOST_POINTS = 48
STEPS = (3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400, 30 * 86400)
#: Share of a program's targets that may have failed or be incomplete, before a report is.
TOLERATED = 0.1


@dataclass(frozen=True)
class Options:
    """What a report is about."""

    since: timedelta | datetime = timedelta(days=7)
    #: End of the window; none: now.
    until: datetime | None = None
    #: Least verdict that is a leak: suspect, orphan or proved.
    verdict: str = "suspect"
    program: str | None = None
    #: One owner's leaks only.
    owner: str | None = None
    owners: Owners = field(default_factory=Owners)
    #: Fingerprints that are known: they are never new.
    known: Collection[str] = frozenset()
    rule: Rule = field(default_factory=Rule)
    #: Also leaks that were fixed before the window.
    everything: bool = False
    #: Share of a program's targets that may not have been read.
    tolerated: float = TOLERATED

    def window(self) -> Window:
        """The window in numbers. `ValueError` for a verdict that there is not."""
        until = self.until or datetime.now(timezone.utc)
        since = self.since if isinstance(self.since, datetime) else until - self.since
        gravity = database.GRAVITY.get(self.verdict.upper())
        if gravity is None:
            raise ValueError(f"no verdict of leaks: {self.verdict}")
        if since >= until:
            raise ValueError("the window ends before it begins")
        seconds = int(until.timestamp()) - int(since.timestamp())
        step = next((s for s in STEPS if seconds <= s * MOST_POINTS), -(-seconds // MOST_POINTS))
        return Window(
            since=int(since.timestamp()),
            until=int(until.timestamp()) + 1,
            step=step,
            gravity=gravity,
            program=self.program,
        )


def at(second: int | None) -> datetime:
    """A moment, of seconds since 1970."""
    return datetime.fromtimestamp(second or 0, timezone.utc)


class Stopwatch:
    """How long each part took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, name: str, run: Callable[[], Any]) -> Any:
        begin = time.monotonic()
        try:
            return run()
        finally:
            self.seconds[name] = round(time.monotonic() - begin, 4)


@dataclass(frozen=True)
class History:
    """A history: the path of a DuckDB file, or ``postgresql://…``."""

    url: str

    def ingest(
        self,
        folder: str | Path,
        say: Callable[[str], None] = lambda _: None,
        *,
        path_pattern: str | None = None,
        parked: str = "parked",
    ) -> Ingested:
        """Takes results of ``analyze`` in, or a folder of reports; see `parked.fleet.ingest`.

        ``path_pattern`` and the program ``parked`` are as for ``analyze``, for reports alone.
        Raises `StagingError` or `InputsError` for a folder that has neither, `HistoryError` for
        what is no history, and `CoreError` if the program cannot be run.
        """
        from .reports import has_results, read_reports

        if has_results(Path(folder)) or is_remote(folder):
            return ingest(folder, self.url, say)
        with tempfile.TemporaryDirectory(prefix="parked-fleet-") as results:
            read_reports(
                Path(folder), Path(results), path_pattern=path_pattern, parked=parked, say=say
            )
            return ingest(results, self.url, say, source=str(folder))

    def report(
        self, options: Options | None = None, say: Callable[[str], None] = lambda _: None
    ) -> FleetReport:
        """What is said of the window that the options name.

        Raises `HistoryError` for what is no history, `ValueError` for options that make no sense.
        """
        options = options or Options()
        window = options.window()
        with database.reading(self.url, say) as opened:
            say("asking the history")
            return _Report(Queries(opened, window), options, window).make()

    def write_page(self, report: FleetReport, path: str | Path, link: str | None = None) -> None:
        """Writes the report as an HTML page.

        ``link``: where a target's own report is, a URL with ``{target}`` in place of its key.
        Raises `OSError`, `HistoryError`, and `PageError` if parked was built without its page.
        """
        from .page import PageData, shown_targets, write_page

        with database.reading(self.url) as opened:
            window = Window(0, 0, 1)
            rows = Queries(opened, window).targets_with_groups(shown_targets(report)).to_pylist()
        write_page(path, PageData(report, page_targets(rows), link))


def page_targets(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Targets with their groups, of rows that have both."""
    from .page import MOST_GROUPS

    targets: dict[str, dict[str, Any]] = {}
    verdicts = {value: name for name, value in database.GRAVITY.items()}
    for row in rows:
        target = targets.setdefault(
            row["target"],
            {
                **{name: row[name] for name in ("target", "source", "host", "zone", "program")},
                "build": row["build"] or "",
                "at": at(row["second"]),
                "uptime_seconds": row["uptime_seconds"],
                "goroutines": row["all_goroutines"],
                "retained_bytes": row["kept"],
                "groups": [],
            },
        )
        if len(target["groups"]) < MOST_GROUPS:
            names = ("function", "file", "line", "reason", "title", "retained_bytes")
            target["groups"].append(
                {
                    **{name: row[name] for name in names},
                    "verdict": verdicts.get(row["gravity"]),
                    "goroutines": row["found"],
                }
            )
    return sorted(targets.values(), key=lambda target: -(target["retained_bytes"] or 0))


class _Report:
    def __init__(self, queries: Queries, options: Options, window: Window) -> None:
        self.queries, self.options, self.window = queries, options, window
        self.watch = Stopwatch()

    def ask(self, name: str) -> list[dict[str, Any]]:
        table = self.watch.time(name, getattr(self.queries, name))
        rows: list[dict[str, Any]] = table.to_pylist()
        return rows

    def make(self) -> FleetReport:
        counts, builds = self.ask("counts"), self.ask("builds")
        latest = self.ask("latest")
        maker = LeakMaker(
            options=self.options,
            window=self.window,
            builds=builds,
            able=self.ask("able"),
            by_build=self.ask("leaks_by_build"),
            words=self.ask("words"),
            series=self.ask("series"),
            looks=self.ask("looks"),
            growth=self.ask("growth"),
            latest=latest,
        )
        programs = self._programs(counts, maker)
        leaks = self._chosen(maker.leaks(), programs)
        leaks = add_contrasts(leaks, self.queries, self.watch)
        warnings = list(self._warnings(counts, programs, leaks, maker))
        if len(latest) == MOST_ROWS:
            warnings.append(
                f"only the {MOST_ROWS:,} largest leaks on hosts were counted: there are more hosts,"
                " goroutines and retained bytes"
            )
        return FleetReport(
            since=at(self.window.since),
            until=at(self.window.until - 1),
            step_seconds=self.window.step,
            programs=programs,
            leaks=tuple(leak for _, leak in leaks),
            heat_maps=heat_maps(leaks, latest),
            problems=tuple(
                Problem(row["source"], row["program"], row["status"], row["problem"])
                for row in self.ask("problems")
            ),
            warnings=tuple(warnings),
            incomplete=tuple(self._incomplete(programs)),
            seconds=self.watch.seconds,
        )

    def _programs(self, counts: list[dict[str, Any]], maker: LeakMaker) -> tuple[Program, ...]:
        by_program: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        for row in counts:
            by_program[row["program"]][row["status"]] = row
        programs = []
        for name, rows in sorted(by_program.items()):
            of = {status: row["targets"] for status, row in rows.items()}
            programs.append(
                Program(
                    name=name,
                    builds=tuple(maker.builds_of(name)),
                    targets=sum(of.values()),
                    ok=of.get("ok", 0),
                    incomplete=of.get("incomplete", 0),
                    failed=of.get("failed", 0),
                    hosts=max(row["hosts"] for row in rows.values()),
                )
            )
        return tuple(programs)

    def _chosen(
        self, leaks: list[tuple[int, Leak]], programs: tuple[Program, ...]
    ) -> list[tuple[int, Leak]]:
        """Those of programs that were looked at, but for what was fixed long ago; worst first."""
        looked_at = {program.name for program in programs}
        since = at(self.window.since)
        chosen = []
        for number, leak in leaks:
            if self.options.owner is not None and self.options.owner not in leak.owners:
                continue
            if leak.program not in looked_at and not self.options.everything:
                continue
            if leak.state is State.FIXED and not self.options.everything:
                fixed = max(leak.last_seen, self.fixed_at(leak, programs))
                if fixed < since:
                    continue
            chosen.append((number, leak))
        chosen.sort(
            key=lambda pair: (
                pair[1].state is State.FIXED and pair[1].hosts == 0,
                -(pair[1].retained_bytes or -1),
                -pair[1].hosts,
                -pair[1].goroutines,
                pair[1].program,
                pair[1].fingerprint,
            )
        )
        return chosen

    @staticmethod
    def fixed_at(leak: Leak, programs: tuple[Program, ...]) -> datetime:
        """When the first build without a leak that is fixed began."""
        for program in programs:
            for build in program.builds:
                if program.name == leak.program and build.build == leak.past.fixed_in:
                    return build.begins
        return leak.last_seen

    def _warnings(
        self,
        counts: list[dict[str, Any]],
        programs: tuple[Program, ...],
        leaks: list[tuple[int, Leak]],
        maker: LeakMaker,
    ) -> Any:
        ahead = sum(row["clock_ahead"] or 0 for row in counts)
        if ahead:
            yield (
                f"clocks are ahead: {many(ahead, 'target')} of later than the look at them;"
                " what counts is when they were looked at"
            )
        since = at(self.window.since)
        for program in programs:
            young = program.builds and min(b.begins for b in program.builds) >= since
            if young and any(leak.program == program.name for _, leak in leaks):
                yield f"{program.name} was not looked at before the window: all its leaks are new"
        unseen = maker.programs_with_leaks() - {program.name for program in programs}
        if unseen and self.options.program is None:
            names = ", ".join(sorted(unseen)[:5]) + (" …" if len(unseen) > 5 else "")
            yield f"not looked at in the window, though leaks of them are known: {names}"

    def _incomplete(self, programs: tuple[Program, ...]) -> Any:
        if not programs:
            yield "nothing was looked at in the window"
        for program in programs:
            name = program.name or "programs that are not known"
            if program.ok == 0 and program.name:
                yield f"{name}: of none of {program.targets} targets all could be read"
            elif (program.targets - program.ok) / program.targets > self.options.tolerated:
                yield (
                    f"{name}: of {program.targets - program.ok} of {program.targets} targets not"
                    " all could be read"
                )
