"""Live processes: the pause and its bound, that the target is never harmed, other namespaces."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import parked, patient, run
from support.matrix import Build
from support.paths import PARKED
from support.running import Running

pytestmark = pytest.mark.alone

UNSHARE = ("unshare", "--pid", "--mount", "--fork", "--kill-child")
GO = Build("1.27", "default")
LOST = 10  # goroutines of tests/targets/load that nothing can wake


@pytest.fixture
def go() -> Build:
    return GO


@pytest.fixture
def target(go: Build, running: Callable[..., Running]) -> Iterator[Running]:
    with running("load", go) as process:
        yield process


def lost(document: dict) -> int:
    return sum(
        g["verdict"] == "PROVED" and any(f["func"] == "main.lost" for f in g["frames"])
        for g in document["goroutines"]
    )


def finds_the_lost(document: dict) -> bool:
    """All but those that a thread which just runs happens to have a word for."""
    return LOST - 2 <= lost(document) <= LOST


def looked(*words: object) -> subprocess.CompletedProcess[str]:
    return parked(*words, "report", "--json", "--require-proof")


def beats(process: Running) -> int:
    return process.log.read_text().count("BEAT")


def states(pid: int) -> list[tuple[str, str]]:
    """State and TracerPid of every thread."""
    found = []
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        try:
            text = status.read_text()
        except OSError:
            continue
        fields = dict(re.findall(r"^(State|TracerPid):\t(\S+)", text, re.MULTILINE))
        found.append((fields["State"], fields["TracerPid"]))
    return found


def runs_freely(pid: int) -> bool:
    return all(state not in "tTZX" and tracer == "0" for state, tracer in states(pid))


def eventually(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def finish(process: Running) -> str:
    """Lets the target check everything once more and end."""
    assert process.process.stdin is not None
    process.process.stdin.write(b"quit\n")
    process.process.stdin.flush()
    assert process.process.wait(timeout=60) == 0, process.log.read_text()[-500:]
    return process.log.read_text()


def test_the_pause_is_told_and_the_proof_given(target: Running) -> None:
    counts = set()
    for _ in range(5):
        before = beats(target)
        report = looked(target.pid)
        document = json.loads(report.stdout)
        assert document["proof"]["state"] == "given", document["proof"]
        assert report.returncode == 0, document["incomplete"]
        assert document["target"]["pause_ns"] > 0
        assert finds_the_lost(document)
        counts.add(lost(document))
        assert eventually(lambda before=before: beats(target) > before)  # type: ignore[misc]
        assert runs_freely(target.pid)
    assert LOST in counts
    assert re.search(r"stopped for [0-9.]+(µs|us|ms|s)", parked(target.pid, "report").stdout)
    assert "FINE" in finish(target)


def test_two_that_look_take_turns(target: Running) -> None:
    """A sidecar watches the service, and somebody asks for a report."""
    words = patient("watch", target.pid, "--every", "100ms", "--json")
    with subprocess.Popen([PARKED, *words], stdout=subprocess.DEVNULL) as watching:
        try:
            for _ in range(20):
                report = looked(*patient(target.pid))
                assert report.returncode == 0, report.stderr
                assert watching.poll() is None
        finally:
            watching.send_signal(signal.SIGINT)
    assert runs_freely(target.pid)
    assert "FINE" in finish(target)


def test_memory_that_is_not_the_heaps(go: Build, running: Callable[..., Running]) -> None:
    """More of it than is copied on suspicion: then the process stands still until all was read."""
    with running("load", go, "16", "400") as process:
        report = looked("--max-pause", "0", process.pid)
        document = json.loads(report.stdout)
        assert document["proof"]["state"] == "given"
        assert report.returncode == 0 and finds_the_lost(document)
        assert "FINE" in finish(process)


def test_max_pause(go: Build, running: Callable[..., Running]) -> None:
    """What was not copied in time is missing, and said to be; a partial copy proves nothing."""
    seen = set()
    with running("bigheap", go, "200") as process:
        bound = 0.5
        while bound < 60_000:
            option = f"{bound:.2f}ms"
            report = parked("--max-pause", option, process.pid, "report", "--json")
            seen.add(report.returncode)
            if report.returncode == 0:
                break
            if report.returncode == 2:  # not even its goroutines were copied, or it did not stop
                assert "--max-pause" in report.stderr
            else:
                assert report.returncode == 3, report.stderr
                document = json.loads(report.stdout)
                assert document["proof"]["state"] == "withheld"
                assert "not copied within --max-pause" in document["proof"]["withheld"]
                assert not any(g["verdict"] == "PROVED" for g in document["goroutines"])
                assert any(
                    entry["what"] == "heap" and "--max-pause" in entry["detail"]
                    for entry in document["incomplete"]
                )
                required = parked(
                    "--max-pause", "1ms", process.pid, "report", "--require-proof", "--limit", "1"
                )
                assert required.returncode in (2, 3)
            assert runs_freely(process.pid)
            bound *= 1.6
        whole = json.loads(parked("--max-pause", "0", process.pid, "report", "--json").stdout)
    assert seen >= {0, 3}, seen
    assert whole["proof"]["state"] == "given"
    assert sum(g["verdict"] == "PROVED" for g in whole["goroutines"]) == 1000


def test_max_pause_with_more_goroutines_than_are_copied(
    go: Build, running: Callable[..., Running]
) -> None:
    """What was copied by then is reported; of the rest it is said how many there are."""
    everyone = 20_000
    read = {"total": 0}
    with running("many", go, "one-channel", str(everyone)) as process:
        bound = 2.0
        while read["total"] == 0:
            assert bound < 60_000
            option = f"{bound:.2f}ms"
            bound *= 1.7
            report = parked("--max-pause", option, process.pid, "report", "--json", "--limit", "9")
            if report.returncode == 2:
                assert "did not all stop" in report.stderr
                continue
            document = json.loads(report.stdout)
            read = document["target"]["goroutines"]
            if report.returncode == 0:
                assert read["unread"] == 0
                continue
            assert report.returncode == 3, report.stderr
            assert document["proof"]["state"] == "withheld"
            assert document["target"]["verdicts"]["PROVED"] == 0
            if read["total"] + read["dead"] > 0:
                assert read["total"] + read["dead"] + read["unread"] >= everyone
            if read["total"] > 5000:  # those whose turn came are whole
                assert all(g["frames"] for g in document["goroutines"])


def test_max_pause_says_what_it_expects() -> None:
    wrong = parked("--max-pause", "soon", os.getpid())
    assert wrong.returncode == 2
    assert "--max-pause 'soon': expected a duration such as 50ms" in wrong.stderr


def test_killed_at_any_moment_it_leaves_no_trace(
    target: Running, pytestconfig: pytest.Config
) -> None:
    rounds = 2000 if pytestconfig.getoption("--matrix") == "full" else 40
    chosen = random.Random(7)
    started = time.monotonic()
    parked(target.pid, "report")
    usual = time.monotonic() - started
    while_stopped = signals = 0
    for number in range(rounds):
        reader = subprocess.Popen(
            [PARKED, str(target.pid), "report"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if number % 2 == 0:
            # Half of them while the target stands still, or is just being stopped or let go.
            eventually(
                lambda reader=reader: (  # type: ignore[misc]
                    reader.poll() is not None or any(t != "0" for _, t in states(target.pid))
                ),
                5,
            )
            time.sleep(chosen.uniform(0, 0.02) ** 2 / 0.02)
        else:
            time.sleep(chosen.uniform(0, usual * 1.1))
        while_stopped += any(tracer != "0" for _, tracer in states(target.pid))
        if number % 8 == 0:
            os.kill(target.pid, signal.SIGUSR1)  # perhaps to a thread that stands still
            signals += 1
        reader.kill()
        reader.wait()
        assert eventually(lambda: runs_freely(target.pid)), states(target.pid)
        if number % 8 == 0:
            assert eventually(
                lambda signals=signals: target.log.read_text().count("SIGNAL") == signals  # type: ignore[misc]
            ), "a signal was lost"
        assert target.process.poll() is None, target.log.read_text()[-500:]
    before = beats(target)
    assert eventually(lambda: beats(target) > before + 5)
    assert while_stopped > rounds / 20, "hardly ever killed while the target stood still"
    said = finish(target)
    assert "FINE" in said and "ANOMALY" not in said
    assert said.count("SIGNAL") == signals


def test_it_never_writes_to_the_target(target: Running, tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("there is no strace")
    log = tmp_path / "calls"
    calls = "ptrace,process_vm_writev,openat,open,kill,tkill,tgkill,pidfd_send_signal,prlimit64"
    command = (PARKED, target.pid, "report", "--max-pause", "60s")  # tracing is slow
    traced = run("strace", "-f", "-o", log, "-e", f"trace={calls}", *command)
    if not log.exists() or "ptrace(PTRACE_SEIZE" not in log.read_text():
        pytest.skip(f"strace does not work here: {traced.stderr[-200:]}")
    assert traced.returncode == 0, traced.stderr[-500:]
    text = log.read_text()
    assert set(re.findall(r"ptrace\((\w+)", text)) == {
        "PTRACE_SEIZE",
        "PTRACE_INTERRUPT",
        "PTRACE_GETREGSET",
        "PTRACE_DETACH",
    }
    # No thread goes on with a signal that nobody sent.
    assert not re.search(r"ptrace\(PTRACE_DETACH, \d+, NULL, SIG(?!URG)", text)
    opened = re.findall(r'open(?:at)?\((?:AT_FDCWD, )?"(/proc/\d+/[^"]*)", (\S+?)[,)]', text)
    assert any(path.endswith("/mem") for path, _ in opened)
    assert all("O_WRONLY" not in flags and "O_RDWR" not in flags for _, flags in opened)
    for call in ("process_vm_writev", "kill(", "tgkill(", "pidfd_send_signal"):
        assert call not in text, call
    assert "FINE" in finish(target)


def test_unstopped_it_is_never_traced(target: Running, tmp_path: Path) -> None:
    report = parked("--no-stop", target.pid, "report", "--json")
    document = json.loads(report.stdout)
    assert document["target"]["pause_ns"] is None
    assert document["proof"]["state"] == "withheld"
    assert not any(g["verdict"] == "PROVED" for g in document["goroutines"])
    # What is blocked for good is read right even so.
    assert sum(any(f["func"] == "main.lost" for f in g["frames"]) for g in document["goroutines"])
    if shutil.which("strace"):
        log = tmp_path / "calls"
        run("strace", "-f", "-o", log, "-e", "trace=ptrace", PARKED, "--no-stop", target.pid)
        assert not log.exists() or "ptrace(" not in log.read_text()
    assert "FINE" in finish(target)


def in_namespaces(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*UNSHARE, "sh", "-c", script, "sh", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def program_in(shell: int, name: str) -> int:
    """The pid, as we see it, of the program below `shell`."""
    below = [shell]
    for pid in below:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            below += [int(word) for word in children.read_text().split()]
        if Path(f"/proc/{pid}/comm").read_text().strip() == name:
            return pid
    raise AssertionError(f"no {name} below {shell}")


@pytest.mark.parametrize("how", ["chroot", "bind mount"])
def test_another_pid_and_mount_namespace(go: Build, how: str, tmp_path: Path) -> None:
    if how == "chroot":
        binary = build_target("load", go)
        (tmp_path / "app").mkdir()
        shutil.copy(binary, tmp_path / "app/load")
        process = in_namespaces('exec chroot "$1" /app/load 4', tmp_path)
    else:
        binary = build_target("load", Build(go.go, "pie"))
        process = in_namespaces('mount --bind "$1" /mnt && exec /mnt/load 4', binary.parent)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "READY" in line:
                break
        else:
            pytest.skip("namespaces are not permitted here")
        pid = program_in(process.pid, "load")
        inside = re.search(r"^NSpid:.*\t(\d+)$", Path(f"/proc/{pid}/status").read_text(), re.M)
        assert inside and int(inside[1]) != pid
        shown = os.readlink(f"/proc/{pid}/exe")
        assert how == "chroot" or not Path(shown).exists()
        # Some of its goroutines run: their threads are known by the ids they have in there.
        for _ in range(5):
            report = looked(pid)
            document = json.loads(report.stdout)
            assert report.returncode == 0, document["incomplete"]
            assert document["proof"]["state"] == "given"
            assert finds_the_lost(document)
    finally:
        process.kill()
        process.communicate()


def refused(reader: Path, pid: int, *how: str) -> str:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root and setpriv")
    report = run("setpriv", *how, reader, pid, "report")
    assert report.returncode == 2 and report.stdout == "", report.stdout
    return report.stderr


def test_another_users_process(target: Running, for_everybody: Path) -> None:
    said = refused(for_everybody, target.pid, "--reuid=65534", "--regid=65534", "--clear-groups")
    assert "not allowed to" in said and f"process {target.pid}" in said
    assert "it runs as user 0; run as that user or as root" in said
    assert "FINE" in finish(target)


def test_without_the_capability(target: Running, for_everybody: Path) -> None:
    said = refused(for_everybody, target.pid, "--bounding-set=-sys_ptrace")
    assert "CAP_SYS_PTRACE is missing (in a container: --cap-add=SYS_PTRACE)" in said
    assert "FINE" in finish(target)
