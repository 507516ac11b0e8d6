"""Options of the whole test suite, and where its time goes."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--matrix",
        choices=["quick", "ci", "full"],
        default="quick",
        help="how many Go releases and build modes the end-to-end tests run over",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Seconds by test file, the longest first. scripts/test is told how many tests ran."""
    seconds: dict[str, float] = defaultdict(float)
    tests: dict[str, int] = defaultdict(int)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                file = report.nodeid.split("::")[0]
                seconds[file] += report.duration
                tests[file] += report.when == "call"
    terminalreporter.section("seconds and tests by file")
    for file in sorted(seconds, key=seconds.__getitem__, reverse=True):
        terminalreporter.write_line(f"{seconds[file]:7.1f} {tests[file]:5}  {file}")
    folder = os.environ.get("PARKED_TEST_COUNTS")
    if folder and not hasattr(terminalreporter.config, "workerinput"):
        (Path(folder) / str(os.getpid())).write_text(f"{sum(tests.values())}\n")
