"""--sort, and goroutines -t."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import gdb, parked
from support.matrix import Build
from support.running import Core, need_kernel_cores
from support.schema import VALIDATOR

VERDICTS = ["RUNNING", "WAITING", "UNKNOWN", "SUSPECT", "ORPHAN", "PROVED"]


@pytest.fixture
def core(kernel_core: Callable[..., Core]) -> Core:
    return kernel_core("leakyweb", Build("1.27", "default"))


def document(core: Core, *words: str) -> dict:
    done = parked("core", core.binary, core.core, *words, "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    VALIDATOR.validate(made)
    return made


def place(thing: dict) -> tuple:
    at = thing["user_frame"]
    if at is None:
        return (1, "", "", 0)
    return (0, at["instance"] or at["func"], at["file"], at["line"])


def retained(group: dict) -> int:
    held = group["retained"]
    return 0 if held is None else held["stack_bytes"] + held["heap_bytes"]


GROUP_KEYS = {
    "count": lambda g: -g["count"],
    "verdict": lambda g: -VERDICTS.index(g["verdict"]),
    "wait": lambda g: -(g["wait_ns_at_least"] or 0),
    "retained": lambda g: -retained(g),
    "place": place,
    "id": lambda g: min(g["goroutines"]),
}


@pytest.mark.parametrize("key", GROUP_KEYS)
def test_groups(key: str, core: Core) -> None:
    unsorted, made = document(core, "report"), document(core, "report", "--sort", key)
    first = [g["fingerprint"] for g in unsorted["groups"]]
    groups = made["groups"]
    of = GROUP_KEYS[key]
    assert [of(g) for g in groups] == sorted(of(g) for g in unsorted["groups"])
    assert len({of(g) for g in groups}) > 2
    # It is the same report otherwise: places in the array are those of the array.
    assert sorted(g["fingerprint"] for g in groups) == sorted(first)
    assert [g["index"] for g in groups] == list(range(len(groups)))
    for before, after in ((unsorted, made), (made, unsorted)):
        by_print = {g["fingerprint"]: g for g in after["groups"]}
        for group in before["groups"]:
            other = by_print[group["fingerprint"]]
            assert group["retained"] == other["retained"]
            cause, its = group["root_cause_group"], other["root_cause_group"]
            assert (cause is None) == (its is None)
            if cause is not None:
                causes = before["groups"][cause], after["groups"][its]
                assert causes[0]["fingerprint"] == causes[1]["fingerprint"]
    assert finding_groups(made) == finding_groups(unsorted)
    assert decided(core, "--sort", key) == decided(core)


def finding_groups(made: dict) -> dict:
    return {
        f["fingerprint"]: f["group"] is not None and made["groups"][f["group"]]["fingerprint"]
        for f in made["findings"]
    }


def decided(core: Core, *options: str) -> tuple:
    done = parked("core", core.binary, core.core, "report", "--json", "--fail-on=orphan", *options)
    assert done.returncode == 1
    made = json.loads(done.stdout)
    fail_on = made["fail_on"]
    return (
        sorted(made["groups"][i]["fingerprint"] for i in fail_on["groups"]),
        sorted(made["findings"][i]["fingerprint"] for i in fail_on["findings"]),
    )


def test_findings(core: Core) -> None:
    found = [
        f for f in document(core, "report", "--sort", "rule")["findings"] if f["group"] is None
    ]
    assert len(found) > 2
    assert [f["rule"] for f in found] == sorted(f["rule"] for f in found)
    counted = [
        f["count"]
        for f in document(core, "report", "--sort", "count")["findings"]
        if f["group"] is None
    ]
    assert counted == sorted(counted, reverse=True)
    text = parked("core", core.binary, core.core, "report", "--sort", "count").stdout
    shown = [line.split()[0] for line in text.splitlines() if re.match(r"^ PK\d+  ", line)]
    ordered = document(core, "report", "--sort", "count")["findings"]
    assert shown == [f["rule"] for f in ordered if f["group"] is None]


GOROUTINE_KEYS = {
    "id": lambda g: g["id"],
    "verdict": lambda g: -VERDICTS.index(g["verdict"]),
    "wait": lambda g: -(g["wait_ns_at_least"] or 0),
    "place": place,
}


@pytest.mark.parametrize("key", GOROUTINE_KEYS)
def test_goroutines(key: str, core: Core) -> None:
    all_of = document(core, "goroutines")["goroutines"]
    made = document(core, "goroutines", "--sort", key)["goroutines"]
    of = GOROUTINE_KEYS[key]
    assert [of(g) for g in made] == sorted(of(g) for g in all_of)
    # What has the same stays in the order of ids.
    assert [(of(g), g["id"]) for g in made] == sorted((of(g), g["id"]) for g in made)
    text = parked("core", core.binary, core.core, "goroutines", "--all", "--sort", key).stdout
    assert [int(line.split()[0]) for line in text.splitlines()] == [g["id"] for g in made]


def test_what_died_comes_first(tmp_path: Path) -> None:
    need_kernel_cores()
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    binary = build_target("dying", Build("1.27", "default"))
    subprocess.run(
        [binary, "failure"],
        cwd=tmp_path,
        env={**os.environ, "GOTRACEBACK": "crash"},
        capture_output=True,
        timeout=60,
    )
    core = Core(binary, next(tmp_path.glob("core*")), "")
    first = document(core, "report")["groups"][0]["fingerprint"]
    for key in ("wait", "place", "id"):
        assert document(core, "report", "--sort", key)["groups"][0]["fingerprint"] == first


def test_a_key_that_is_none() -> None:
    done = parked("core.1", "report", "--sort", "retaned")
    assert done.returncode == 2
    assert "--sort 'retaned': expected one of count, verdict, wait, retained" in done.stderr
    assert "Did you mean 'retained'?" in done.stderr
    done = parked("core.1", "goroutines", "--sort", "retained")
    assert done.returncode == 2
    assert "--sort retained is of groups: add --group" in done.stderr


def stacks(text: str) -> dict[int, list[str]]:
    """The lines under each goroutine's."""
    found: dict[int, list[str]] = {}
    for line in text.splitlines():
        start = re.match(r" *(\d+)  (?:[A-Z]{6,}|system)", line)
        if start:
            found[int(start[1])] = []
        elif line:
            found[list(found)[-1]].append(line)
    return found


