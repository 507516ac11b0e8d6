"""Go in programs of other languages: in a library that a program of C or Python has loaded, linked
into a program of C, in plugins; and several Go runtimes in one process."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from support import go_traceback
from support.building import go_environment, modules_of, only_one, tree_hash
from support.commands import document_in, gdb, lldb, parked, patient
from support.matrix import BUILD_FLAGS, Build
from support.paths import CACHE, PARKED, ROOT
from support.running import Running, need_kernel_cores
from support.schema import VALIDATOR
from support.terminal import remote

SOURCE = ROOT / "tests/targets/inside"
PLUGGED = ROOT / "tests/targets/plugged"
ZOO = ROOT / "tests/targets/zoo"
HOST = SOURCE / "host/host.c"
PYTHON = SOURCE / "host/host.py"
LEAKS = 4
# Of each kind that Serve starts.
SERVING = 3


ROWS = {
    "row": {
        "quick": [Build("1.27", "stripped")],
        "ci": [
            Build("1.18", "stripped"),
            Build("1.27", "default"),
        ],
        "full": [
            Build(go, mode)
            for go in ("1.18", "1.20", "1.22", "1.24", "1.26", "1.27")
            for mode in ("default", "stripped")
        ],
    },
    "plugin_row": {
        "quick": [Build("1.27", "stripped")],
        "ci": [Build("1.27", "stripped")],
        "full": [
            Build(go, mode)
            for go in ("1.18", "1.20", "1.22", "1.24", "1.26", "1.27")
            for mode in ("default", "stripped")
        ],
    },
}
# For what does not depend on the release.
NEWEST = Build("1.27", "stripped")


def prepares(matrix: str) -> Iterator[tuple[str, Callable[[], object]]]:
    for row in ROWS["row"][matrix]:
        yield str(row), lambda row=row: library(row)
    yield str(NEWEST), lambda: linked(NEWEST)
    yield str(NEWEST), static_zoo
    for row in ROWS["plugin_row"][matrix]:
        yield str(row), lambda row=row: plugged(row)


def made(name: str, build: Build, make: Callable[[Path], None], source: Path = SOURCE) -> Path:
    """What `make` builds of a folder of sources, once per content, release and mode."""
    folder = CACHE / f"{source.name}-{name}-{build}-{tree_hash(*modules_of(source))}"
    with only_one(folder.name):
        if not (folder / name).exists():
            folder.mkdir(parents=True, exist_ok=True)
            make(folder / f"{name}.partial")
            (folder / f"{name}.partial").rename(folder / name)
    return folder / name


def go_build(build: Build, mode: str, to: Path, source: Path = SOURCE, package: str = ".") -> None:
    command = ["go", "build", f"-buildmode={mode}", *BUILD_FLAGS[build.mode], "-o", to, package]
    environment = {**go_environment(build.go), "CGO_ENABLED": "1"}
    subprocess.run(command, cwd=source, env=environment, check=True)


def library(build: Build) -> Path:
    return made("libinside.so", build, lambda to: go_build(build, "c-shared", to))


def gcc(*words: object) -> None:
    subprocess.run(["gcc", "-O1", *(str(word) for word in words)], check=True)


def host(folder: Path) -> Path:
    """The program of C, without Go."""
    program = folder / "host"
    if not program.exists():
        gcc("-o", program, HOST, "-lpthread", "-ldl")
    return program


def linked(build: Build) -> Path:
    """The program of C with Go linked in."""

    def make(to: Path) -> None:
        archive = to.with_name("libinside.a")
        go_build(build, "c-archive", archive)
        gcc("-DLINKED", f"-I{to.parent}", "-o", to, HOST, archive, "-lpthread")
        if not build.symbols:
            subprocess.run(["strip", to], check=True)

    return made("linked", build, make)


def plugged(build: Build) -> tuple[Path, Path]:
    """A program of Go, and the plugin it opens."""
    program = made("plugged", build, lambda to: go_build(build, "default", to, PLUGGED), PLUGGED)
    plugin = made(
        "plug.so", build, lambda to: go_build(build, "plugin", to, PLUGGED, "./plug"), PLUGGED
    )
    return program, plugin


def document_of(*words: object) -> dict[str, Any]:
    result = parked(*words, "report", "--json")
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    VALIDATOR.validate(document)
    return document


def dumped(output: str) -> dict[int, go_traceback.Dumped]:
    """What the library printed of itself, but for the goroutine that printed it."""
    dump = go_traceback.parse(output)
    return {goid: each for goid, each in dump.items() if each.reason != "running"}


def leaked(dump: dict[int, go_traceback.Dumped]) -> set[int]:
    return {goid for goid, each in dump.items() if each.lines[0].startswith("main.leak(")}


def check(document: dict[str, Any], output: str, leaks: int) -> None:
    """The document against what the library printed: ids, states, frames, and who is PROVED."""
    truth = dumped(output)
    assert len(leaked(truth)) == leaks
    assert len(truth) == leaks + 2 * SERVING + 3
    ours = {each["id"]: each for each in document["goroutines"] if not each["system"]}
    for goid, theirs in truth.items():
        assert ours[goid]["reason"] == theirs.reason
        places = [line.split(" +0x")[0].strip() for line in theirs.lines if line.startswith("\t")]
        if len(theirs.lines) > 1 and theirs.lines[-2].startswith("created by"):
            created = ours[goid]["created_by"]
            assert places.pop() == f"{created['file']}:{created['line']}"
        frames = [f"{frame['file']}:{frame['line']}" for frame in ours[goid]["frames"]]
        # Frames of the runtime, which a library's own traceback leaves out.
        assert [place for place in frames if place in places] == places, goid
    assert {goid for goid, each in ours.items() if each["verdict"] == "PROVED"} == leaked(truth)
    assert document["proof"]["state"] == "given"
    assert document["incomplete"] == []


@pytest.mark.parametrize("leaks", [LEAKS, 0], ids=["bad", "healthy"])
def test_library_in_a_program_of_c(row: Build, leaks: int, tmp_path: Path) -> None:
    need_kernel_cores()
    program = host(tmp_path)
    file = library(row)
    with Running(program, tmp_path, "leak", str(leaks), str(file)) as running:
        output = running.log.read_text()
        live = document_of(running.pid)
        failing = parked(running.pid, "report", "--fail-on=proved")
        core = running.abort().core
    check(live, output, leaks)
    assert failing.returncode == (1 if leaks else 0), failing.stdout + failing.stderr
    assert f"{file}, loaded by {program}" in failing.stdout
    for words in ([core], ["core", program, core], ["core", file, core]):
        document = document_of(*words)
        check(document, output, leaks)
        assert document["target"]["path"] == str(file)
        assert document["target"]["loaded_by"] == str(program)
        assert document["target"]["runtimes"] == [str(file)]
    text = parked(core, "report", "--format=traceback")
    assert text.returncode == 0
    dump = go_traceback.parse(text.stdout)
    for goid, theirs in dumped(output).items():
        assert dump[goid].reason == theirs.reason
        assert dump[goid].lines == theirs.lines


def test_library_in_python(row: Build, tmp_path: Path) -> None:
    need_kernel_cores()
    python = Path(sys.executable).resolve()
    file = library(row)
    with Running(python, tmp_path, str(PYTHON), "leak", str(LEAKS), str(file)) as running:
        output = running.log.read_text()
        check(document_of(running.pid), output, LEAKS)
        core = running.abort().core
    check(document_of(core), output, LEAKS)
    check(document_of("core", python, core), output, LEAKS)


def test_linked_into_a_program_of_c(tmp_path: Path) -> None:
    need_kernel_cores()
    with Running(linked(NEWEST), tmp_path, "leak", str(LEAKS), "itself") as running:
        output = running.log.read_text()
        check(document_of(running.pid), output, LEAKS)
        core = running.abort()
    document = document_of("core", core.binary, core.core)
    check(document, output, LEAKS)
    assert document["target"]["loaded_by"] is None


def test_the_first_thread_has_ended(tmp_path: Path) -> None:
    need_kernel_cores()
    program = host(tmp_path)
    words = ("gone", "leak", str(LEAKS), str(library(NEWEST)))
    with Running(program, tmp_path, *words) as running:
        output = running.log.read_text()
        status = Path(f"/proc/{running.pid}/status").read_text()
        assert "Z (zombie)" in status
        check(document_of(running.pid), output, LEAKS)
        assert parked(running.pid, "--no-stop", "report").returncode == 0
        looks = parked("watch", running.pid, "--count=2", "--every=100ms")
        assert looks.returncode == 0 and "2 goroutines" not in looks.stderr, looks.stderr
        core = running.abort().core
    check(document_of(core), output, LEAKS)
    result = parked(running.pid)
    assert result.returncode == 2 and "no process" in result.stderr


class TwoRuntimes:
    """A program of C with the same library loaded twice, under two names, and what each printed."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.files = [folder / "liba.so", folder / "libb.so"]
        for file in self.files:
            shutil.copy(library(NEWEST), file)
        words += ("leak", str(LEAKS), str(self.files[0]), "leak", "0", str(self.files[1]))
        self.running = Running(host(folder), folder, *words)

    def outputs(self) -> list[str]:
        first, second = self.running.log.read_text().split("main.Dump(")[1:]
        # The header of the dump's own goroutine stands before the split.
        return [first, second]


