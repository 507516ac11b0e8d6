"""Options of the whole test suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--matrix",
        choices=["quick", "ci", "full"],
        default="quick",
        help="how many Go releases and build modes the end-to-end tests run over",
    )
