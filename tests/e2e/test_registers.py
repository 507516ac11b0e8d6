"""What a register of a running thread points to is not leaked, wherever the registers come from."""

from __future__ import annotations

from collections.abc import Callable

from support.commands import document_in, gdb, lldb, parked
from support.matrix import RELEASES, Build
from support.running import Core, Running

EXPECTED = {
    "inGeneral": "WAITING",
    "inVector": "WAITING",
    "inUpperHalf": "WAITING",
    "nowhere": "PROVED",
}

ROWS = {"go": {"quick": ["1.27"], "ci": ["1.18", "1.27"], "full": list(RELEASES)}}


def verdicts(output: str) -> dict[str, str]:
    document = document_in(output)
    assert document["proof"]["state"] == "given", document["proof"]
    found = {}
    for goroutine in document["goroutines"]:
        for frame in goroutine["frames"]:
            if (name := frame["func"].removeprefix("main.")) in EXPECTED:
                found[name] = goroutine["verdict"]
    return found


def test_live_and_gcore(go: str, running: Callable[..., Running]) -> None:
    with running("vectors", Build(go, "default")) as target:
        assert verdicts(parked(target.pid, "report", "--json").stdout) == EXPECTED
        in_gdb = gdb("parked report --json", arguments=("-p", target.pid))
        assert verdicts(in_gdb.stdout) == EXPECTED
        in_lldb = lldb("parked report --json", arguments=("-p", target.pid))
        assert verdicts(in_lldb.stdout) == EXPECTED
        core = target.gcore()
    assert verdicts(parked("core", core.binary, core.core, "report", "--json").stdout) == EXPECTED


def test_kernel_core(go: str, kernel_core: Callable[..., Core]) -> None:
    registers_are_roots(kernel_core("vectors", Build(go, "default")))


def test_kernel_core_of_a_guest(guest: Build, kernel_core: Callable[..., Core]) -> None:
    registers_are_roots(kernel_core("vectors", guest))


def registers_are_roots(core: Core) -> None:
    said = parked("core", core.binary, core.core, "report", "--json")
    assert verdicts(said.stdout) == EXPECTED


def test_registers_of_who_was_preempted(anywhere: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("preempted", anywhere)
    said = parked("core", core.binary, core.core, "report", "--json")
    document = document_in(said.stdout)
    assert document["proof"]["state"] == "given", document["proof"]
    found: dict[str, list[str]] = {"V_waits": [], "L_waits": []}
    for goroutine in document["goroutines"]:
        for frame in goroutine["frames"]:
            if (name := frame["func"].removeprefix("main.")) in found:
                found[name].append(goroutine["verdict"])
    assert found == {"V_waits": ["WAITING"] * 4, "L_waits": ["PROVED"]}
