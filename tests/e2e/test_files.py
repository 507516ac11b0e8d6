"""`parked files` against what a program knows of its descriptors, and what the kernel does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import VALIDATOR, Core, Running, build_target, parked
from matrix import Build, resource_builds

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
    known, lost, raw = (lines(output, kind) for kind in ("FD", "LOST", "RAW"))
    kernel = lines(output, "KERNEL")
    assert len(known) >= 19 and len(lost) == 2 and len(raw) == 6

    for fd, name in STANDARD.items():
        assert (files[fd]["kind"], files[fd]["name"]) == ("file", name)
    for fd, rest in {**known, **lost}.items():
        assert files[fd]["kind"] == rest.split()[0], rest
        assert files[fd]["object"] is not None
        assert files[fd]["nobody_can_close"] == (fd in lost), rest
        assert members(rest).items() <= files[fd].items()
    of_go = {*STANDARD, *known, *lost}
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
    assert sum("nobody has it any more" in line for line in shown) == 2
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


def test_rules(tmp_path: Path) -> None:
    """What nobody can close is found, and nothing else is."""
    with Running(build_target("files", Build("1.27", "default")), tmp_path) as target:
        report = json.loads(parked(target.pid, "report", "--json").stdout)
    assert [(f["rule"], f["count"]) for f in report["findings"]] == [("PK090", 1), ("PK091", 1)]
