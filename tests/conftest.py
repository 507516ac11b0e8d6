"""Options of the whole test suite, and where its time goes."""

from __future__ import annotations

import os
import pprint
import signal
from collections import Counter, defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

# What a shell starts in the background ignores Ctrl-C, and so would all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

MOST_DIFFED = 300  # lines
MOST_TOLD = 20  # of those that only one of two has
PROCESSOR = "processor seconds"
SPENT = pytest.StashKey[float]()  # processor seconds at the end of the phase before


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--matrix",
        choices=["quick", "ci", "full"],
        default="quick",
        help="how many Go releases and build modes the end-to-end tests run over",
    )


def lines_of(value: object) -> list[str]:
    return (value if isinstance(value, str) else pprint.pformat(value, width=120)).splitlines()


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """What differs, of much: a diff of thousands of lines takes longer than all the tests."""
    comparable = (str, list, tuple, dict, set)
    if op != "==" or not (isinstance(left, comparable) and isinstance(right, comparable)):
        return None
    ours, theirs = lines_of(left), lines_of(right)
    if max(len(ours), len(theirs)) <= MOST_DIFFED:
        return None
    told = [f"{len(ours)} lines == {len(theirs)} lines"]
    for sign, here, there in (("-", ours, theirs), ("+", theirs, ours)):
        only = list((Counter(here) - Counter(there)).elements())
        told += [f"{sign} {line}" for line in only[:MOST_TOLD]]
        told += [f"{sign} and {len(only) - MOST_TOLD} lines more"] * (len(only) > MOST_TOLD)
    if len(told) == 1:
        order = [at for at, line in enumerate(ours) if line != theirs[at]]
        told += [f"the same lines in another order, from line {at + 1} on" for at in order[:1]]
    return told


def processor_seconds() -> float:
    """Of this process and of the ones it has waited for."""
    return sum(os.times()[:4])


def pytest_collection_finish(session: pytest.Session) -> None:
    session.config.stash[SPENT] = processor_seconds()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What a phase of a test cost the processors: since the phase before, in the same process."""
    report = yield
    now = processor_seconds()
    report.user_properties.append((PROCESSOR, now - item.config.stash[SPENT]))
    item.config.stash[SPENT] = now
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What each test file took, the dearest first. scripts/test is told how many tests ran.

    Processor seconds are the same on a busy machine; what passes besides them is waiting.
    """
    seconds: dict[str, float] = defaultdict(float)
    processor: dict[str, float] = defaultdict(float)
    tests: dict[str, int] = defaultdict(int)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                file = report.nodeid.split("::")[0]
                seconds[file] += report.duration
                processor[file] += dict(report.user_properties).get(PROCESSOR, 0)
                tests[file] += report.when == "call"
    terminalreporter.section("seconds, processor seconds and tests by file")
    for file in sorted(processor, key=processor.__getitem__, reverse=True):
        terminalreporter.write_line(
            f"{seconds[file]:7.1f} {processor[file]:7.1f} {tests[file]:5}  {file}"
        )
    folder = os.environ.get("PARKED_TEST_COUNTS")
    if folder and not hasattr(terminalreporter.config, "workerinput"):
        (Path(folder) / str(os.getpid())).write_text(f"{sum(tests.values())}\n")
