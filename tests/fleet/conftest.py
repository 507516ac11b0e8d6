"""What the tests of parked.fleet share."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest
from support.postgres import installed, server, tool


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server on loopback: ``parked@127.0.0.1:PORT``."""
    if not installed():
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    with server() as address:
        yield address


@pytest.fixture(scope="session")
def postgres_database(postgres: str) -> Callable[[], str]:
    """Makes a database of its own for each call; its URL."""
    made = 0

    def make() -> str:
        nonlocal made
        made += 1
        name = f"fleet{made}"
        host, port = postgres.split("@")[1].split(":")
        words = [tool("createdb"), "-h", host, "-p", port, "-U", "parked", name]
        subprocess.run(words, check=True, capture_output=True)
        return f"postgresql://{postgres}/{name}"

    return make
