"""Debian's PostgreSQL server on loopback, for the tests that need one."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def tool(name: str) -> str:
    """Debian keeps the server's programs off the PATH, in a folder for each version."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name) or ""


def installed() -> bool:
    return bool(tool("initdb") and tool("postgres"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server() -> Iterator[str]:
    """Starts one; where it is: ``parked@127.0.0.1:PORT``. It does not run as root."""
    user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="parked-postgres-"))
    if user:
        shutil.chown(folder, user)
    data, port = folder / "data", free_port()
    made = [tool("initdb"), "-D", data, "-U", "parked", "-A", "trust", "--no-sync"]
    subprocess.run(made, user=user, cwd=folder, check=True, capture_output=True)
    options = [
        *("-D", data, "-k", folder, "-p", str(port)),
        *("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"),
        # For what tests ask, compiling a query takes longer than the query.
        *("-c", "jit=off"),
    ]
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        [tool("postgres"), *options], user=user, cwd=folder, stdout=log, stderr=log
    )
    try:
        deadline = time.monotonic() + 60
        while "ready to accept connections" not in (folder / "log").read_text():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        yield f"parked@127.0.0.1:{port}"
    finally:
        # Its fast shutdown: with SIGTERM it waits for all who are still connected.
        process.send_signal(signal.SIGINT)
        process.wait()
        log.close()
        shutil.rmtree(folder)
