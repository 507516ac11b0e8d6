"""Trees of contexts: what the target says of them itself against what parked tells from outside."""

from __future__ import annotations

import json
from collections.abc import Callable

from support.commands import parked, truth_of
from support.matrix import RELEASES, Build
from support.running import Core, Running

CLOCK = 2_000_000_000
KINDS = {
    "root": "cancel",
    "server": "deadline",
    "request": "value",
    "traced": "custom",
    "below": "cancel",
    "ended": "cancel",
}

ROWS = {"go": {"quick": ["1.20"], "ci": ["1.18", "1.20", "1.27"], "full": list(RELEASES)}}


def check(truth: dict, document: dict, *, optimised: bool, names: bool = True) -> None:
    contexts = document["contexts"]
    by_address = {context["address"]: context for context in contexts}
    named = {name: by_address[f"{at:#x}"] for name, at in truth["address"].items()}
    assert {name: context["kind"] for name, context in named.items()} == KINDS
    assert named["request"]["key_type"] == "main.userKey"
    assert named["traced"]["context_type"] == "*main.tracing"
    for name, parent in truth["parent"].items():
        above = contexts[named[name]["parent"]]
        if parent:
            assert above["address"] == named[parent]["address"], name
        else:
            assert above["kind"] == "root"
            # Up to 1.20 the two roots differ only by the names of their variables.
            assert above["context_type"] in (
                "context.Background",
                "context.Background" if names else "context.Background or TODO",
            )
    for name, context in named.items():
        assert context["cancelled"] == (name == "ended")
        assert len(context["goroutines"]) == truth["waiting"].get(name, 0)
        assert not context["nobody_can_cancel"]
        left = truth["deadline"].get(name)
        if left is None:
            assert context["due_in_ns"] is None
        else:
            assert abs(context["due_in_ns"] - (left - truth["now"])) < CLOCK
    for name, children in truth["children"].items():
        assert named[name]["ending_with_it"] == children
    # below hangs on a context of another type: a goroutine of package context watches over it.
    assert named["below"]["registered_with"] in (None, contexts.index(named["server"]))
    lost = [context for context in contexts if context["nobody_can_cancel"]]
    if optimised:
        assert len(lost) == truth["lost"]
        assert sum(context["kind"] == "deadline" for context in lost) == 15
    else:
        assert len(lost) <= truth["lost"]


def test_truth_from_a_core(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("contexts", sample)
    listed = parked("core", core.binary, core.core, "contexts", "--json")
    assert listed.returncode == 0, listed.stderr
    document = json.loads(listed.stdout)
    assert document["incomplete"] == []
    check(truth_of(core.output), document, optimised=sample.mode != "noopt", names=sample.symbols)


def test_live_text_and_findings(go: str, running: Callable[..., Running]) -> None:
    with running("contexts", Build(go, "default")) as target:
        document = json.loads(parked(target.pid, "contexts", "--json").stdout)
        text = parked(target.pid, "contexts").stdout
        short = parked(target.pid, "contexts", "--limit", "3").stdout
        report = json.loads(parked(target.pid, "report", "--json").stdout)
        truth = truth_of(target.log.read_text())
    check(truth, document, optimised=True)
    lines = text.splitlines()
    assert len(lines) < 25
    assert any(line.strip() == "1,999 more like it" for line in lines)
    assert any(line.startswith("    WithTimeout, 1h59m left, 21 end with it") for line in lines)
    assert "35 that nobody can cancel any more" in lines[0]
    # Nothing is told twice, and nothing is left out silently.
    assert short.splitlines()[-1].endswith("contexts --all")
    assert {f["rule"]: f["count"] for f in report["findings"]} == {"PK100": 20, "PK102": 15}
    for finding in report["findings"]:
        assert finding["evidence"]


def test_without_a_proof_nothing_is_called_lost(go: str, running: Callable[..., Running]) -> None:
    with running("contexts", Build(go, "default")) as target:
        document = json.loads(parked("--no-proof", target.pid, "contexts", "--json").stdout)
    assert len(document["contexts"]) > 2000
    assert not any(context["nobody_can_cancel"] for context in document["contexts"])
