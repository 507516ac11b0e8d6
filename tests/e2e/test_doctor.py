"""`parked doctor PID` names what is in the way before anything is tried, and reports then fail or
succeed as it said."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.commands import run
from support.matrix import Build
from support.paths import PARKED
from support.running import Running

GO = Build("1.27", "default")
# A filter that answers one system call with EPERM: 101 is ptrace, 310 process_vm_readv.
FILTERED = """
import ctypes, os, struct, sys
call = int(sys.argv[1])
rules = [(0x20, 0, 0, 0), (0x15, 0, 1, call), (0x06, 0, 0, 0x00050001), (0x06, 0, 0, 0x7FFF0000)]
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
filters = struct.pack("HxxxxxxQ", len(rules), ctypes.addressof(program))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filters, 0, 0):
    sys.exit("no filter: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[2], sys.argv[2:])
"""


@pytest.fixture
def target(running: Callable[..., Running]) -> Iterator[Running]:
    with running("load", GO) as process:
        yield process


def with_setpriv(reader: Path, *words: object) -> subprocess.CompletedProcess[str]:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv")
    return run("setpriv", *words[:-1], reader, "doctor", words[-1])


def test_nothing_is_in_the_way(target: Running) -> None:
    seen = run(PARKED, "doctor", target.pid)
    assert (seen.returncode, seen.stderr) == (0, "")
    assert seen.stdout.startswith(f"process {target.pid} (load) can be read\n\n  ok    ")
    assert str(target.binary) in seen.stdout
    assert "BEAT" in target.log.read_text() or target.process.poll() is None


def test_another_users_process(target: Running, for_everybody: Path) -> None:
    nobody = ("--reuid=65534", "--regid=65534", "--clear-groups")
    seen = with_setpriv(for_everybody, *nobody, target.pid)
    assert seen.returncode == 2, seen.stdout
    assert "cannot be read as it is" in seen.stdout
    assert "it runs as user 0\n          run as that user or as root" in seen.stdout


def test_without_the_capability(target: Running, for_everybody: Path) -> None:
    seen = with_setpriv(for_everybody, "--bounding-set=-sys_ptrace", target.pid)
    assert seen.returncode == 2, seen.stdout
    assert "CAP_SYS_PTRACE is missing" in seen.stdout


@pytest.mark.parametrize(
    ("call", "code", "said"),
    [
        (101, 2, "ptrace is forbidden to this program"),
        (310, 0, "process_vm_readv is forbidden to this program"),
    ],
)
def test_a_filter_of_system_calls(target: Running, call: int, code: int, said: str) -> None:
    def filtered(*words: object) -> subprocess.CompletedProcess[str]:
        return run(sys.executable, "-c", FILTERED, call, PARKED, *words)

    seen = filtered("doctor", target.pid)
    assert seen.returncode == code, seen.stderr
    assert said in seen.stdout
    assert ("seccomp=unconfined" in seen.stdout) == (code == 2)
    # As it was said, so it is.
    report = filtered(target.pid, "report", "--max-pause", "1m")
    assert (report.returncode == 2) == (code == 2), report.stderr


def test_traced_deleted_and_elsewhere(tmp_path: Path, target: Running) -> None:
    copy = Path(shutil.copy(target.binary, tmp_path / "gone"))
    words = ("unshare", "--pid", "--mount", "--fork", "--kill-child", "sh", "-c", '"$0"; true')
    pipe = subprocess.PIPE  # the program ends with its input
    with subprocess.Popen([*words, copy], stdin=pipe, stdout=pipe, text=True) as outer:
        try:
            if outer.stdout is None or "READY" not in outer.stdout.readline():
                pytest.skip("no namespaces")
            listed = run("pgrep", "-f", f"^{copy}$").stdout.split()
            copy.unlink()
            seen = run(PARKED, "doctor", listed[-1])
        finally:
            outer.kill()
    assert seen.returncode == 0, seen.stdout
    assert (
        f"its executable was deleted or replaced while it runs; it is read all the same: {copy}"
        in (seen.stdout)
    )
    assert "in another mount namespace" in seen.stdout
    assert "in another pid namespace, in which it is process 2" in seen.stdout


def test_what_is_no_process() -> None:
    assert run(PARKED, "doctor", "2147483646").returncode == 2
    seen = run(PARKED, "doctor", "api")
    assert (seen.returncode, seen.stdout) == (2, "")
    assert seen.stderr.count("\n") == 1
