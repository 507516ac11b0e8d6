"""Instances of generic functions are named by their types where that is certain."""

from __future__ import annotations

import json
from collections.abc import Callable

from support.commands import parked
from support.matrix import Build
from support.running import Core

# By the functions of tests/targets/generics. An int and an id have one shape: nobody knows which.
TOLD = {
    "main.send[string]",
    "main.send[[]main.order]",
    "main.send[bool]",
    "main.inner[*main.order]",
    "main.(*box[string]).put",
    "main.box[float64].get",
    "main.pair[string,[]uint8]",
}


def test_instances(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("generics", sample)
    report = parked("core", core.binary, core.core, "report", "--json").stdout
    places = [group["user_frame"] for group in json.loads(report)["groups"] if group["user_frame"]]
    names = [place["instance"] for place in places]
    # Go prints none of the types; neither does the rest of the report change.
    assert all("[...]" in place["func"] for place in places if place["instance"])
    if not sample.symbols:  # nothing has the names of dictionaries
        assert set(names) == {None}
        return
    literals = {"main.literal[uint8].func1"} if sample.go >= "1.22" else set()
    assert {name for name in names if name} == TOLD | literals
    open_ones = [p for p in places if p["func"] == "main.worker[...]" and p["instance"] is None]
    assert open_ones, "of an int and an id it is not known"
    text = parked("core", core.binary, core.core, "report", "--all").stdout
    for name in TOLD:
        assert f"at          {name}  " in text, name
    assert "go.shape" not in text + report
