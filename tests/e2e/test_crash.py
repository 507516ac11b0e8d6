"""What a program died of, against what Go itself printed as it died; and what is no death."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.building import build_target
from support.commands import gdb, lldb, parked
from support.go_traceback import HEADER
from support.matrix import Build
from support.running import Running, need_kernel_cores
from support.schema import VALIDATOR

# Ways to die of tests/targets/dying; each is a process and a core of its own.
PANICS = [
    "string",
    "long",
    "int",
    "uint8",
    "bool",
    "float",
    "complex",
    "code",
    "name",
    "ratio",
    "struct",
    "pointer",
    "slice",
    "error",
    "wrapped",
    "path",
    "failure",
    "stringer",
    "errno",
    "nilmap",
    "nilderef",
    "bounds",
    "slicing",
    "assertion",
    "missing",
    "divide",
    "closed",
    "address",
    "nil",
    "repanic",
    "nested",
    "same",
    "goexit",
]
FATAL = ["asleep", "mainexit", "noone", "overflow", "writes"]
# Those that differ in how they are read, for the rows of the ci matrix.
TELLING = [
    "long",
    "float",
    "error",
    "bounds",
    "assertion",
    "struct",
    "failure",
    "nilderef",
    "repanic",
    "same",
    "goexit",
    "asleep",
    "overflow",
    "writes",
]
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:e[+-]\d+)?")


def rows(matrix: str) -> list[tuple[Build, list[str]]]:
    if matrix == "full":
        modes = ("default", "noopt", "pie-stripped")
        releases = ("1.18", "1.19", "1.20", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27")
        return [(Build(go, mode), PANICS + FATAL) for go in releases for mode in modes]
    if matrix == "ci":
        return [
            (Build("1.18", "default"), PANICS + FATAL),
            (Build("1.22", "default"), TELLING),
            (Build("1.26", "stripped"), TELLING),
        ]
    return [(Build("1.18", "default"), TELLING), (Build("1.27", "pie-stripped"), TELLING)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    matrix = metafunc.config.getoption("--matrix")
    if "row" in metafunc.fixturenames:
        metafunc.parametrize("row", rows(matrix), ids=lambda row: str(row[0]))
    if "cgo" in metafunc.fixturenames:
        releases = {"quick": ["1.20"], "ci": ["1.20", "1.27"]}.get(matrix, ["1.18", "1.22", "1.27"])
        metafunc.parametrize("cgo", [Build(go, "cgo") for go in releases], ids=str)


@dataclass
class Printed:
    """What Go said as it died."""

    cause: str  # the lines "panic: …" or "fatal error: …"
    several: bool  # two threads found the same fatal error at once, and both printed
    signal: dict[str, str] | None  # code, addr and pc of "[signal SIGSEGV…"
    goroutine: int | None  # the first that is dumped
    function: str  # its innermost one of package main


def printed(output: str) -> Printed:
    lines = output.splitlines()
    begin = next(
        i for i, line in enumerate(lines) if line.startswith(("panic: ", "fatal error: ", "SIG"))
    )
    end = begin
    while not lines[end].startswith(("goroutine ", "[signal ", "runtime stack:", "PC=")) and (
        lines[end] or not HEADER.match(lines[end + 1])
    ):
        end += 1
    causes = [line for line in lines[begin:end] if line]
    several = len(causes) > 1 and causes[0].startswith("fatal error: ") and len({*causes}) == 1
    cause = causes[0] if several else "\n".join(causes)
    signal = re.search(
        r"^\[signal (?P<name>SIG\w+).* code=(?P<code>\S+) addr=(?P<addr>\S+) pc=(?P<pc>[^\]]+)\]",
        output,
        re.MULTILINE,
    )
    headers = [(i, HEADER.match(line)) for i, line in enumerate(lines)]
    first = next(((i, match) for i, match in headers if match and match[1] != "0"), None)
    running = first is not None and re.search("running|syscall", first[1][2])
    frames = lines[first[0] + 1 :] if first else []
    function = next((line for line in frames if line.startswith("main.")), "")
    return Printed(
        cause,
        several,
        signal.groupdict() if signal else None,
        int(first[1][1]) if first and running else None,
        re.sub(r"\([^()]*\)$", "", function),
    )


def die(binary: Path, folder: Path, *how: str) -> tuple[Path, str]:
    """The core, and what Go printed."""
    folder.mkdir()
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_CORE, unlimited)
    environment = {**os.environ, "GOTRACEBACK": "crash"}
    done = subprocess.run(
        [binary, *how], cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    cores = list(folder.glob("core*"))
    assert cores, done.stderr[-2000:]
    return cores[0], done.stderr


def as_go_prints(panics: list[dict[str, Any]]) -> str:
    """The lines of runtime.printpanics."""
    text = ""
    for i, panic in enumerate(panics):
        if i > 0 and panics[i - 1]["repanicked"]:
            continue
        if panic["goexit"]:
            continue
        if i > 0 and not panics[i - 1]["goexit"]:
            text += "\t"
        value = panic["text"]
        # Of these Go prints no more than type and address.
        if re.match(r"&?[\w.*]*\{|\[\]", value):
            value = f"({panic['type']}) {panic['value']}"
        flags = " [recovered, repanicked]" if panic["repanicked"] else " [recovered]"
        text += f"panic: {value}{flags if panic['recovered'] else ''}\n"
    return text


def comparable(text: str) -> str:
    """Without what differs by release: how numbers are written, and lines of a value indented."""
    lines = (line.strip() for line in text.strip().splitlines())
    return NUMBER.sub(lambda number: repr(float(number[0])), "\n".join(lines))


def check(how: str, core: Path, binary: Path, output: str) -> None:
    done = parked("core", binary, core, "crash", "--json")
    assert done.returncode == 0, (how, done.stdout[-500:], done.stderr)
    document = json.loads(done.stdout)
    VALIDATOR.validate(document)
    crash = document["target"]["crash"]
    truth = printed(output)
    assert truth.several or crash["goroutine"] == truth.goroutine, how
    assert not crash["from_outside"], how
    if truth.goroutine is not None:
        assert crash["user_frame"]["func"] == truth.function, how
    if truth.cause.startswith("fatal error: "):
        assert crash["kind"] == "fatal_error", how
        assert f"fatal error: {crash['message']}" == truth.cause, how
        assert crash["all_asleep"] == ("asleep" in crash["message"]), how
    else:
        assert crash["kind"] == "panic", how
        assert all(panic["known"] for panic in crash["panics"]), how
        assert comparable(as_go_prints(crash["panics"])) == comparable(truth.cause), how
    if truth.signal is None:
        assert crash["signal"] is None, how
    else:
        signal = crash["signal"]
        assert signal["name"] == truth.signal["name"], how
        assert signal["code"] == int(truth.signal["code"], 16), how
        assert signal["address"] == truth.signal["addr"], how
        assert signal["pc"] == truth.signal["pc"], how


def test_what_go_printed(row: tuple[Build, list[str]], tmp_path: Path) -> None:
    need_kernel_cores()
    build, ways = row
    binary = build_target("dying", build)
    for how in ways:
        core, output = die(binary, tmp_path / how, how)
        check(how, core, binary, output)
        if how == "asleep":
            check_asleep(core, binary)
        if how == "overflow":
            report = parked("core", binary, core, "report")
            assert "fatal error: stack overflow" in report.stdout
        if how == "failure":
            check_text(core, binary)
        core.unlink()


def check_asleep(core: Path, binary: Path) -> None:
    """Whoever was blocked is proved by the runtime's own word."""
    done = parked("core", binary, core, "report", "--json", "--fail-on", "proved")
    assert done.returncode == 1
    user = [g for g in json.loads(done.stdout)["goroutines"] if not g["system"]]
    assert len(user) == 5
    assert {(g["verdict"], g["rule"]) for g in user} == {("PROVED", "all_asleep")}