@pytest.mark.slow
def test_two_runtimes(tmp_path: Path) -> None:
    need_kernel_cores()
    two = TwoRuntimes(tmp_path)
    a, b = (str(file) for file in two.files)
    with two.running as running:
        outputs = two.outputs()
        check_two(running.pid, (a, b), outputs)
        check_two(running.gcore().core, (a, b), outputs)
        core = running.abort().core
    check_two(core, (a, b), outputs)

    # A runtime that cannot be read is not hidden by one that can.
    two.files[1].unlink()
    result = parked(core)
    assert result.returncode == 3
    assert f"Go runtime 2 of 2: {b}\nnot read: " in result.stdout
    assert f"the Go code of {core} is in {b}: {b} does not exist" in result.stdout
    document = json.loads(parked(core, "report", "--json").stdout)
    VALIDATOR.validate(document)
    assert document["unread_runtimes"][0]["file"] == b
    # One that stands beside the core is as good.
    (tmp_path / "other").mkdir()
    shutil.copy(two.files[0], tmp_path / "other/libb.so")
    moved = shutil.move(core, tmp_path / "other/core")
    assert parked(moved).returncode == 0


def check_two(target: object, files: tuple[str, str], outputs: list[str]) -> None:
    text = parked(target, "report", "--fail-on=proved")
    assert text.returncode == 1, text.stdout + text.stderr
    for number, file in enumerate(files):
        assert f"Go runtime {number + 1} of 2: {file}\n" in text.stdout
    document = document_of(target)
    (other,) = document["other_runtimes"]
    check(document, outputs[0], LEAKS)
    check(other, outputs[1], 0)
    assert document["target"]["runtimes"] == other["target"]["runtimes"] == list(files)
    alone = document_of_module(target, files[1])
    check(alone, outputs[1], 0)
    assert "other_runtimes" not in alone
    one = parked(target, "report", "--fail-on=proved", "--module=libb.so")
    assert one.returncode == 0
    assert f"2 of 2 in this process; also: {files[0]}" in one.stdout
    assert parked(target, "report", "--module=libc.so").returncode == 2
    lines = parked(target, "report", "--jsonl").stdout.splitlines()
    assert sum(json.loads(line)["type"] == "end" for line in lines) == 2
    # Both have a goroutine of every id that is asked for; of one that is nobody's, it is said once.
    nobody = parked(target, "goroutine", "99999")
    assert (nobody.returncode, nobody.stdout) == (2, "")
    assert "there is no goroutine 99999" in nobody.stderr


