"""What keeps a goroutine's channel alive, in the words of the source."""

from __future__ import annotations

import re
from collections.abc import Callable

from support.commands import parked
from support.matrix import Build
from support.running import Core, Running

SESSION = "-> *main.session .done -> chan struct {}"
EXPECTED = {
    "viaPlain": "main.plain (global chan struct {}) -> chan struct {}",
    "viaPointer": f"main.pointer (global *main.session) {SESSION}",
    "viaSmallMap": f"main.small (global map[string]*main.session) {SESSION}",
    "viaLargeMap": f"main.large (global map[int]*main.session) {SESSION}",
    "viaMapValue": "main.values (global map[string]main.session) .done -> chan struct {}",
    "viaArray": "main.pools (global main.pool) .slots[2].done -> chan struct {}",
    "viaSlice": f"main.pools (global main.pool) .inner.idle -> []*main.session [5] {SESSION}",
    "viaInterface": f"main.front (global main.closer) {SESSION}",
    "viaBoxed": f"main.boxed (global main.closer) -> *main.byValue .s {SESSION}",
    "viaEmptyInterface": f"main.anything (global interface {{}}) {SESSION}",
    "viaTwice": f"main.twice (global **main.session) -> **main.session {SESSION}",
    "viaList": "main.queue (global *container/list.List) -> *container/list.List .root.next "
    f"-> *container/list.Element .Value {SESSION}",
    "viaChannel": "main.carried (global chan *main.session) -> chan *main.session .buf "
    f"-> []*main.session [0] {SESSION}",
    "viaContext": "main.ctx (global context.Context) -> *context.cancelCtx .done.v "
    "-> chan struct {}",
}
# Without a symbol table a global has no name and no type; what an interface holds has both.
EXPECTED_STRIPPED = {
    "viaPlain": "GLOBAL -> chan struct {}",
    "viaInterface": f"GLOBAL {SESSION}",
    "viaBoxed": f"GLOBAL -> *main.byValue .s {SESSION}",
    "viaEmptyInterface": f"GLOBAL {SESSION}",
    "viaContext": "GLOBAL -> *context.cancelCtx .done.v -> chan struct {}",
}


def ask(*target: object) -> dict[str, str]:
    report = parked(*target, "goroutines", "--with", "reason", "chan receive")
    ids = [line.split()[0] for line in report.stdout.splitlines() if line.split()[:1]]
    answers = {}
    for goid in ids:
        if not goid.isdigit():
            continue
        shown = parked(*target, "goroutine", goid).stdout
        name = next((n for n in EXPECTED if f"main.{n}(" in shown), None)
        line = next((x for x in shown.splitlines() if x.startswith("reached by")), "")
        if name:
            answers[name] = line.removeprefix("reached by").strip()
    return answers


def test_paths(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("paths", sample)
    answers = ask("core", core.binary, core.core)
    if sample.symbols:
        assert answers == EXPECTED
        return
    unnamed = {
        name: re.sub(r"a global at 0x[0-9a-f]+ \((data|bss) of the program\)", "GLOBAL", answer)
        for name, answer in answers.items()
    }
    assert set(unnamed) == set(EXPECTED)
    assert all(answer.startswith("GLOBAL -> ") for answer in unnamed.values()), unnamed
    assert all(answer.endswith("-> chan struct {}") for answer in unnamed.values()), unnamed
    assert {name: unnamed[name] for name in EXPECTED_STRIPPED} == EXPECTED_STRIPPED


def test_paths_live(sample: Build, running: Callable[..., Running]) -> None:
    with running("paths", sample) as target:
        report = parked(target.pid, "report", "--all", "--format", "text").stdout
        way = EXPECTED["viaList"] if sample.symbols else "-> *context.cancelCtx .done.v -> chan"
        assert way in report


def test_why_has_the_fields(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("paths", sample)
    base = ("core", core.binary, core.core)
    listed = parked(*base, "goroutines", "--with", "reason", "chan receive")
    ids = [line.split()[0] for line in listed.stdout.splitlines() if line.split()[:1]]
    chains = [
        parked("core", core.binary, core.core, "why", goid).stdout for goid in ids if goid.isdigit()
    ]
    if not sample.symbols:
        assert any("a global at 0x" in chain and ".done" in chain for chain in chains)
        return
    assert any(
        "main.pools (global main.pool) .slots[2].done" in chain and ", x/gx 0x" in chain
        for chain in chains
    )