def check_text(core: Path, binary: Path) -> None:
    """The header tells, and the group comes first."""
    text = parked("core", binary, core, "report").stdout
    assert "died of     panic: mixing failed with 3: no flour (*main.failure)" in text
    first = text[text.index("\n\n") :].split("\n\n")[1]
    assert "RUNNING" in first and "main.last" in first, first
    crash = parked("core", binary, core, "crash").stdout
    assert crash.startswith("died of     panic: mixing failed with 3"), crash
    assert "main.last(" in crash


def test_abort_in_c(cgo: Build, tmp_path: Path) -> None:
    need_kernel_cores()
    binary = build_target("dying", cgo)
    core, output = die(binary, tmp_path / "abort", "abort")
    crash = json.loads(parked("core", binary, core, "crash", "--json").stdout)["target"]["crash"]
    truth = printed(output)
    assert truth.cause.startswith("SIGABRT")
    assert crash["kind"] == "signal" and not crash["from_outside"]
    assert crash["signal"]["name"] == "SIGABRT" and not crash["signal"]["in_go"]
    assert crash["goroutine"] == truth.goroutine
    assert "in C code" in parked("core", binary, core, "report").stdout
    core.unlink()


# Text of the panics that tests/targets/dying is stuck in, as parked tells it.
STUCK = {
    "stuck text": "string",
    "main.code(3)": "main.code",
    "stuck error": "*errors.errorString",
    "outer: inner": "*fmt.wrapError",
    '&main.failure{Op: "stuck", Code: 4, err: *errors.errorString("deep")}': "*main.failure",
    "2.5": "float64",
    'main.record{ID: 5, Name: "five", next: nil}': "main.record",
    "runtime.Goexit": None,
    "runtime error: index out of range [5] with length 3": "runtime.boundsError",
    "runtime error: invalid memory address or nil pointer dereference": "runtime.errorString",
    "interface conversion: interface {} is string, not int": "*runtime.TypeAssertionError",
}


