"""Goroutines that park themselves with runtime.gopark: parked cannot know who wakes them."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from support.building import go_environment
from support.commands import parked
from support.matrix import RELEASES, Build
from support.running import Running

# Any verdict but PROVED is right for a wait reason that only the runtime's own code has.
OF_THE_RUNTIME = re.compile(
    r"GC |garbage collection|dumping heap|panicwait|(finalizer|cleanup) wait|force gc|timer gorout|"
    r"trac(e|ing) |wait for GC|preempted|debug call|stopping the world|flushing proc|page trace|"
    r"GOMAXPROCS updater|synctest\."
)

ROWS = {"go": {"quick": ["1.27"], "ci": ["1.18", "1.23", "1.27"], "full": list(RELEASES)}}


def wait_reasons(go: str) -> int:
    goroot = subprocess.check_output(["go", "env", "GOROOT"], env=go_environment(go), text=True)
    source = Path(goroot.strip()) / "src/runtime/runtime2.go"
    return len(re.findall(r'^\s+waitReason\w+: +"', source.read_text(), re.MULTILINE))


def test_who_parks_on_its_own_is_never_proved(go: str, running: Callable[..., Running]) -> None:
    reasons = wait_reasons(go)
    assert reasons > 20
    found: dict[str, dict[str, set[str]]] = {"U_parker": defaultdict(set), "V_held": {}}
    seen = 0
    with running("parkers", Build(go, "default"), str(reasons)) as target:
        document = json.loads(parked(target.pid, "report", "--json", "--all").stdout)
        # All of this is about goroutines that can go on.
        assert target.process.stdin is not None
        target.process.stdin.write(b"\n")
        target.process.stdin.flush()
        deadline = time.monotonic() + 60
        while not (woken := re.search(r"^woken (\d+)$", target.log.read_text(), re.MULTILINE)):
            assert target.process.poll() is None and time.monotonic() < deadline
            time.sleep(0.05)
        assert int(woken[1]) == 2 * reasons
    assert document["proof"]["state"] == "given", document["proof"]
    for goroutine in document["goroutines"]:
        for frame in goroutine["frames"]:
            if (name := frame["func"].removeprefix("main.")) in found:
                found[name].setdefault(goroutine["verdict"], set()).add(goroutine["reason"])
                seen += 1
    assert seen == 2 * reasons
    assert set(found["V_held"]) == {"WAITING"}
    assert set(found["U_parker"]) == {"UNKNOWN", "WAITING"}
    assert {r for r in found["U_parker"]["WAITING"] if not OF_THE_RUNTIME.match(r)} == set()
    assert "chan receive" in found["U_parker"]["UNKNOWN"]
    assert "select (no cases)" in found["U_parker"]["UNKNOWN"]
