"""`parked exec`: the program behaves as without, and what it leaves behind is told as it exits."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import run
from support.matrix import RELEASES, Build
from support.paths import PARKED
from support.terminal import Terminal

ROWS = {
    "row": {
        "quick": [Build("1.27", "default")],
        "ci": [Build("1.18", "default"), Build("1.22", "stripped"), Build("1.27", "default")],
        "full": [Build(go, mode) for go in RELEASES for mode in ("default", "cgo", "stripped")],
    },
}
# Without and with a process that stands in for the program, and with its children watched.
WAYS = {
    "watched": ["exec"],
    "stood in for": ["exec", "--fail-on", "proved"],
    "with children": ["exec", "--children", "--fail-on", "proved"],
}
ENDS = {
    "return": 0,
    "exit:3": 3,
    "panic": 2,
    "nil": 2,
    f"kill:{signal.SIGTERM.value}": -signal.SIGTERM,
    f"kill:{signal.SIGKILL.value}": -signal.SIGKILL,
    f"kill:{signal.SIGQUIT.value}": 2,
    "raw:11": 11,
    "threads:200": 0,
    "children:20": 0,
}
FOUND = "3  PROVED   chan send"


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> list[str]:
    return WAYS[request.param]


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def state(pid: int) -> str:
    """The state of a process, "" if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def in_foreground(pid: int) -> bool:
    """Whether what is typed at its terminal is for its group."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return words[2] == words[5]


def tracer(pid: int) -> int:
    found = re.search(r"^TracerPid:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found.group(1))


class Waiting:
    """The program under `parked exec`, as it waits for signals."""

    def __init__(self, way: list[str], binary: Path, what: str = "clean") -> None:
        self.process = subprocess.Popen(
            [PARKED, *way, "--", binary, what, "wait"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.pid = int(self.process.stdout.readline().split()[1])

    def __enter__(self) -> Waiting:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> tuple[int, str]:
        _, told = self.process.communicate(timeout=60)
        return self.process.returncode, told


@pytest.mark.parametrize("end", ENDS)
def test_it_ends_as_without(row: Build, way: list[str], end: str) -> None:
    binary = build_target("leaver", row)
    plain = run(binary, "clean", end)
    assert plain.returncode == ENDS[end], plain.stderr
    seen = run(PARKED, *way, "--", binary, "clean", end)
    assert (seen.returncode, seen.stdout) == (plain.returncode, plain.stdout), seen.stderr
    if plain.stderr == "":
        assert seen.stderr == ""


@pytest.mark.parametrize("end", [*ENDS, "again:20"])
def test_what_it_leaves_is_told(row: Build, way: list[str], end: str) -> None:
    binary = build_target("leaver", row)
    code = ENDS.get(end, 5)
    seen = run(PARKED, *way, "--", binary, "leak", end)
    if code == 0 and "--fail-on" in way:
        code = 1
    assert seen.returncode == code, seen.stderr
    # Of a program that becomes another one, what the last one leaves.
    assert seen.stderr.count(FOUND) == 1
    assert "main.ask" in seen.stderr


def test_many_that_exit_at_once(row: Build) -> None:
    """A thread that was about to exit by itself does not stop for it: then nothing is proved."""
    binary = build_target("leaver", row)
    for _ in range(30):
        seen = run(PARKED, "exec", "--fail-on", "running", "--", binary, "leak", "many:4")
        assert seen.returncode == 4
        assert FOUND in seen.stderr or "no proof " in seen.stderr, seen.stderr


def test_its_place_is_the_same(row: Build, way: list[str]) -> None:
    """Process group, session, descriptors, signals, children."""
    binary = build_target("leaver", row)

    def place(*words: object) -> dict[str, object]:
        done = subprocess.run(
            [str(word) for word in words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=True,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
        )
        seen: dict[str, object] = json.loads(done.stdout)
        assert seen["Group"] == os.getpgrp()
        seen["Files"] = [re.sub(r"pipe:\S+", "pipe", each) for each in seen["Files"]]  # type: ignore[attr-defined]
        return seen

    plain = place(binary, "clean", "place")
    assert place(PARKED, *way, "--", binary, "clean", "place") == plain
    assert plain["Child"] == "no child processes"


def test_stdin_and_stdout(row: Build, way: list[str]) -> None:
    binary = build_target("leaver", row)
    lines = "".join(f"line {i}\n" for i in range(2000))
    seen = subprocess.run(
        [PARKED, *way, "--", binary, "clean", "echo"],
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (seen.returncode, seen.stdout) == (0, lines)
    assert seen.stderr == "".join(f"err {line}\n" for line in lines.splitlines())


def test_what_it_leaves_running_runs_on(row: Build, way: list[str]) -> None:
    """And nobody waits for it, as its output is not parked's."""
    binary = build_target("leaver", row)
    started = time.monotonic()
    seen = run(PARKED, *way, "--", binary, "clean", "daemon:1000")
    daemon = int(seen.stdout)
    try:
        assert seen.returncode == 0
        assert state(daemon) == "S"
        assert time.monotonic() - started < 500
    finally:
        os.kill(daemon, signal.SIGKILL)


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
def test_signals_reach_it(row: Build, way: list[str], end: signal.Signals) -> None:
    binary = build_target("leaver", row)
    with subprocess.Popen([binary, "clean", "wait"], stdout=-1, stderr=-1, text=True) as plain:
        assert plain.stdout is not None
        plain.stdout.readline()
        plain.send_signal(end)
        plain.communicate(timeout=60)
    with Waiting(way, binary, "leak") as program:
        for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR1):
            program.process.send_signal(number)
            assert program.line().startswith("got user defined signal")
        program.process.send_signal(end)
        code, told = program.end()
        assert code == plain.returncode, told
        wait_for(lambda: state(program.pid) in ("", "Z"), "the program runs on")
        if end != signal.SIGKILL:
            assert FOUND in told


