"""100,000 goroutines inside gdb and lldb: Ctrl-C ends a command, what was read is kept until the
program moves and given back then, here and through a gdbserver."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.matrix import Build
from support.paths import GDB_SCRIPT, LLDB_PLUGIN
from support.running import Running
from support.terminal import Terminal, port_in, remote

pytestmark = pytest.mark.slow

ROW = Build("1.27", "default")
MANY = "100000"
LLDB = shutil.which("lldb-19") or "lldb"
LLDB_SERVER = shutil.which("lldb-server-19") or "lldb-server"

both = pytest.mark.parametrize("kind", ["gdb", "lldb"])


def need(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool}")


@contextlib.contextmanager
def debugger(kind: str, *arguments: object) -> Iterator[Terminal]:
    """gdb or lldb with the commands of parked."""
    if kind == "gdb":
        need("gdb")
        settings = ("pagination off", "confirm off", "debuginfod enabled off", "style enabled off")
        words: list[object] = ["gdb", "-nx", "-q", "-iex", "set auto-load no"]
        for setting in settings:
            words += ["-iex", f"set {setting}"]
        with Terminal("(gdb) ", *words, *arguments) as terminal:
            terminal.ask(f"source {GDB_SCRIPT}")
            yield terminal
    else:
        need(LLDB)
        with Terminal("(lldb) ", LLDB, "-x", "--no-use-colors", *arguments) as terminal:
            terminal.ask(f"plugin load {LLDB_PLUGIN}")
            yield terminal


@contextlib.contextmanager
def served(kind: str, target: Running) -> Iterator[tuple[str, int]]:
    """A server that holds the process: the debugger's command to connect to it, and its id."""
    if kind == "gdb":
        need("gdbserver")
        command = ["gdbserver", "--once", "--attach", "127.0.0.1:0", target.pid]
        server, port = remote(command, r"Listening on port (\d+)")
        connect = f"target remote 127.0.0.1:{port}"
    else:
        need(LLDB_SERVER)
        told = target.folder / "port"
        told.touch()  # a file will do for the pipe, and does not block who reads it
        words = ["--named-pipe", str(told), "--attach", str(target.pid), "127.0.0.1:0"]
        server = subprocess.Popen(
            [LLDB_SERVER, "gdbserver", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        port = port_in(told, server)
        connect = f"gdb-remote 127.0.0.1:{port}"
    try:
        yield connect, server.pid
    finally:
        server.kill()
        server.wait()


def verdicts(text: str) -> str:
    found = re.search(r"^verdicts +(.*)$", text, re.MULTILINE)
    assert found is not None, text[-1000:]
    return found.group(1)


def stopped(pid: int) -> bool:
    return re.search(r"^State:\s+t", Path(f"/proc/{pid}/status").read_text(), re.M) is not None


def processor_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@both
def test_ctrl_c_while_a_server_is_read(kind: str, running: Callable[..., Running]) -> None:
    with (
        running("gen", ROW, "-n", MANY) as target,
        served(kind, target) as (connect, server),
        debugger(kind, target.binary) as terminal,
    ):
        terminal.ask(connect)
        before = processor_ticks(server)
        terminal.type("parked report")
        until_it_reads = time.monotonic() + 60
        while processor_ticks(server) < before + 5:  # of the many that it takes
            assert time.monotonic() < until_it_reads
            time.sleep(0.01)
        terminal.interrupt()
        text = terminal.answer()
        assert "Quit" in text if kind == "gdb" else "interrupted" in text
        assert "PROVED" not in re.sub("nothing could be PROVED|could be PROVED", "", text)
        assert stopped(target.pid)
        assert "gen" in terminal.ask("info inferiors" if kind == "gdb" else "target list")
        whole = terminal.ask("parked report")
        assert "PROVED" in verdicts(whole) and "incomplete" not in whole
        terminal.ask("detach")
        assert target.process.poll() is None


@both
def test_ctrl_c_while_it_writes(kind: str, running: Callable[..., Running]) -> None:
    with (
        running("gen", ROW, "-n", MANY) as target,
        debugger(kind, "-p", target.pid) as terminal,
    ):
        terminal.ask("parked info")
        terminal.type("parked report --json")  # some 180 MB
        terminal.read_until(b'"goroutines":[', timeout=60)
        terminal.interrupt()
        text = terminal.answer()
        assert len(text) < 20_000_000
        assert "Quit" in text if kind == "gdb" else "the output is cut off" in text
        assert stopped(target.pid)
        assert "PROVED" in verdicts(terminal.ask("parked report"))
        terminal.ask("detach")
        assert target.process.poll() is None


def test_the_pager_of_gdb_is_left(running: Callable[..., Running]) -> None:
    with (
        running("gen", ROW, "-n", MANY) as target,
        debugger("gdb", "-p", target.pid) as terminal,
    ):
        for setting in ("height 20", "pagination on"):
            terminal.ask(f"set {setting}")
        for leave in ("q", "\x03"):
            terminal.type("parked goroutines --all")
            terminal.read_until(b"--Type <RET>", timeout=60)
            terminal.type(leave)
            assert len(terminal.answer()) < 100_000
        terminal.ask("set pagination off")
        lines = terminal.ask("parked goroutines --all").splitlines()
        assert (
            len([line for line in lines if "main.main" in line or "gen/main.go" in line]) > 99_000
        )
        terminal.ask("detach")


@both
def test_memory_is_given_back_and_does_not_grow(kind: str, running: Callable[..., Running]) -> None:
    with (
        running("gen", ROW, "-n", MANY) as target,
        debugger(kind, target.binary) as terminal,
    ):
        attach = f"attach {target.pid}" if kind == "gdb" else f"process attach -p {target.pid}"
        before = terminal.anonymous()
        held: list[int] = []
        for _ in range(4):
            terminal.ask(attach)
            assert "PROVED" in verdicts(terminal.ask("parked report"))
            held.append(terminal.anonymous())
            terminal.ask("detach")
            deadline = time.monotonic() + 60
            while terminal.anonymous() > before + (held[0] - before) / 2:
                assert time.monotonic() < deadline, (before, held, terminal.anonymous())
                time.sleep(0.1)
        assert held[0] > before + 150
        assert held[-1] < held[0] * 1.15, held
        assert terminal.end(timeout=60) == 0


def reads(log: Path, kind: str) -> int:
    """Packets that asked for memory."""
    pattern = rb"\$m[0-9a-f]+," if kind == "gdb" else rb"send packet: \$[xm]"
    return len(re.findall(pattern, log.read_bytes()))


@both
def test_a_second_command_reads_nothing_until_the_program_moves(
    kind: str, running: Callable[..., Running]
) -> None:
    with (
        running("gen", ROW, "-n", "500") as target,
        served(kind, target) as (connect, _),
        debugger(kind, target.binary) as terminal,
    ):
        log = target.folder / "packets"
        if kind == "gdb":
            terminal.ask(f"set remotelogfile {log}")
        else:
            terminal.ask(f"log enable -f {log} gdb-remote packets")
        terminal.ask(connect)

        def count(*commands: str) -> int:
            before = reads(log, kind)
            for command in commands:
                terminal.ask(command)
            return reads(log, kind) - before

        assert count("parked report") > 20
        assert count("parked report", "parked goroutines", "parked why 1", "parked locks") == 0
        if kind == "gdb":
            # The thread sleeps in a system call: the step is to see it interrupted (EINTR) instead
            # of restarting it.
            terminal.ask("set $rax = -4")
            terminal.ask("set $orig_rax = -1")
            terminal.ask("parked report")
            assert count("parked report") == 0
            terminal.ask("stepi")
        else:
            terminal.ask("process handle SIGURG --stop false --notify false")
            terminal.ask("continue")
            assert "is running" in terminal.ask("parked report")
            terminal.ask("process interrupt")
            deadline = time.monotonic() + 60
            while "stopped" not in terminal.ask("process status"):
                assert time.monotonic() < deadline
        assert count("parked report") > 20
        terminal.ask("detach")
        gone = "nothing to read" if kind == "gdb" else "gone"
        assert gone in terminal.ask("parked report")


@both
def test_a_server_tells_what_the_process_tells(kind: str, running: Callable[..., Running]) -> None:
    def facts(text: str) -> list[str]:
        told = re.compile(r"PROVED|SUSPECT|UNKNOWN|WAITING|RUNNING|incomplete")
        lines = [line for line in text.splitlines() if told.search(line)]
        age = re.compile(r"(at least )?(\d+(\.\d+)?(ns|us|ms|s|m|h))+(?!\w)")
        return [" ".join(age.sub("", line).split()) for line in lines]

    with running("gen", ROW, "-n", "1000") as target:
        with served(kind, target) as (connect, _), debugger(kind, target.binary) as terminal:
            terminal.ask(connect)
            far = terminal.ask("parked goroutines --all")
            assert "through the debugger" in terminal.ask("parked info")
            terminal.ask("detach")
        with debugger(kind, "-p", target.pid) as terminal:
            near = terminal.ask("parked goroutines --all")
            assert f"process {target.pid}" in terminal.ask("parked info")
            terminal.ask("detach")
        assert target.process.poll() is None
    assert sum("PROVED" in line for line in facts(far)) > 800
    assert facts(far) == facts(near)