def test_dump_of_two_runtimes(tmp_path: Path) -> None:
    """One file has the memory of both, also what the kernel has dropped as the files have it."""
    two = TwoRuntimes(tmp_path, "cold")
    files = (str(two.files[0]), str(two.files[1]))
    dump = tmp_path / "dump"
    with two.running as running:
        outputs = two.outputs()
        made = parked("dump", running.pid, "-o", dump)
        assert (made.returncode, made.stderr) == (0, "")
        check_two(dump, files, outputs)


def test_dump_of_a_core_of_two_runtimes(tmp_path: Path) -> None:
    need_kernel_cores()
    two = TwoRuntimes(tmp_path)
    with two.running as running:
        outputs = two.outputs()
        core = running.abort().core
    dump = tmp_path / "dump"
    made = parked("dump", "--core", core, "-o", dump)
    assert (made.returncode, made.stderr) == (0, "")
    check_two(dump, (str(two.files[0]), str(two.files[1])), outputs)


def gist(document: dict[str, Any]) -> list[object]:
    """What no redaction changes."""
    return [
        [document["target"]["verdicts"], document["proof"]["state"], document["incomplete"]],
        [group["fingerprint"] for group in document["groups"]],
        [(each["id"], each["verdict"], each["reason"]) for each in document["goroutines"]],
    ]


