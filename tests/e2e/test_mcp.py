"""`parked mcp`, asked by the client of the protocol's own SDK."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from support.building import build_target
from support.commands import parked
from support.matrix import Build
from support.paths import PARKED
from support.running import Core, Running, need_kernel_cores

GOS = ["1.18", "1.22", "1.26", "1.27"]
ROWS = {"go": {"quick": ["1.27"], "ci": ["1.27"], "full": GOS}}
NOTIFY = "main.(*server).notify"
READS = {"report", "findings", "goroutines", "goroutine", "why", "explain"}


def ask(questions: Callable[[ClientSession], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        environment = {**os.environ, "PARKED_PYTHON": sys.executable}
        server = StdioServerParameters(command=str(PARKED), args=["mcp"], env=environment)
        async with stdio_client(server) as (read, write), ClientSession(read, write) as client:
            answer = await client.initialize()
            assert answer.serverInfo.name == "parked"
            assert "never instructions" in " ".join((answer.instructions or "").split())
            return await questions(client)

    return asyncio.run(run())


async def call(client: ClientSession, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers; the client holds it against the tool's schema."""
    result = await client.call_tool(tool, arguments)
    assert not result.isError, result.content
    assert result.structuredContent is not None
    (text,) = result.content
    assert json.loads(text.text) == result.structuredContent
    assert len(text.text) <= 40_100
    return result.structuredContent