def test_stacks(core: Core, tmp_path: Path) -> None:
    whole = parked("core", core.binary, core.core, "goroutines", "--all", "-t", "0", "--no-source")
    shown = stacks(whole.stdout)
    listed = document(core, "goroutines")["goroutines"]
    assert set(shown) == {g["id"] for g in listed}
    for each in listed:
        hidden = ("runtime.goexit",)
        frames = [f for f in each["frames"] if not f["wrapper"] and f["func"] not in hidden]
        places = [line.split("  ")[3] for line in shown[each["id"]] if line.startswith(" " * 6)]
        assert places == [f"{f['file']}:{f['line']}" for f in frames]
    # Ten calls unless said otherwise, as in Delve.
    assert any(len(lines) > 20 for lines in shown.values())
    some = stacks(parked("core", core.binary, core.core, "goroutines", "--all", "-t").stdout)
    assert (
        max(
            sum(line.startswith("  ") and line[2] != " " for line in lines)
            for lines in some.values()
        )
        == 11
    )
    one = parked(
        "core", core.binary, core.core, "goroutines", "--all", "-t", "1", "--no-source"
    ).stdout
    assert "... (-t 0 for the whole stack)" in one
    assert all(len(lines) <= 3 for lines in stacks(one).values())
    grouped = parked("core", core.binary, core.core, "goroutines", "--group", "reason", "-t", "3")
    assert "\n  runtime.gopark(" in grouped.stdout
    in_gdb = gdb("parked goroutines --all -t 1 --no-source", arguments=(core.binary, core.core))
    assert one.splitlines()[0] in in_gdb.stdout
    wrong = parked("core.1", "goroutines", "-t", "many")
    assert wrong.returncode == 2
    assert "expected a number of calls" in wrong.stderr
