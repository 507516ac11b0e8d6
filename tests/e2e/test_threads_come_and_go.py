"""A thread that is just being made is counted before it is in the list of threads, and in the list
before it has a stack; one that ends leaves the list before it is counted out. None of them has
anything that the others have not, so the proof is given."""

from __future__ import annotations

from pathlib import Path

from support.building import build_target, strip, symbols
from support.commands import gdb
from support.matrix import RELEASES, Build

ROWS = {
    "row": {
        "quick": [Build("1.27", "default")],
        "ci": [Build("1.18", "default"), Build("1.27", "default")],
        "full": [Build(go, "default") for go in RELEASES],
    }
}

FOUND = "3  PROVED   chan send"


def looked_at(program: Path, places: list[str]) -> str:
    """Reports at each of them but those that only are on the way ("-")."""
    commands = ["set language c"]
    for place in places:
        commands += [f"tbreak {place.removeprefix('-')}", "continue"]
        commands += ["parked report"] * (not place.startswith("-"))
    commands[2] = "run"
    shown = gdb(*commands, "kill", arguments=("--args", program, "leak", "threads:8"))
    return shown.stdout + shown.stderr


def test_the_proof_is_given(row: Build, tmp_path: Path) -> None:
    binary = build_target("leaver", row)
    at = {name: f"*{address:#x}" for name, address in symbols(binary).items()}
    made = [
        "-" + at["main.threads"],
        at["runtime.allocm"] + " if (long)$rcx > 0",  # its number, the third argument, is taken
        "-" + at["runtime.mcommoninit"],
        "**(long *)$rsp",  # it is in the list
    ]
    ended = [
        "-" + at["main.threads"],
        "-" + at["runtime.mexit"],
        at["runtime.stackfree"],  # it has no thread's number any more
        at["runtime.handoffp"],  # it is in the list no more
    ]
    for program in (binary, strip(binary, tmp_path)):
        for places in (made, ended):
            shown = looked_at(program, places)
            assert shown.count(FOUND) == 2, shown