def stuck_in(document: dict[str, Any]) -> dict[str, str | None]:
    return {one["panics"][-1]["text"]: one["panics"][-1]["type"] for one in document["panicking"]}


def test_behind_deferred_calls(twin: Build, tmp_path: Path) -> None:
    """Panics whose deferred calls block: in a live process, and in its core, which did not die."""
    need_kernel_cores()
    with Running(build_target("dying", twin), tmp_path, "stuck") as target:
        live = json.loads(parked(target.pid, "crash", "--json").stdout)
        core = target.abort()
    assert live["target"]["crash"] is None
    assert stuck_in(live) == STUCK
    dead = json.loads(parked("core", core.binary, core.core, "crash", "--json").stdout)
    VALIDATOR.validate(dead)
    assert stuck_in(dead) == STUCK
    assert {one["panics"][-1]["user_frame"]["func"] for one in dead["panicking"]} <= {
        "main.stuckCall",
        "main.stuck.func1",
        "main.stuck.func2",
        "main.stuck.func3",
    }
    text = parked("core", core.binary, core.core, "report").stdout
    assert "panicking goroutines in deferred calls that have not returned" in text
    check_outside(dead["target"]["crash"], text)
    core.core.unlink()


def check_outside(crash: dict[str, Any], text: str) -> None:
    """A signal from outside is told as what it is."""
    assert crash["from_outside"] and crash["kind"] == "signal"
    assert crash["signal"]["name"] == "SIGABRT"
    assert crash["signal"]["sender"] == os.getpid()
    assert f", SIGABRT sent by process {os.getpid()}, " in text
    assert "died of" not in text


def test_in_the_debuggers(tmp_path: Path) -> None:
    """The same words in gdb and lldb as in the shell."""
    need_kernel_cores()
    binary = build_target("dying", Build("1.22", "default"))
    core, _ = die(binary, tmp_path / "nested", "nested")
    expected = parked("core", binary, core, "crash").stdout.strip()
    assert expected.splitlines()[:2] == [
        "died of     panic: first (*errors.errorString)",
        "            panic: second",
    ]
    assert expected in gdb("parked crash", arguments=(binary, core)).stdout
    assert expected in lldb("parked crash", arguments=("-c", core, binary)).stdout
    core.unlink()


def test_nothing_died(running: Callable[..., Running]) -> None:
    with running("dying", Build("1.22", "default"), "idle") as target:
        assert parked(target.pid, "crash").stdout.startswith("nothing died here")
        core = target.gcore()
    done = parked("core", core.binary, core.core, "crash")
    assert done.stdout.startswith("nothing died here: the core is of a program that was alive")
    assert "SIG" not in parked("core", core.binary, core.core, "report").stdout
    core.core.unlink()
