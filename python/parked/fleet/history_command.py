"""``parked-fleet ingest`` and ``parked-fleet report``."""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from .states import Rule, State
from .times import moment

if TYPE_CHECKING:
    from .fleet_report import FleetReport
    from .history import Options

    Subcommands = argparse._SubParsersAction[argparse.ArgumentParser]

FORMATS = ("text", "markdown", "slack", "openmetrics", "json")
UNITS = {"h": "hours", "d": "days", "w": "weeks"}
FAILING = {"new": State.NEW, "came-back": State.CAME_BACK, "known": State.KNOWN}


def time_of(text: str) -> datetime:
    """A day or a time, as an option says it."""
    found = moment(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"no time: {text!r} (2026-11-28, 2026-11-28T09:00)")
    return found


def since(text: str) -> datetime | timedelta:
    """``7d``, ``12h``, ``2w``, or a moment."""
    if found := re.fullmatch(r"(\d{1,5})([hdw])", text):
        return timedelta(**{UNITS[found[2]]: int(found[1])})
    return time_of(text)


def failing(text: str) -> tuple[State, ...]:
    """The states that ``--fail-on`` names."""
    words = text.split(",")
    if not set(words) <= set(FAILING):
        raise argparse.ArgumentTypeError(f"of {', '.join(FAILING)}, not {text!r}")
    return tuple(FAILING[word] for word in words)