def test_what_is_sent_to_the_group_comes_once(row: Build, way: list[str]) -> None:
    binary = build_target("leaver", row)
    script = (
        f"set -m; {PARKED} {' '.join(way)} -- {binary} clean wait & "
        "read x; kill -USR1 -- -$!; read x; kill -HUP $!; "
        "read x; kill -TERM -- -$!; wait $!; echo $?"
    )
    with subprocess.Popen(
        ["bash", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as shell:
        assert shell.stdin is not None and shell.stdout is not None
        for expected in ("READY", "got user", "got hangup", "143"):
            assert shell.stdout.readline().startswith(expected)
            shell.stdin.write("\n" * (expected != "143"))
            shell.stdin.flush()


def test_the_helper_may_die(row: Build, way: list[str]) -> None:
    binary = build_target("leaver", row)
    with Waiting(way, binary, "leak") as program:
        os.kill(tracer(program.pid), signal.SIGKILL)
        wait_for(lambda: tracer(program.pid) == 0, "it is traced for ever")
        program.process.send_signal(signal.SIGUSR1)
        assert program.line().startswith("got user")
        program.process.send_signal(signal.SIGTERM)
        assert program.end() == (-signal.SIGTERM, "")


# In a session of its own, as a job of a CI is: nobody outside of the group could continue it.
WITH_A_STOPPED_SIBLING = """
import os, signal, subprocess, sys
got = []
signal.signal(signal.SIGHUP, lambda *_: got.append("hung up"))
sibling = subprocess.Popen(["sleep", "300"])
sibling.send_signal(signal.SIGSTOP)
os.waitpid(sibling.pid, os.WUNTRACED)
done = subprocess.run(sys.argv[1:])
stat = open(f"/proc/{sibling.pid}/stat").read()
print("ENDED", done.returncode, got, stat.rpartition(")")[2].split()[0])
sibling.kill()
"""


def test_a_stopped_process_of_the_group_stays_stopped(row: Build, way: list[str]) -> None:
    """The kernel hangs up a group with a stopped process once nobody outside is left who could
    continue it. Where the stand-in was such a one, its end took the group with it."""
    binary = build_target("leaver", row)
    words = [sys.executable, "-c", WITH_A_STOPPED_SIBLING]
    without = run(*words, binary, "clean", "return", start_new_session=True)
    assert "ENDED 0 [] T\n" in without.stdout
    exec_words = [PARKED, *way, "--", binary, "clean", "return"]
    done = run(*words, *exec_words, start_new_session=True)
    assert "ENDED 0 [] T\n" in done.stdout, done.stdout + done.stderr


def test_job_control(row: Build, way: list[str]) -> None:
    """Ctrl-Z, fg, bg, Ctrl-C at a terminal."""
    binary = build_target("leaver", row)
    words = f"{PARKED} {' '.join(way)} -- {binary} clean wait"
    with Terminal("$ ", "env", "PS1=$ ", "bash", "--norc", "--noprofile", "-i") as shell:
        for _ in range(3):
            shell.type(words)
            shell.read_until(b"READY ", 60)
            pid = int(shell.read_until(b"\r", 60))
            for resume in ("fg", "bg"):
                os.write(shell._screen, b"\x1a")
                shell.read_until(b"Stopped", 60)
                shell.answer()
                wait_for(lambda pid=pid: state(pid) in ("T", "t"), "it does not stop")
                shell.type(resume)
                shell.read_until(b"got continued", 60)
                wait_for(lambda pid=pid: state(pid) not in ("T", "t"), "it does not go on")
            shell.type("fg")
            shell.read_until(b"wait", 60)
            # The shell says so before it has given the terminal away.
            wait_for(lambda pid=pid: in_foreground(pid), "it is not in the foreground")
            shell.interrupt()
            shell.answer()
            wait_for(lambda pid=pid: state(pid) == "", "Ctrl-C does not end it")
        shell.type("exit")


def test_job_control_without_a_pause(row: Build, way: list[str]) -> None:
    """The helper gets to see a continued program only when that was stopped again, or has ended."""
    binary = build_target("leaver", row)
    words = f"{PARKED} {' '.join(way)} -- {binary} clean wait"
    with Terminal("$ ", "env", "PS1=$ ", "bash", "--norc", "--noprofile", "-i") as shell:
        shell.type(words)
        shell.read_until(b"READY ", 60)
        pid = int(shell.read_until(b"\r", 60))
        os.sched_setscheduler(tracer(pid), os.SCHED_IDLE, os.sched_param(0))
        for _ in range(20):
            os.write(shell._screen, b"\x1a")
            shell.read_until(b"Stopped", 60)
            shell.read_until(b"$", 60)
            shell.type("fg")
            shell.read_until(b"got continued", 60)
        shell.interrupt()
        shell.answer()
        wait_for(lambda: state(pid) == "", "Ctrl-C does not end it")
        shell.type("exit")


def test_at_a_signal_and_after_a_time(row: Build, way: list[str]) -> None:
    binary = build_target("leaver", row)
    for option in (["--at", "USR1"], ["--after", "1ms"]):
        with Waiting([*way, *option], binary, "leak") as program:
            seer = tracer(program.pid)
            if option[0] == "--at":
                assert seer > 0
                program.process.send_signal(signal.SIGUSR1)
                assert program.line().startswith("got user")
            wait_for(lambda: tracer(program.pid) == 0, "it is still traced")
            program.process.send_signal(signal.SIGUSR2)
            assert program.line().startswith("got user")
            program.process.send_signal(signal.SIGTERM)
            code, told = program.end()
            assert code == -signal.SIGTERM
            if option[0] == "--at":
                assert told.count(FOUND) == 1
    seen = run(PARKED, *way, "--at", "USR1", "--after", "1h", "--", binary, "leak", "exit:3")
    assert (seen.returncode, FOUND in seen.stderr) == (3, True)


def test_other_programs_are_run_as_they_are(way: list[str]) -> None:
    seen = run(PARKED, *way, "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (seen.returncode, seen.stdout, seen.stderr) == (7, "out\n", "err\n")
    seen = run(PARKED, *way, "--", "/nothing/here")
    assert seen.returncode == 127
    assert seen.stderr == "parked: exec: cannot run /nothing/here: No such file or directory\n"
    seen = run(PARKED, *way, "--", "/etc/passwd")
    assert seen.returncode == 126


def test_a_program_behind_others(row: Build, way: list[str]) -> None:
    """A script, or env, that becomes the program."""
    binary = build_target("leaver", row)
    seen = run(PARKED, *way, "--", "env", "A=b", "sh", "-c", f"exec {binary} leak exit:3")
    assert (seen.returncode, FOUND in seen.stderr) == (3, True), seen.stderr


def test_one_that_is_traced_already(row: Build, way: list[str]) -> None:
    binary = build_target("leaver", row)
    for inner in ("clean", "leak"):
        seen = run(PARKED, *way, "--", PARKED, "exec", "--", binary, inner, "exit:3")
        assert seen.returncode == 3
        assert "the program runs unobserved" in seen.stderr
        assert seen.stderr.count(FOUND) == (inner == "leak")


@pytest.mark.parametrize("options", [[], ["--fail-on", "proved"]])
def test_children(row: Build, options: list[str], tmp_path: Path) -> None:
    """Those that are Go's are told as they exit, each on its own; what they give back stays."""
    binary = build_target("leaver", row)
    words = [
        PARKED,
        "exec",
        "--children",
        *options,
        "--report-dir",
        tmp_path,
        "--",
        binary,
        "clean",
    ]
    seen = run(*words, "leakers:5")
    assert (seen.returncode, seen.stdout) == (1 if options else 0, "")
    told = re.findall(
        r"^parked exec: (child )?process (\d+), as it exited with code (\d)$",
        seen.stderr,
        re.MULTILINE,
    )
    assert [(child, code) for child, _, code in told] == [("child ", "3")] * 5
    assert len({pid for _, pid, _ in told}) == 5
    assert seen.stderr.count(FOUND) == 5
    assert len(list(tmp_path.glob("*.json"))) == 6
    # What a shell starts is not looked at: it is traced no more when it becomes one.
    seen = run(*words, "shell")
    assert (seen.returncode, seen.stdout) == (0, "exit status 3 \n")
    assert "parked exec" not in seen.stderr
    # Without --children only itself.
    seen = run(PARKED, "exec", *options, "--", binary, "clean", "leakers:2")
    assert (seen.returncode, seen.stdout, seen.stderr) == (0, "", "")


def test_children_that_live_on(row: Build, way: list[str]) -> None:
    """They are let go as the program ends, and behave as before."""
    binary = build_target("leaver", row)
    seen = run(PARKED, *way, "--", binary, "clean", "service")
    assert seen.returncode == 0, seen.stderr
    service = int(seen.stdout)
    try:
        wait_for(lambda: tracer(service) == 0, "it is traced for ever")
        assert state(service) in ("S", "R")
        os.kill(service, signal.SIGUSR1)
        os.kill(service, signal.SIGTERM)
        wait_for(lambda: state(service) in ("", "Z"), "SIGTERM does not end it")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(service, signal.SIGKILL)


def test_formats_and_options(row: Build, tmp_path: Path) -> None:
    binary = build_target("leaver", row)
    seen = run(PARKED, "exec", "--json", "--", binary, "leak", "exit:3")
    document = json.loads(seen.stderr)
    assert [each["verdict"] for each in document["goroutines"]].count("PROVED") == 3
    baseline = tmp_path / "known.json"
    words = ["exec", "--fail-on", "proved"]
    first = run(PARKED, *words, "--write-baseline", baseline, "--", binary, "leak", "return")
    assert first.returncode == 1
    second = run(PARKED, *words, "--baseline", baseline, "--", binary, "leak", "return")
    assert (second.returncode, second.stderr) == (0, "")


def test_require_proof(row: Build) -> None:
    """Where there is none the code is 3, unless the program has one of its own."""
    binary = build_target("leaver", row)
    words = [PARKED, "exec", "--require-proof"]
    seen = run(*words, "--", binary, "clean", "return")
    assert (seen.returncode, seen.stderr) == (0, "")
    for end, code in (("return", 3), ("exit:5", 5)):
        seen = run(*words, "--no-proof", "--", binary, "clean", end)
        assert seen.returncode == code
        assert "not all of the program could be read or proved" in seen.stderr


def test_words_that_make_no_sense() -> None:
    for words, said in (
        (["exec"], "a program behind --"),
        (["exec", "--"], "a program behind --"),
        (["exec", "--at", "KILL", "--", "true"], "--at 'KILL'"),
        (["exec", "--at", "NOBODY", "--", "true"], "--at 'NOBODY'"),
        (["exec", "--after", "soon", "--", "true"], "--after 'soon'"),
        (["exec", "--fail-on", "all", "--", "true"], "--fail-on 'all'"),
        (["exec", "--children", "--write-baseline", "x", "--", "true"], "--write-baseline"),
        (["exec", "--ignore-file", "/nothing/here", "--", "true"], "/nothing/here"),
        (["exec", "--baseline", "/etc/passwd", "--", "true"], "/etc/passwd"),
    ):
        seen = run(PARKED, *words)
        assert (seen.returncode, seen.stdout) == (2, "")
        assert said in seen.stderr
        assert seen.stderr.count("\n") == 1
    assert "--after TIME" in run(PARKED, "exec", "--help").stdout
