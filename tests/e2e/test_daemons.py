"""Goroutines that nobody can stop and nobody is meant to (tests/targets/daemons) are no finding."""

from __future__ import annotations

import json
from collections.abc import Callable

from support.commands import parked
from support.matrix import Build
from support.running import Core

LEAKED = 6


def test_only_the_leak_is_found(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("daemons", sample)
    words = ("core", core.binary, core.core)
    document = json.loads(parked(*words, "islands", "--json").stdout)
    kinds = {
        kind["made_at"]["func"]: (kind["count"], kind["background"]) for kind in document["islands"]
    }
    # Who accepts connections is none: whoever connects is served.
    assert kinds == {
        "main.D_flush": (1, "few"),
        "main.D_oneForEachCPU": (6, "one_per_cpu"),
        "main.D_pool": (16, "pool"),
        "main.L_leaked": (LEAKED, None),
    }
    report = json.loads(parked(*words, "report", "--json").stdout)
    found = [(f["rule"], f["verdict"], f["count"], f["place"]["func"]) for f in report["findings"]]
    assert found == [("PK111", "ORPHAN", LEAKED, "main.L_leaked")]
    verdicts = report["target"]["verdicts"]
    assert (verdicts["ORPHAN"], verdicts["PROVED"], verdicts["SUSPECT"]) == (LEAKED, 0, 0)
