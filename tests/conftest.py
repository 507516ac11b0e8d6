"""Options of the whole test suite, and where its time goes."""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest

# What a shell starts in the background ignores Ctrl-C, and so would all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

PROCESSOR = "processor seconds"
SPENT = pytest.StashKey[float]()  # processor seconds at the end of the phase before


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--matrix",
        choices=["quick", "ci", "full"],
        default="quick",
        help="how many Go releases and build modes the end-to-end tests run over",
    )


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