async def refused(client: ClientSession, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.isError
    return result.content[0].text


def test_tools_are_typed_and_only_read() -> None:
    async def questions(client: ClientSession) -> None:
        tools = (await client.list_tools()).tools
        assert {tool.name for tool in tools} == READS | {"open_core", "open_process", "close"}
        for tool in tools:
            Draft202012Validator.check_schema(tool.inputSchema)
            Draft202012Validator.check_schema(tool.outputSchema)
            assert tool.outputSchema["required"]
            assert tool.annotations.readOnlyHint
            assert not tool.annotations.destructiveHint

    ask(questions)


def test_a_process(go: str, tmp_path: Path) -> None:
    with Running(build_target("decisions", Build(go, "default")), tmp_path, "3") as target:
        document = json.loads(parked(target.pid, "report", "--json").stdout)

        async def questions(client: ClientSession) -> None:
            opened = await call(client, "open_process", pid=target.pid, max_pause=10)
            session = opened["session"]
            assert opened["target"]["pid"] == target.pid
            assert opened["incomplete"] == []
            report = await call(client, "report", session=session, verdict="proved")
            (group,) = (
                g for g in report["groups"] if (g["user_frame"] or {}).get("func") == NOTIFY
            )
            assert group["count"] == 3
            assert {g["verdict"] for g in report["groups"]} == {"PROVED"}
            assert report["proof"]["state"] == "given"
            assert report["cut"] == []
            fingerprints = {f["fingerprint"] for f in document["findings"]}
            findings = await call(client, "findings", session=session)
            assert {f["fingerprint"] for f in findings["findings"]} == fingerprints
            assert findings["findings_in_all"] == len(fingerprints)
            rule = findings["findings"][0]["rule"]
            some = await call(client, "findings", session=session, rule=rule, limit=1)
            assert [f["rule"] for f in some["findings"]] == [rule]
            assert "rules.md" in findings["findings"][0]["documentation"]
            explained = await call(client, "explain", rule=rule)
            assert rule in explained["text"]
            leaked = group["goroutines"][0]
            one = await call(client, "goroutine", session=session, id=leaked)
            assert one["goroutine"]["id"] == leaked
            assert one["goroutine"]["verdict"] == "PROVED"
            assert any(f["func"] == NOTIFY for f in one["goroutine"]["frames"])
            listed = await call(
                client, "goroutines", session=session, reason="chan send", userloc="notify"
            )
            assert leaked in [g["id"] for g in listed["goroutines"]]
            assert listed["goroutines_in_all"] == 3
            few = await call(client, "goroutines", session=session, limit=1)
            assert len(few["goroutines"]) == 1 < few["goroutines_in_all"]
            main = await call(client, "why", session=session, id=1)
            own = json.loads(parked(target.pid, "why", 1, "--json").stdout)
            assert main["why"].keys() == own["why"].keys()
            assert (await call(client, "close", session=session))["open"] == []
            assert "no session" in await refused(client, "report", session=session)

        ask(questions)


def test_a_core(kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("leakyweb", Build("1.27", "default"))
    done = parked("core", core.binary, core.core, "report", "--json")
    document = json.loads(done.stdout)

    async def questions(client: ClientSession) -> None:
        path, binary = str(core.core), str(core.binary)
        opened = await call(client, "open_core", core=path, executable=binary)
        session = opened["session"]
        assert opened["target"] == document["target"]
        report = await call(client, "report", session=session, limit=100)
        assert report["groups_in_all"] == len(document["groups"])
        assert report["findings_in_all"] == len(document["findings"])
        whole = {g["fingerprint"] for g in document["groups"]}
        assert {g["fingerprint"] for g in report["groups"]} <= whole
        waiting = next(g for g in document["goroutines"] if g["verdict"] == "WAITING")
        why = await call(client, "why", session=session, id=waiting["id"])
        own = parked("core", core.binary, core.core, "why", waiting["id"], "--json").stdout
        assert why["why"] == json.loads(own)["why"]

    ask(questions)


def test_a_core_whose_program_is_elsewhere(tmp_path: Path) -> None:
    need_kernel_cores()
    place = tmp_path / "bin/decisions"
    place.parent.mkdir()
    shutil.copy(build_target("decisions", Build("1.27", "default")), place)
    with Running(place, tmp_path, "3") as target:
        core = str(target.abort().core)
    root, folder = tmp_path / "root", tmp_path / "programs"
    there = Path(f"{root}{place}")
    there.parent.mkdir(parents=True)
    folder.mkdir()
    shutil.copy(place, there)
    place.rename(folder / "any")

    async def questions(client: ClientSession) -> None:
        assert "does not exist" in await refused(client, "open_core", core=core)
        for places in ({"sysroot": str(root)}, {"debug_dir": str(folder)}):
            opened = await call(client, "open_core", core=core, **places)
            assert opened["target"]["verdicts"]["PROVED"] >= 3

    ask(questions)


def test_answers_are_bounded(tmp_path: Path) -> None:
    with Running(build_target("decisions", Build("1.27", "default")), tmp_path, "3000") as target:

        async def questions(client: ClientSession) -> None:
            session = (await call(client, "open_process", pid=target.pid, max_pause=10))["session"]
            report = await call(client, "report", session=session, limit=100)
            (group,) = (
                g for g in report["groups"] if (g["user_frame"] or {}).get("func") == NOTIFY
            )
            assert group["count"] == 3000
            assert len(group["goroutines"]) <= 100
            assert any(f"{len(group['goroutines'])} of 3000" in cut for cut in report["cut"])
            many = await call(client, "goroutines", session=session, limit=100)
            assert many["goroutines_in_all"] > 3000

        ask(questions)


def test_mistakes(tmp_path: Path) -> None:
    with Running(build_target("decisions", Build("1.27", "default")), tmp_path, "1") as target:

        async def questions(client: ClientSession) -> None:
            assert "there is no goroutine" in await refused(
                client,
                "goroutine",
                session=(await call(client, "open_process", pid=target.pid, max_pause=10))[
                    "session"
                ],
                id=99999,
            )
            assert "does not exist" in await refused(client, "open_core", core="/nowhere/core")
            assert "no process" in await refused(client, "open_process", pid=2**31 - 1)
            assert "'pid' is a required" in await refused(client, "open_process")
            assert "Additional properties" in await refused(client, "explain", rule="PK001", x=1)
            assert "there is no rule" in await refused(client, "explain", rule="PK999")
            assert "-1 is less" in await refused(client, "report", session="s1", limit=-1)
            for _ in range(3):
                await call(client, "open_process", pid=target.pid, max_pause=10)
            full = await refused(client, "open_process", pid=target.pid)
            assert "4 targets are open: close one of ['s1', 's2', 's3', 's4']" in full
            # An option is no value: nothing is read or written that nobody asked for.
            secret = tmp_path / "written"
            odd = f"--write-baseline={secret}"
            result = await client.call_tool(
                "goroutines", {"session": "s1", "userloc": odd, "module": odd}
            )
            assert result.isError
            assert not secret.exists()

        ask(questions)


def test_it_runs_on_and_is_only_read(tmp_path: Path) -> None:
    with Running(build_target("decisions", Build("1.27", "default")), tmp_path, "3") as target:

        async def questions(client: ClientSession) -> None:
            await call(client, "open_process", pid=target.pid, max_pause=10)
            status = Path(f"/proc/{target.pid}/status").read_text()
            assert "TracerPid:\t0" in status

        ask(questions)
        assert target.process.poll() is None


def without(tmp_path: Path, *, package: bool) -> Path:
    """The program alone, or beside a package, as an installation has it."""
    folder = tmp_path / "prefix/bin"
    folder.mkdir(parents=True)
    program = folder / "parked"
    shutil.copy(PARKED, program)
    if package:
        build = PARKED.parents[1] / "python/parked"
        shutil.copytree(build, tmp_path / "prefix/python/parked", symlinks=False)
    return program


def asked(program: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, "mcp"],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_without_the_package(tmp_path: Path) -> None:
    done = asked(without(tmp_path, package=False))
    assert done.returncode == 2
    assert "mcp needs the Python package of parked: pip install 'parked[mcp]'" in done.stderr


def test_without_the_sdk(tmp_path: Path) -> None:
    """What pip calls an extra is not there."""
    program = without(tmp_path, package=True)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    python.chmod(0o755)
    done = asked(program, PARKED_PYTHON=str(python))
    assert done.returncode == 2
    assert "No module named 'anyio': pip install 'parked[mcp]'" in done.stderr
    missing = asked(program, PARKED_PYTHON=str(tmp_path / "nowhere"))
    assert missing.returncode == 2
    assert "does not run: No such file or directory" in missing.stderr


def test_a_module_of_the_current_folder_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "mcp.py").write_text("raise SystemExit('taken')\n")
    (tmp_path / "anyio.py").write_text("raise SystemExit('taken')\n")
    done = subprocess.run(
        [PARKED, "mcp"],
        cwd=tmp_path,
        env={**os.environ, "PARKED_PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("most", [500, 5_000, 50_000])
def test_bounded(most: int) -> None:
    sys.path.insert(0, str(PARKED.parents[1] / "python"))
    from parked._bounded import bounded

    value = {"a": [{"b": list(range(1000)), "c": "x" * 10_000} for _ in range(300)], "d": 7}
    short, cut = bounded(value, most)
    assert len(json.dumps(short)) <= most
    assert short["d"] == 7
    assert cut[0].startswith("a: ") or cut[0].startswith("a[0]")
    assert any("of 1000" in each for each in cut)
    assert bounded({"d": [1, 2]}, most) == ({"d": [1, 2]}, [])


class Longer:
    """The answers of a session with each group and finding many times."""

    TIMES = 2_000

    def __init__(self, session: Any) -> None:
        self.session = session
        self.written = 0

    def execute(self, words: Sequence[str], *, sink: Callable[[str], object]) -> Any:
        lines = self.session.run(words).splitlines(keepends=True)

        def pieces() -> Iterator[str]:
            for line in lines:
                many = json.loads(line)["type"] in ("group", "finding")
                yield from [line] * (self.TIMES if many else 1)

        for piece in pieces():
            self.written += len(piece)
            # A piece ends anywhere.
            sink(piece[:7])
            sink(piece[7:])
        return self.session.execute(words, sink=lambda _: None)


def test_a_long_answer_is_never_there_as_a_whole(tmp_path: Path) -> None:
    sys.path.insert(0, str(PARKED.parents[1] / "python"))
    import parked as package
    from parked.mcp_server import Desk

    with (
        Running(build_target("decisions", Build("1.27", "default")), tmp_path, "300") as target,
        package.attach(target.pid, max_pause=60) as session,
    ):
        whole = session.json()
        longer = Longer(session)
        desk = Desk({"s": longer})  # type: ignore[dict-item]
        desk.report({"session": "s"})  # what is made once: modules, caches
        longer.written = 0
        tracemalloc.start()
        answer = desk.report({"session": "s", "limit": 100})
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert longer.written > 10_000_000
        assert most < longer.written / 10
        assert answer["groups_in_all"] == len(whole["groups"]) * Longer.TIMES
        assert answer["findings_in_all"] == len(whole["findings"]) * Longer.TIMES
        assert len(answer["groups"]) == len(answer["findings"]) == 100
        few = desk.report({"session": "s", "verdict": "waiting"})
        waiting = [group for group in whole["groups"] if group["verdict"] == "WAITING"]
        assert few["groups_in_all"] == len(waiting) * Longer.TIMES > 0


def test_what_was_not_kept_is_counted() -> None:
    sys.path.insert(0, str(PARKED.parents[1] / "python"))
    from parked._bounded import bounded, shortened

    value = {"a": [list(range(1000))] * 200, "b": "x" * 10_000, "d": 7}
    assert len(json.dumps(shortened(value))) < 60_000
    for most in (500, 5_000, 50_000):
        assert bounded(shortened(value), most) == bounded(value, most)


def test_an_answer_that_was_cut_off() -> None:
    """What is not all of it is no answer."""
    sys.path.insert(0, str(PARKED.parents[1] / "python"))
    import parked as package
    from parked._lines import Lines

    class Ends:
        def execute(self, words: Sequence[str], *, sink: Callable[[str], object]) -> Any:
            sink('{"type": "target", "pid": 1}\n{"type": "proof"')
            return package.Result("", "", 0)

    with pytest.raises(package.Error, match="the answer was cut off"):
        Lines(Ends(), ["report"], {})
