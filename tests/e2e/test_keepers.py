"""Who keeps the goroutines of a group that is not leaked."""

from __future__ import annotations

import json
from collections.abc import Callable

from support.commands import parked
from support.matrix import Build
from support.running import Core, Running

COUNT = 20
# By the functions of tests/targets/registry: what the holder is called, and its entries.
HOLDERS = {
    "main.inMap": ("main.byMap (global map[int]*main.session, 20 entries)", COUNT),
    "main.inSlice": ("main.bySlice (global []*main.session, 20 entries)", COUNT),
    "main.inSync": ("main.bySync (global sync.Map)", None),
    "main.inList": ("main.byList (global *container/list.List)", None),
    "main.inField": (".sessions (20 entries)", COUNT),
    "main.inChannels": ("main.channels (global map[int]chan struct {}, 21 entries)", COUNT + 1),
    "main.inShards": ("main.shards (global [16]main.shard)", None),
    "main.inPool": ("main.pool (global []*main.session, 20 entries)", COUNT),
    "main.inArray": ("main.array (global [20]*main.session)", None),
    "main.onStack": ("the stack of goroutine 1 in main.main", None),
}
NOBODY = {"main.inTwo", "main.onOneChannel"}
# Told by structure alone, without names and types.
ALWAYS = {
    "main.inMap",
    "main.inSlice",
    "main.inField",
    "main.inChannels",
    "main.inPool",
    "main.onStack",
}
# A pool that was made with all its workers is no registry that grows.
FULL = {"main.inPool", "main.inArray"}


def groups_of(document: dict) -> dict[str, dict]:
    """By the function they were started with; each is one group."""
    found = {}
    for group in document["groups"]:
        for frame in group["frames"]:
            if frame["func"] in HOLDERS.keys() | NOBODY:
                assert frame["func"] not in found
                found[frame["func"]] = group
    assert set(found) == HOLDERS.keys() | NOBODY
    return found


def check(document: dict, *, names: bool) -> None:
    groups = groups_of(document)
    for function in NOBODY:
        assert groups[function]["kept_by"] is None, function
    for function, (holder, entries) in HOLDERS.items():
        kept = groups[function]["kept_by"]
        if kept is None:
            assert not names and function not in ALWAYS, function
            continue
        assert (kept["goroutines"], kept["of"]) == (COUNT, COUNT)
        if not names:
            continue
        assert holder in kept["holder"], function
        assert kept["entries"] == entries, function
        if function in ("main.inMap", "main.inSlice", "main.inField"):
            assert kept["each"] == "*main.session .done"


def test_holders(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("registry", sample)
    listed = parked("core", core.binary, core.core, "report", "--json")
    assert listed.returncode == 0, listed.stderr
    check(json.loads(listed.stdout), names=sample.symbols)
    text = parked("core", core.binary, core.core, "report", "--all").stdout
    if sample.symbols:
        line = f"20 of 20 by {HOLDERS['main.inMap'][0]}: *main.session .done"
        assert f"kept by     {line}" in text
    # Without the proof nobody knows who keeps whom.
    plain = json.loads(parked("core", "--no-proof", core.binary, core.core, "--json").stdout)
    assert all(group["kept_by"] is None for group in plain["groups"])


def test_filters_do_not_change_the_numbers(running: Callable[..., Running]) -> None:
    with running("registry", Build("1.27", "pie")) as target:
        whole = json.loads(parked(target.pid, "report", "--json").stdout)
        one = groups_of(whole)["main.inMap"]["goroutines"][0]
        alone = json.loads(parked(target.pid, "goroutine", str(one), "--json").stdout)
        suspects = parked(target.pid, "report", "--json", "--suspect-count", "10").stdout
    check(whole, names=True)
    assert alone["groups"][0]["kept_by"] == groups_of(whole)["main.inMap"]["kept_by"]
    found = json.loads(suspects)
    rules = {f["group"]: f["rule"] for f in found["findings"]}
    registries = {
        function
        for function, group in groups_of(found).items()
        if rules.get(group["index"]) == "PK114"
    }
    assert registries == HOLDERS.keys() - FULL
    finding = next(f for f in found["findings"] if f["rule"] == "PK114")
    assert "a registry leads to: main." in finding["sentence"]
