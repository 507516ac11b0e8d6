"""A scheduler and workers of Dask's, as processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from support.fleet import environment
from support.gated import until


class DaskCluster:
    """A scheduler, and workers that are added. Ends with the ``with`` block."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", **variables: str) -> None:
        """``variables`` are Dask's own settings, of the environment."""
        self._folder, self._variables = folder, variables
        folder.mkdir(exist_ok=True)
        self._file = folder / "scheduler.json"
        self._file.unlink(missing_ok=True)
        self._processes: list[subprocess.Popen[bytes]] = []
        words = ["scheduler", "--host", host, "--port", "0", "--no-dashboard"]
        self.scheduler = self._start(*words, "--scheduler-file", str(self._file))
        self.address = ""
        until(self._has_address, "the scheduler does not start")

    def _has_address(self) -> bool:
        """Its file is there before all of it is written."""
        with suppress(OSError, ValueError):
            self.address = json.loads(self._file.read_text())["address"]
        return self.address != ""

    def _start(self, *words: str, prefix: tuple[str, ...] = ()) -> subprocess.Popen[bytes]:
        log = (self._folder / f"log-{len(self._processes)}").open("wb")
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "dask", *words],
            env=environment(**self._variables),
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        log.close()
        self._processes.append(process)
        return process

    def worker(
        self, *options: str, memory: int = 8 * 10**9, prefix: tuple[str, ...] = ()
    ) -> subprocess.Popen[bytes]:
        """A worker with one thread; its nanny is the process."""
        words = ["worker", "--scheduler-file", str(self._file), "--nthreads", "1", "--no-dashboard"]
        words += ["--memory-limit", "0", "--resources", f"memory={memory}", *options]
        return self._start(*words, prefix=prefix)

    def logs(self) -> str:
        """What scheduler and workers have said."""
        return "".join(path.read_text() for path in sorted(self._folder.glob("log-*")))

    def __enter__(self) -> DaskCluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