def check_redacted(whole: Path, redacted: Path, programs: Path) -> None:
    """The files of a redacted dump are told by their build ids."""
    before, after = document_of(whole), document_of(redacted, "--debug-dir", programs)
    assert after["target"]["redacted"]
    assert gist(before) == gist(after)
    others = [each.get("other_runtimes", []) for each in (before, after)]
    assert [*map(gist, others[0])] == [*map(gist, others[1])]
    assert str(programs) not in json.dumps(after["target"]["runtimes"])


def test_redacted_dump_of_two_runtimes(tmp_path: Path) -> None:
    folder = tmp_path / "programs"
    folder.mkdir()
    two = TwoRuntimes(folder)
    whole, redacted = tmp_path / "whole", tmp_path / "redacted"
    with two.running as running:
        os.kill(running.pid, signal.SIGSTOP)
        for file, words in ((whole, []), (redacted, ["--redact"])):
            made = parked("dump", running.pid, "-o", file, *words)
            assert (made.returncode, made.stderr) == (0, "")
    check_redacted(whole, redacted, folder)
    made = parked("dump", "--core", whole, "-o", redacted, "--redact")
    assert (made.returncode, made.stderr) == (0, "")
    check_redacted(whole, redacted, folder)


OTHER_FORMATS = ["sarif", "junit", "github", "openmetrics", "pprof", "dot"]


