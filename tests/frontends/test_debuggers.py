"""The commands inside gdb and lldb answer as the program does."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

gdb = pytest.mark.parametrize("tool", ["gdb"], indirect=True)
lldb = pytest.mark.parametrize("tool", ["lldb-19"], indirect=True)


def run(*command: object, errors: int = subprocess.STDOUT) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=errors,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    return done.stdout.decode(errors="replace")


def in_gdb(tool: str, build: Path, *arguments: object, commands: tuple[str, ...]) -> str:
    script = build / "gdb" / "parked-gdb.py"
    words: list[object] = [tool, "-nx", "-batch", "-ex", f"source {script}", *arguments]
    for command in commands:
        words += ["-ex", command]
    return run(*words)


def in_lldb(
    tool: str,
    build: Path,
    *arguments: object,
    commands: tuple[str, ...],
    errors: int = subprocess.DEVNULL,
) -> str:
    """What lldb prints; what it warns of by itself, at any moment, is elsewhere."""
    plugin = build / "lldb_plugin" / "libparked_lldb.so"
    words: list[object] = [tool, "-b", "-x", *arguments, "-o", f"plugin load {plugin}"]
    for command in commands:
        words += ["-o", command]
    return run(*words, errors=errors)


def answer(output: str, after: str = "") -> list[str]:
    """The lines of the report, without what the debuggers say around it."""
    start = output.index("goroutines  ", output.index(after))
    end = output.find("\n(lldb)", start)
    text = output[start : end if end >= 0 else None]
    lines = [line.rstrip() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    # How a command is called differs; at the end gdb tells what it does to a process it holds.
    return [
        line
        for line in lines
        if not re.search(r"^\[Inferior|^Detaching|not shown|in full| more", line)
    ]


@gdb
def test_gdb_on_a_core_says_what_the_program_says(
    tool: str, build: Path, program: Path, core: Path
) -> None:
    expected = answer(run(build / "cli" / "parked", "core", program, core))
    assert any("chan send" in line for line in expected)
    assert answer(in_gdb(tool, build, program, core, commands=("parked report",))) == expected


@lldb
def test_lldb_on_a_core_says_what_the_program_says(
    tool: str, build: Path, program: Path, core: Path
) -> None:
    expected = answer(run(build / "cli" / "parked", "core", program, core))
    output = in_lldb(tool, build, program, "-c", core, commands=("parked report",))
    assert answer(output, after="parked report") == expected


@gdb
def test_gdb_on_a_process(
    tool: str, build: Path, program: Path, process: subprocess.Popen[str]
) -> None:
    output = in_gdb(tool, build, "-p", process.pid, commands=("parked report",))
    assert f"process {process.pid}" in output
    assert "5 senders queued" in output
    assert process.poll() is None


@lldb
def test_lldb_on_a_process(
    tool: str, build: Path, program: Path, process: subprocess.Popen[str]
) -> None:
    output = in_lldb(tool, build, "-p", process.pid, commands=("parked report", "detach"))
    assert f"process {process.pid}" in output
    assert "5 senders queued" in output
    assert process.poll() is None


def copies() -> set[str]:
    """Of remote programs, where gdb has them for a session."""
    return {name for name in os.listdir("/tmp") if name.startswith("parked-")}


@pytest.mark.alone  # others have such copies, too
@pytest.mark.parametrize("tool", ["gdbserver"], indirect=True)
def test_gdb_through_gdbserver(
    tool: str, build: Path, program: Path, process: subprocess.Popen[str]
) -> None:
    before = copies()
    server = subprocess.Popen(
        [tool, "--once", "--attach", "127.0.0.1:0", str(process.pid)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        port = next(
            match.group(1)
            for line in server.stderr
            if (match := re.search(r"Listening on port (\d+)", line))
        )
        output = in_gdb(
            "gdb",
            build,
            commands=(f"target remote 127.0.0.1:{port}", "parked report", "detach"),
        )
    finally:
        server.kill()
        server.wait()
    assert "5 senders queued" in output
    assert copies() == before


@gdb
def test_gdb_walks_the_stack_of_a_selected_goroutine(
    tool: str, build: Path, program: Path, core: Path
) -> None:
    listed = run(build / "cli" / "parked", "core", program, core, "goroutines", "--json")
    found = next(g for g in json.loads(listed)["goroutines"] if g["reason"] == "chan send")
    assert "main.leak" in [frame["func"] for frame in found["frames"]]
    if b".symtab" not in program.read_bytes():
        pytest.skip("gdb itself walks stacks by symbols and DWARF alone")
    output = in_gdb(
        tool,
        build,
        program,
        core,
        commands=(
            f"parked select {found['id']}",
            "bt",
            "frame function main.leak",
            "info args",
            "parked select none",
            "frame",
        ),
    )
    walked = re.findall(r"^#\d+ +(?:0x\w+ in )?(\S+) \(", output, re.MULTILINE)
    functions = [frame["func"] for frame in found["frames"]]
    assert "main.leak" in functions
    start = walked.index(functions[0])
    assert walked[start + 1 : start + 1 + len(functions)] == functions
    assert re.search(r"^i = ", output, re.MULTILINE)
    assert "#0 " in output.split("i = ")[1]  # the thread's own frame again


@gdb
def test_gdb_says_in_one_line_what_is_wrong(tool: str, build: Path, program: Path) -> None:
    commands = ("parked report", "parked report --nonsense", "parked gorutines")
    output = in_gdb(tool, build, commands=commands)
    assert "Did you mean 'goroutines'?" in output
    assert "There is nothing to read" in output
    assert "--nonsense" in output
    assert "Traceback" not in output


@lldb
def test_lldb_says_in_one_line_what_is_wrong(tool: str, build: Path) -> None:
    output = in_lldb(tool, build, commands=("parked report",), errors=subprocess.STDOUT)
    assert "error: parked: there is nothing to read" in output


@gdb
def test_gdb_lists_what_each_command_is_for(tool: str, build: Path) -> None:
    output = in_gdb(tool, build, commands=("help parked", "parked", "parked help nonsense"))
    assert "parked why -- What keeps a blocked goroutine from being called leaked." in output
    assert output.count("one goroutine with everything known of it") == 1  # by `parked` alone
    assert "'nonsense' is no command" in output


@gdb
def test_gdb_completes_commands_and_options(tool: str, build: Path) -> None:
    lines = ("parked con", "parked report --suspect", "parked timers --lim", "parked help ti")
    output = in_gdb(tool, build, commands=tuple(f"complete {line}" for line in lines))
    expected = ["parked contexts", "parked report --suspect-age", "parked report --suspect-count"]
    expected += ["parked timers --limit", "parked help timers"]
    assert sorted(output.splitlines()) == sorted(expected)


@lldb
def test_lldb_knows_no_help_of_what_is_no_command(tool: str, build: Path) -> None:
    commands = ("parked help why", "parked help nonsense")
    output = in_lldb(tool, build, commands=commands, errors=subprocess.STDOUT)
    assert "The verdict of the goroutine, and the shortest way" in output
    assert "'nonsense' is no command" in output


@gdb
def test_what_was_read_is_forgotten_when_the_program_moves(
    tool: str, build: Path, program: Path, process: subprocess.Popen[str]
) -> None:
    session = "python import parked_gdb.session as s; print('kept' if s._cached else 'none')"
    # The thread sleeps in a system call. A step that restarts the call lasts as long as the call:
    # the step is to see it interrupted (EINTR) instead.
    interrupted = ("set $rax = -4", "set $orig_rax = -1")
    output = in_gdb(
        tool,
        build,
        "-p",
        process.pid,
        commands=("parked report", session, *interrupted, "stepi", session),
    )
    assert re.findall(r"^(kept|none)$", output, re.MULTILINE) == ["kept", "none"]


def test_signals_reach_python_while_a_core_is_read(build: Path, program: Path, core: Path) -> None:
    parked = pytest.importorskip("parked")

    class RungError(Exception):
        pass

    def ring(_signal: int, _frame: object) -> None:
        raise RungError

    before = signal.signal(signal.SIGUSR1, ring)
    try:
        with pytest.raises(RungError):
            parked.open_core(
                core, program, progress=lambda *_: os.kill(os.getpid(), signal.SIGUSR1)
            )
            time.sleep(1)
    finally:
        signal.signal(signal.SIGUSR1, before)
