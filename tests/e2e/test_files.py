"""`parked files` against what a program knows of its descriptors, and what the kernel does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import parked
from support.matrix import Build, resource_builds
from support.running import Core, Running
from support.schema import VALIDATOR

STANDARD = {0: "/dev/stdin", 1: "/dev/stdout", 2: "/dev/stderr"}
MINUTE = 60_000_000_000


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "row" in metafunc.fixturenames:
        rows = resource_builds(metafunc.config.getoption("--matrix"), "1.23")
        metafunc.parametrize("row", rows, ids=str)


def lines(output: str, kind: str) -> dict[int, str]:
    found = re.findall(rf"^{kind} (\d+) (.*)$", output, re.MULTILINE)
    return {int(fd): rest for fd, rest in found}


def members(rest: str) -> dict[str, str | None]:
    return {key: value or None for key, value in re.findall(r"(\w+)=(\S*)", rest)}


def check(document: dict, output: str, *, live: bool) -> None:
    VALIDATOR.validate(document)
    assert document["incomplete"] == []
    numbers = [file["fd"] for file in document["files"]]
    files = dict(zip(numbers, document["files"], strict=True))
    assert numbers == sorted(files)
    known, lost, held, raw = (lines(output, kind) for kind in ("FD", "LOST", "HELD", "RAW"))
    kernel = lines(output, "KERNEL")
    assert (len(lost), len(held), len(raw)) == (2, 5, 6) and len(known) >= 19

    for fd, name in STANDARD.items():
        assert (files[fd]["kind"], files[fd]["name"]) == ("file", name)
    for fd, rest in {**known, **lost, **held}.items():
        assert files[fd]["kind"] == rest.split()[0], rest
        assert files[fd]["object"] is not None
        assert files[fd]["nobody_can_close"] == (fd in lost or fd in held), rest
        told = members(rest)
        holder = told.pop("goroutine", None)
        assert files[fd]["held_by_leaked"] == ([int(holder)] if holder else []), rest
        assert told.items() <= files[fd].items()
    of_go = {*STANDARD, *known, *lost, *held}
    if live:
        assert set(files) == set(kernel)
        for fd in set(kernel) - of_go:  # the runtime's own, and what system calls opened
            assert files[fd]["kind"] == "raw"
            assert files[fd]["name"] == kernel[fd]
            assert members(raw.get(fd, "")).items() <= files[fd].items()
        assert "anon_inode:[eventpoll]" in {file["name"] for file in files.values()}
    else:
        assert set(files) == of_go
    check_waits(files, output)


def check_waits(files: dict[int, dict], output: str) -> None:
    pattern = r"^WAIT (\d+) (\w+) goroutine=(\d+) deadline=(\d+)$"
    expected = re.findall(pattern, output, re.MULTILINE)
    waits = {(int(fd), direction): (int(g), int(ns)) for fd, direction, g, ns in expected}
    assert len(waits) == 7
    for fd, file in files.items():
        for direction in ("reader", "writer"):
            waiter = file[direction]
            assert (waiter is not None) == ((fd, direction) in waits), (fd, direction)
            if waiter is None:
                continue
            goroutine, deadline = waits[fd, direction]
            assert waiter["goroutine"] == goroutine
            assert waiter["deadline"] == ("set" if deadline else "none")
            left = waiter["deadline_in_ns"]
            assert (left is None) == (deadline == 0)
            assert left is None or deadline - MINUTE < left <= deadline


def test_live(row: Build, tmp_path: Path) -> None:
    with Running(build_target("files", row), tmp_path) as target:
        document = json.loads(parked(target.pid, "files", "--json").stdout)
        text = parked(target.pid, "files", "--all").stdout
        output = target.log.read_text()
    check(document, output, live=True)
    shown = text.splitlines()
    assert len(shown) == len(document["files"])
    assert sum("nobody has it any more: a finalizer will close it" in line for line in shown) == 2
    assert text.count("open until the process ends") == 5
    for fd, rest in lines(output, "HELD").items():
        (line,) = [line for line in shown if line.lstrip().startswith(f"{fd} ")]
        assert f"held by the leaked goroutine {members(rest)['goroutine']} (" in line
    assert len(re.findall("reads[^,]*, no deadline", text)) == 4
    for fd, rest in lines(output, "RAW").items():
        expected = members(rest)
        if expected.get("remote"):
            addresses = f"tcp {expected['local']} -> {expected['remote']}"
            assert any(line.lstrip().startswith(f"{fd} {addresses}, socket:[") for line in shown)


def test_core(row: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("files", row)
    shown = parked("core", core.binary, core.core, "files", "--json")
    assert shown.returncode == 0, shown.stderr
    check(json.loads(shown.stdout), core.output, live=False)


def test_rules(row: Build, tmp_path: Path) -> None:
    """What nobody can close is found, with who holds it for good, and nothing else is."""
    with Running(build_target("files", row), tmp_path) as target:
        report = json.loads(parked(target.pid, "report", "--json").stdout)
        text = parked(target.pid, "report").stdout
        held = lines(target.log.read_text(), "HELD")
    found = [f for f in report["findings"] if f["group"] is None]
    assert sorted((f["rule"], f["count"], bool(f["goroutines"])) for f in found) == [
        ("PK090", 1, False),
        ("PK090", 1, True),
        ("PK090", 3, True),
        ("PK091", 1, False),
        ("PK091", 1, True),
    ]
    for finding in found:
        if not finding["goroutines"]:
            assert "finalizer will" in finding["sentence"] and "defer" in finding["fix"]
            continue
        ids = ", ".join(map(str, sorted(finding["goroutines"])))
        assert "open until the process ends, held by the leaked goroutine" in finding["sentence"]
        assert ids in finding["sentence"]
        assert finding["fix"].startswith("mend that leak")
        assert finding["place"]["func"].split(".")[-1] in ("convert", "fetch", "sendEvent")
    holders = {int(members(rest)["goroutine"]) for rest in held.values()}
    assert {g for f in found for g in f["goroutines"]} == holders
    # That the goroutine is a well-known one excuses nothing that is proved.
    groups = {(f["rule"], f["place"]["func"]) for f in report["findings"] if f["group"] is not None}
    assert groups == {
        ("PK002", "github.com/fsnotify/fsnotify.(*Watcher).sendEvent"),
        ("PK005", "main.convert"),
        ("PK005", "main.fetch"),
    }
    assert ", , " not in text