def test_formats_of_two_runtimes(tmp_path: Path) -> None:
    """A file for another tool is of one runtime: which one has to be said. So are baselines; a diff
    takes both."""
    two = TwoRuntimes(tmp_path)
    first, second = (f"--module={file}" for file in two.files)
    baseline = tmp_path / "baseline"
    with two.running as running:
        pid = running.pid
        for name in OTHER_FORMATS:
            refused = parked(pid, "report", "--format", name)
            assert refused.returncode == 2
            assert "is of one Go runtime, and the process has 2" in refused.stderr
            words = [PARKED, *patient(pid, "report", "--format", name)]
            bad, good = (
                subprocess.run([*words, module], capture_output=True, timeout=120)
                for module in (first, second)
            )
            assert (bad.returncode, good.returncode) == (0, 0)
            assert bad.stdout != good.stdout, name
        suites = [
            ElementTree.fromstring(parked(pid, "report", "--format=junit", module).stdout)[0]
            for module in (first, second)
        ]
        failing = [int(suite.get("failures", "")) for suite in suites]
        assert failing[0] > 0
        assert failing[1] == 0
        refused = parked(pid, "report", "--write-baseline", baseline)
        assert refused.returncode == 2
        assert "of one Go runtime, and the process has several" in refused.stderr
        assert parked(pid, "report", "--write-baseline", baseline, first).returncode == 0
        known = parked(pid, "report", "--fail-on=proved", "--baseline", baseline)
        assert known.returncode == 0, known.stdout
        kept = tmp_path / "kept.json"
        kept.write_text(parked(pid, "report", "--json").stdout)
        compared = parked("diff", kept, pid, "--json")
        assert compared.returncode == 0, compared.stderr
        document = json.loads(compared.stdout)
        assert document["same_process"]
        assert {each["change"] for each in document["findings"]} == {"same"}


def document_of_module(target: object, file: str) -> dict[str, Any]:
    result = parked(target, "report", "--json", f"--module={file}")
    document: dict[str, Any] = json.loads(result.stdout)
    VALIDATOR.validate(document)
    return document


def test_a_library_that_is_not_here(tmp_path: Path) -> None:
    need_kernel_cores()
    file = tmp_path / "libgone.so"
    shutil.copy(library(NEWEST), file)
    with Running(host(tmp_path), tmp_path, "leak", str(LEAKS), str(file)) as running:
        output = running.log.read_text()
        file.unlink()
        # The mapping still leads to the deleted file.
        check(document_of(running.pid), output, LEAKS)
        core = running.abort().core
    result = parked(core)
    assert result.returncode == 2
    assert f"the Go code of {core} is in {file}: {file} does not exist" in result.stderr
    # Another library of that name is not taken for it.
    file.write_bytes(Path(sys.executable).resolve().read_bytes())
    assert parked(core).returncode == 2
    copy = tmp_path / "copy.so"
    shutil.copy(library(NEWEST), copy)
    check(document_of("core", copy, core), output, LEAKS)


def test_a_panic_in_a_library(tmp_path: Path) -> None:
    """Why a program of C died of Go."""
    need_kernel_cores()
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    words = [host(tmp_path), "leak", "0", library(NEWEST), "panic"]
    subprocess.run(
        [str(word) for word in words],
        cwd=tmp_path,
        env={**os.environ, "GOTRACEBACK": "crash"},
        capture_output=True,
        timeout=60,
    )
    (core,) = tmp_path.glob("core*")
    crash = document_of(core)["target"]["crash"]
    assert crash["kind"] == "panic"
    text = parked(core).stdout
    assert "died of     panic: refused: 7 (main.refused)" in text
    assert "main.Panic" in text


def test_no_go_at_all(tmp_path: Path) -> None:
    need_kernel_cores()
    program = tmp_path / "sleeper"
    source = tmp_path / "sleeper.c"
    source.write_text(
        "#include <stdio.h>\n#include <unistd.h>\n"
        'int main(void) { puts("READY"); fflush(stdout); for (;;) pause(); }\n'
    )
    gcc("-o", program, source)
    with Running(program, tmp_path) as running:
        live = parked(running.pid)
        core = running.abort().core
    for result in (live, parked(core)):
        assert result.returncode == 2
        assert f"{program}: not a Go program" in result.stderr
        assert "none of the libraries that it has loaded has Go either" in result.stderr


def test_in_the_debuggers(tmp_path: Path) -> None:
    need_kernel_cores()
    program = host(tmp_path)
    command = "parked report --json"
    with Running(program, tmp_path, "leak", str(LEAKS), str(library(NEWEST))) as running:
        output = running.log.read_text()
        live = gdb(command, arguments=("-p", running.pid))
        server, port = remote(
            ["gdbserver", "--once", "--attach", "127.0.0.1:0", running.pid],
            r"Listening on port (\d+)",
        )
        try:
            connect = [f"target remote 127.0.0.1:{port}"]
            far = gdb(*connect, command, "detach", arguments=(program,))
        finally:
            server.kill()
            server.wait()
        core = running.abort().core
    dead = gdb(command, arguments=(program, core))
    other = lldb(command, arguments=("-c", core, program))
    for result in (live, far, dead, other):
        check(document_in(result.stdout), output, LEAKS)