def share(text: str) -> float:
    """``0.05`` or ``5%``."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"no share: {text!r} (0.05, 5%)")
    return value


def known_fingerprints(path: str) -> frozenset[str]:
    """Of a baseline (--write-baseline) or a report with --json. `ValueError` if it is neither."""
    document = json.loads(Path(path).read_bytes())
    found = set()
    for name in ("groups", "findings"):
        entries = document.get(name) if isinstance(document, dict) else None
        if not isinstance(entries, list):
            raise ValueError(f"{path} is no baseline (--write-baseline) and no report of --json")
        for entry in entries:
            if isinstance(entry, dict) and isinstance(entry.get("fingerprint"), str):
                leaks = entry.get("verdict") in ("SUSPECT", "ORPHAN", "PROVED")
                found |= {entry["fingerprint"]} if leaks else set()
    return frozenset(found)


_said = ""


def _say(text: str) -> None:
    """On a terminal, once."""
    global _said
    if text != _said and sys.stderr.isatty():
        print(f"parked-fleet: {text}", file=sys.stderr)
    _said = text


def _failed(error: object) -> int:
    print(f"parked-fleet: {error}", file=sys.stderr)
    return 2


def run_ingest(arguments: argparse.Namespace) -> int:
    """Takes each folder in; what was taken in stays if a later one fails."""
    from .database import HistoryError
    from .history import History
    from .inputs import InputsError
    from .program import CoreError
    from .staging import StagingError

    history = History(arguments.db)
    for folder in arguments.folders:
        try:
            done = history.ingest(
                folder, _say, path_pattern=arguments.path_pattern, parked=arguments.parked
            )
        except (HistoryError, StagingError, InputsError, CoreError, OSError) as error:
            return _failed(error)
        except KeyboardInterrupt:
            print(f"parked-fleet: interrupted; nothing of {folder} was taken in", file=sys.stderr)
            return 3
        old = done.targets - done.added
        print(
            f"{folder}: {done.added:,} of {done.targets:,} targets added,"
            f" with {done.sightings:,} groups" + (f"; {old:,} were there" if old else "")
        )
    return 0


def _options(arguments: argparse.Namespace) -> Options:
    from .history import Options
    from .owners import Owners, read_owners

    return Options(
        since=arguments.since,
        until=arguments.until,
        verdict=arguments.verdict,
        program=arguments.program,
        owner=arguments.owner,
        owners=read_owners(arguments.owners) if arguments.owners else Owners(),
        known=known_fingerprints(arguments.baseline) if arguments.baseline else frozenset(),
        rule=Rule(chance=arguments.chance, hosts=arguments.fixed_after),
        everything=arguments.all,
        tolerated=arguments.tolerate,
    )


def _write(report: FleetReport, arguments: argparse.Namespace) -> None:
    from .fleet_report import plain
    from .summaries import markdown_lines, openmetrics, slack_message
    from .text_report import text_lines

    if arguments.format == "json":
        print(json.dumps(plain(report), indent=1))
    elif arguments.format == "markdown":
        print("\n".join(markdown_lines(report)))
    elif arguments.format == "slack":
        print(slack_message(report))
    elif arguments.format == "openmetrics":
        print(openmetrics(report), end="")
    else:
        print("\n".join(text_lines(report, arguments.all)))


def exit_code(report: FleetReport, fail_on: tuple[State, ...]) -> int:
    """1: a leak is in a state that fails; 3: the report is not of all there should be."""
    if report.having(*fail_on):
        return 1
    return 3 if report.incomplete else 0


def run_report(arguments: argparse.Namespace) -> int:
    """Asks the history and writes what it says."""
    from .database import HistoryError
    from .history import History
    from .page import PageError

    try:
        history = History(arguments.db)
        report = history.report(_options(arguments), _say)
        if arguments.html:
            history.write_page(report, arguments.html, arguments.report_link)
        _write(report, arguments)
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        print("parked-fleet: interrupted", file=sys.stderr)
        return 3
    except (HistoryError, PageError, OSError, ValueError) as error:
        return _failed(error)
    failed = report.having(*arguments.fail_on)
    if failed:
        _say(f"--fail-on: {len(failed)} leaks")
    return exit_code(report, arguments.fail_on)


def register_ingest(subcommands: Subcommands) -> None:
    """Adds ``ingest``."""
    parser = subcommands.add_parser(
        "ingest",
        help="take results of analyze, or reports, into a history",
        description=run_ingest.__doc__,
    )
    add = parser.add_argument
    add("folders", nargs="+", metavar="FOLDER", help="what analyze -o wrote, or reports as JSON")
    add("--db", required=True, help="DuckDB file, or postgresql://…")
    add(
        "--path-pattern",
        metavar="PATTERN",
        help="what paths of reports say: {service}/{host}/*.json",
    )
    add("--parked", default="parked", help="the program parked, for reports (parked)")
    parser.set_defaults(run=run_ingest)


def register_report(subcommands: Subcommands) -> None:
    """Adds ``report``."""
    parser = subcommands.add_parser(
        "report", help="what a history says of a fleet", description=run_report.__doc__
    )
    add = parser.add_argument
    add("--db", required=True, help="DuckDB file, or postgresql://…")
    add("--since", type=since, default=timedelta(days=7), help="7d, 12h, 2w or a day (7d)")
    add("--until", type=time_of, help="end of the window (now)")
    add("--format", choices=FORMATS, default="text", help="of standard output (text)")
    add("--html", metavar="FILE", help="write the report as a page for a browser, too")
    add("--report-link", metavar="URL",
        help="where the page finds a target's own report; {target} is its key")  # fmt: skip
    add("--fail-on", type=failing, default=(), help="exit code 1 for leaks: new,came-back,known")
    add("--baseline", metavar="FILE", help="leaks that are known: a baseline or a report as JSON")
    add("--verdict", choices=["suspect", "orphan", "proved"], default="suspect",
        help="least verdict that is a leak (suspect)")  # fmt: skip
    add("--program", help="of one program only")
    add("--owners", metavar="FILE", help="who owns which packages, as CODEOWNERS")
    add("--owner", help="leaks of one owner only")
    add("--all", action="store_true", help="all leaks, with those that were fixed long ago")
    add("--fixed-after", type=int, metavar="N", help="N hosts without a leak are enough")
    add("--chance", type=share, default=0.001,
        help="chance that a leak that is called fixed was only not met (0.001)")  # fmt: skip
    add("--tolerate", type=share, default=0.1, metavar="SHARE",
        help="share of a program's targets that may not have been read (10%%)")  # fmt: skip
    parser.set_defaults(run=run_report)
