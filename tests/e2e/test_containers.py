"""The recipes of docs/containers.md, with the namespaces that containers are made of."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import patient, run
from support.matrix import Build
from support.paths import PARKED
from support.running import wait_until_asleep

# Without C it needs nothing in its root.
PROGRAM = Build("1.27", "default")
LEAST = 50  # goroutines
WEAK = ("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")


def need(*words: str) -> None:
    if os.geteuid() != 0 or run(*words, "true").returncode != 0:
        pytest.skip(f"needs root, and namespaces: {' '.join(words)}")


class Container:
    """The program in a root that has nothing else, in namespaces of its own."""

    def __init__(self, folder: Path, *unshared: str, by: tuple[str, ...] = ()) -> None:
        need("unshare", *unshared)
        need(*by, "env")
        self.root = folder / "root"
        (self.root / "proc").mkdir(parents=True)
        shutil.copy(build_target("zoo", PROGRAM), self.root / "app")
        self.log = folder / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                ["unshare", "--fork", "--kill-child", *unshared, *by, "chroot", self.root, "/app"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Container:
        deadline = time.monotonic() + 60
        while "READY" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        self.pid = int(children.read_text())  # as we see it
        wait_until_asleep(self.pid, 0.3)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.process.communicate(timeout=60)

    @property
    def inner_pid(self) -> int:
        """As it is called in its own pid namespace."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("NSpid:"))
        return int(line.split()[-1])


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Callable[..., Container]]:
    with contextlib.ExitStack() as stack:
        yield lambda *unshared, by=(): stack.enter_context(Container(tmp_path, *unshared, by=by))


def check(*words: object) -> None:
    """`words` run parked with the process to be looked at, and the report is whole."""
    done = run(*words, "report", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["proof"]["state"] == "given"
    assert len(report["goroutines"]) > LEAST
    assert report["incomplete"] == []


def parked_at(pid: int) -> list[str]:
    return [str(PARKED), *patient(str(pid))]


def test_from_the_node(container: Callable[..., Container]) -> None:
    """Of a process in another mount and pid namespace, with a root that has nothing."""
    check(*parked_at(container("--mount", "--pid").pid))


def test_sidecar(container: Callable[..., Container], tmp_path: Path) -> None:
    """The same pid namespace, a root of its own: shareProcessNamespace, docker --pid."""
    app = container("--mount", "--pid")
    beside = ["nsenter", f"--target={app.pid}", "--pid", "unshare", "--mount-proc", "--mount"]
    need(*beside)
    assert app.inner_pid < 100
    check(*beside, *parked_at(app.inner_pid))
    file = tmp_path / "dump"
    done = run(*beside, PARKED, "dump", app.inner_pid, "-o", file, "--redact")
    assert (done.returncode, done.stderr) == (0, "")
    check(PARKED, "core", app.root / "app", file)


def test_without_the_capability(container: Callable[..., Container]) -> None:
    """What a container has by default, and a process that has more."""
    app = container("--mount", "--pid")
    weak = WEAK
    need(*weak)
    doctor = run(*weak, PARKED, "doctor", app.pid)
    assert doctor.returncode == 2, doctor.stdout
    assert "CAP_SYS_PTRACE" in doctor.stdout
    done = run(*weak, PARKED, app.pid)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "CAP_SYS_PTRACE" in done.stderr


def test_equal_rights(container: Callable[..., Container]) -> None:
    """What a container has by default, for both: enough where yama does not forbid it."""
    scope = Path("/proc/sys/kernel/yama/ptrace_scope")
    if scope.exists() and scope.read_text().strip() != "0":
        pytest.skip("yama: kernel.yama.ptrace_scope is not 0")
    app = container("--mount", "--pid", by=WEAK)
    check(*WEAK, *parked_at(app.pid))


def test_user_namespace(container: Callable[..., Container]) -> None:
    """Rootless: root in there is nobody here. Read from outside, and from inside as that root."""
    app = container("--user", "--map-root-user", "--mount", "--pid")
    check(*parked_at(app.pid))
    inside = ["nsenter", f"--target={app.pid}", "--user", "--pid", "--preserve-credentials"]
    inside += ["unshare", "--mount-proc", "--mount"]
    need(*inside)
    check(*inside, *parked_at(app.inner_pid))


def test_read_only_root(container: Callable[..., Container]) -> None:
    """Nothing is written: what is kept goes to stdout."""
    app = container("--mount", "--pid")
    script = 'mount -o remount,bind,ro / && ! touch /try 2>/dev/null && exec "$@"'
    locked = ["unshare", "--mount", "sh", "-c", script, "sh"]
    need(*locked)
    check(*locked, *parked_at(app.pid))
    words = [*locked, str(PARKED), "dump", str(app.pid), "-o", "-"]
    done = subprocess.run(words, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"\x28\xb5\x2f\xfd")


def test_replaced_by_a_deploy(container: Callable[..., Container]) -> None:
    """The file that runs is gone, and another one has its name."""
    app = container("--mount", "--pid")
    program = app.root / "app"
    program.unlink()
    program.write_bytes(b"the next release")
    check(*parked_at(app.pid))