def static_zoo() -> Path:
    """Linked by the C linker, static and position-independent, as for Alpine."""

    def make(to: Path) -> None:
        flags = "-s -w -linkmode=external -extldflags=-static-pie"
        command = ["go", "build", "-buildmode=pie", f"-ldflags={flags}", "-o", str(to), "."]
        environment = {**go_environment(NEWEST.go), "CGO_ENABLED": "1"}
        subprocess.run(command, cwd=ZOO, env=environment, check=True)

    return made("static", NEWEST, make, ZOO)


def test_static_and_position_independent(tmp_path: Path) -> None:
    need_kernel_cores()
    program = static_zoo()
    with Running(program, tmp_path) as running:
        live = document_of(running.pid)
        core = running.abort()
    truth = {goid: each for goid, each in go_traceback.parse(core.output).items() if each.parked}
    assert len(truth) > 50
    for document in (live, document_of("core", program, core.core)):
        ours = {each["id"]: each for each in document["goroutines"]}
        assert {goid: ours[goid]["reason"] for goid in truth} == {
            goid: each.reason for goid, each in truth.items()
        }
        assert document["proof"]["state"] == "given"
        assert document["target"]["loaded_by"] is None


def by_function(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Goroutines by the user's function they stand in."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in document["goroutines"]:
        if each["user_frame"] is not None and not each["system"]:
            found.setdefault(each["user_frame"]["func"], []).append(each)
    return found


def check_plugged(document: dict[str, Any]) -> None:
    found = by_function(document)
    leaks, waits = found["plugged/plug.leak"], found["plugged/plug.wait"]
    assert len(leaks) == len(waits) == 3
    for each in leaks:
        assert each["verdict"] == "PROVED"
        assert each["waiting_on"][0]["element_type"] == "main.order"
    for each in waits:
        assert each["verdict"] == "WAITING"
        assert each["frames"][-2]["file"].endswith("plug/plug.go")
    assert document["target"]["loaded_by"] is None
    assert len(document["target"]["runtimes"]) == 1
    assert document["incomplete"] == []


def test_plugin(plugin_row: Build, tmp_path: Path) -> None:
    """Of a core of the kernel, which has neither a plugin's code nor its untouched variables."""
    need_kernel_cores()
    program, plugin = plugged(plugin_row)
    copy = tmp_path / "plug.so"
    shutil.copy(plugin, copy)
    with Running(program, tmp_path, str(copy)) as running:
        check_plugged(document_of(running.pid))
        core = running.abort().core
    document = document_of("core", program, core)
    check_plugged(document)
    goid = by_function(document)["plugged/plug.wait"][0]["id"]
    why = parked("core", program, core, "why", goid).stdout
    assert ("plugged/plug.orders" if plugin_row.symbols else "of a plugin") in why, why

    programs = tmp_path / "programs"
    programs.mkdir()
    shutil.copy(program, programs)
    shutil.copy(plugin, programs)
    whole, redacted = tmp_path / "whole", tmp_path / "redacted"
    for file, words in ((whole, []), (redacted, ["--redact"])):
        made = parked("dump", "--core", core, "--exe", program, "-o", file, *words)
        assert (made.returncode, made.stderr) == (0, "")
    check_redacted(whole, redacted, programs)

    copy.unlink()
    result = parked("core", program, core)
    assert result.returncode == 3
    assert f"plugin: {copy} does not exist" in result.stdout
    assert "PROVED   chan" not in result.stdout
