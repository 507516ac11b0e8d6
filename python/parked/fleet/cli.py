"""``parked-fleet``: one function for each subcommand, which only calls its module."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

#: A subcommand adds its parser here, and sets ``run`` to what takes the arguments and gives the
#: exit code: ``parser.set_defaults(run=...)``.
Registration = Callable[["argparse._SubParsersAction[argparse.ArgumentParser]"], None]


def registrations() -> tuple[Registration, ...]:
    """What adds the subcommands, in the order of the help."""
    from . import analyze_command, history_command

    return (
        analyze_command.register,
        history_command.register_ingest,
        history_command.register_report,
    )


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="parked-fleet",
        description="Goroutine leaks of many cores and reports of Go programs (docs/fleet.md).",
    )
    subcommands = parser.add_subparsers(metavar="COMMAND", required=True)
    for register in registrations():
        register(subcommands)
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 what ``--fail-on`` names was found, 2 usage or nothing could be read,
    3 some of it could not be read, or it was interrupted."""
    arguments = make_parser().parse_args(words)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("parked"):
            raise
        print(
            f"parked-fleet: {error.name} is not installed: pip install 'parked[fleet]'",
            file=sys.stderr,
        )
        return 2


if __name__ == "__main__":
    sys.exit(main())
