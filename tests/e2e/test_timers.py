"""Timers: what the target says of them itself against what parked tells from outside."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable

import pytest
from support.commands import parked, truth_of
from support.matrix import RELEASES, Build
from support.running import Core, Running, need_kernel_cores

HOUR = 3_600_000_000_000
# A core's clock is known to a few hundredths of a second; the machine may be loaded.
CLOCK = 2_000_000_000

FUNCTIONS = {
    "main.expire",
    "main.poll",
    "main.keepBuffer.func1",
    "main.rearmByReset.func1",
    "main.(*service).refresh",
    "main.main.func2",
}


def minor(build: Build) -> int:
    return int(build.go.removeprefix("1."))


@pytest.fixture(autouse=True)
def synchronous_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    """What go.mod's old `go` line would turn off in 1.23 to 1.26; other releases pass it over."""
    monkeypatch.setenv("GODEBUG", "asynctimerchan=0")


ROWS = {"go": {"quick": ["1.22"], "ci": ["1.18", "1.22", "1.23", "1.27"], "full": list(RELEASES)}}


def own(document: dict) -> list[dict]:
    """The target's timers, without those of the runtime."""
    return [t for t in document["timers"] if t["kind"] not in ("runtime", "sleep")]


def held_by(name: str, names: bool) -> str:
    return f"{name} (global)" if names else "a global at 0x"


def check(truth: dict, document: dict, *, synchronous: bool, names: bool = True) -> None:
    timers = own(document)
    after_funcs = [t for t in timers if t["kind"] == "after_func"]
    by_function: dict[str, list[dict]] = {}
    for timer in after_funcs:
        by_function.setdefault(timer["callback"]["func"], []).append(timer)
    assert Counter(t["callback"]["func"] for t in after_funcs) == {
        name: truth["count"][name] for name in FUNCTIONS
    }
    check_channels(truth, timers, synchronous=synchronous, names=names)
    check_functions(truth, by_function, names=names)
    check_dues(truth, by_function)


def check_channels(truth: dict, timers: list[dict], *, synchronous: bool, names: bool) -> None:
    """Timers and tickers that send."""
    tickers = {t["period_ns"]: t for t in timers if t["kind"] == "ticker"}
    expected = {truth["period"]["waited ticker"], truth["period"]["idle ticker"]}
    if not synchronous:
        expected.add(truth["period"]["abandoned ticker"])
    assert set(tickers) == expected
    channel_timers = [t for t in timers if t["kind"] == "timer"]
    assert len(channel_timers) == 2
    idle = {t["object"]: t for t in timers if t["kind"] in ("ticker", "timer")}
    for name in ("idle ticker", "idle timer", "waited ticker"):
        timer = idle[f"{truth['address'][name]:#x}"]
        waited = name == "waited ticker"
        assert timer["receivers"] == (1 if waited else 0)
        assert (timer["p"] is None) == (synchronous and not waited)
        if name == "idle ticker":
            assert held_by("main.idleTicker", names) in timer["held_by"]
        if name == "idle timer":
            assert held_by("main.idleTimer", names) in timer["held_by"]
        if waited:
            assert timer["made"]["func"] == "main.tick"
        assert not timer["nobody_can_stop"]
    waited_after = next(t for t in channel_timers if t["receivers"] == 1)
    assert waited_after["made"]["func"] == "main.waitAfter"
    if not synchronous:
        assert tickers[truth["period"]["abandoned ticker"]]["nobody_can_stop"]


def check_functions(truth: dict, by_function: dict[str, list[dict]], *, names: bool) -> None:
    """What timers of AfterFunc call, what starts them again, and what they keep."""
    for name, members in by_function.items():
        for timer in members:
            assert timer["callback"]["file"].endswith("main.go")
            assert timer["callback"]["line"] > 0
            assert timer["nobody_can_stop"] == (name != "main.main.func2"), name
            rearms = {
                "main.poll": "starts_itself",
                "main.(*service).refresh": "starts_itself",
                "main.rearmByReset.func1": "resets_itself",
            }
            assert timer["rearms"] == rearms.get(name), name
    assert held_by("main.stoppable", names) in by_function["main.main.func2"][0]["held_by"]
    for name, least in truth["kept_at_least"].items():
        kept = by_function[name][0]["retained_bytes"]
        assert least <= kept <= 1.5 * least + 4096, name
    assert all(t["retained_bytes"] == 0 for t in by_function["main.expire"])
    made = by_function["main.keepBuffer.func1"][0]["made"]
    assert (made["how"], made["func"]) == ("made in", "main.keepBuffer")
    for name in ("main.poll", "main.(*service).refresh"):
        made = by_function[name][0]["made"]
        assert (made["how"], made["func"]) == ("started again by", name)
    for name in ("main.rearmByReset.func1", "main.main.func2"):
        assert by_function[name][0]["object"] == f"{truth['address'][name]:#x}"


def check_dues(truth: dict, by_function: dict[str, list[dict]]) -> None:
    for name in FUNCTIONS - {"main.expire"}:
        left = truth["due"][name] - truth["now"]
        assert abs(by_function[name][0]["due_in_ns"] - left) < CLOCK, name
    dues = sorted(t["due_in_ns"] for t in by_function["main.expire"])
    assert abs(dues[0] - HOUR) < CLOCK
    assert abs(dues[-1] - dues[0] - 24_000_000_000) < CLOCK


def test_truth_from_a_core(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("timers", sample)
    listed = parked("core", core.binary, core.core, "timers", "--json")
    assert listed.returncode == 0, listed.stderr
    document = json.loads(listed.stdout)
    assert document["incomplete"] == []
    if sample.mode != "noopt":  # there everything is live to the end of its function
        check(
            truth_of(core.output),
            document,
            synchronous=minor(sample) >= 23,
            names=sample.symbols,
        )


def test_truth_live(go: str, running: Callable[..., Running]) -> None:
    build = Build(go, "default")
    with running("timers", build) as target:
        listed = parked(target.pid, "timers", "--json")
        truth = truth_of(target.log.read_text())
    assert listed.returncode == 0, listed.stderr
    check(
        truth,
        json.loads(listed.stdout),
        synchronous=minor(build) >= 23,
        names=build.symbols,
    )


def test_asynchronous_timers(
    go: str, running: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    """GODEBUG=asynctimerchan=1 brings back the timers of 1.22 in 1.23 to 1.26."""
    build = Build(go, "default")
    if not 23 <= minor(build) <= 26:
        pytest.skip("the setting exists in 1.23 to 1.26 only")
    monkeypatch.setenv("GODEBUG", "asynctimerchan=1")
    with running("timers", build) as target:
        listed = parked(target.pid, "timers", "--json")
        report = json.loads(parked(target.pid, "report", "--json").stdout)
        truth = truth_of(target.log.read_text())
    assert listed.returncode == 0, listed.stderr
    check(truth, json.loads(listed.stdout), synchronous=False)
    assert [f["rule"] for f in report["findings"]] == ["PK043"]


def test_text(go: str, running: Callable[..., Running]) -> None:
    build = Build(go, "default")
    with running("timers", build) as target:
        text = parked(target.pid, "timers").stdout
    assert "keeps 1.0 MB in 2 objects alive" in text
    assert "starts itself again, it seems" in text
    assert "held by main.stoppable (global)" in text
    # Of timers that look alike the first speaks for all; up to 1.22 the heap's order is not fixed.
    assert "waited for in main.waitAfter" in text or "one is held by main.idleTimer" in text
    assert ("1 idle: nobody waits" in text) == (minor(build) >= 23)
    assert max(len(line) for line in text.splitlines()) <= 160


def test_no_proof_no_claim(go: str, running: Callable[..., Running]) -> None:
    """Without the proof nobody knows who has a timer; then nothing is said of it."""
    build = Build(go, "default")
    with running("timers", build) as target:
        listed = json.loads(parked("--no-proof", target.pid, "timers", "--json").stdout)
    timers = own(listed)
    assert len(timers) >= 34
    assert not any(t["nobody_can_stop"] or t["held_by"] for t in timers)
    assert all(t["retained_bytes"] is None for t in timers)


def test_a_clock_that_nobody_measured(go: str, running: Callable[..., Running]) -> None:
    """Before the first collection sleeps and tickers tell how long a process ran at least."""
    need_kernel_cores()
    began = time.monotonic_ns()
    with running("uptime", Build(go, "default")) as target:
        core = target.abort()
    most = time.monotonic_ns() - began
    truth = truth_of(core.output)
    words = ("core", core.binary, core.core)
    document = json.loads(parked(*words, "report", "--json").stdout)
    about = document["target"]
    assert about["clock_is_lower_bound"]
    assert 300_000_000 <= about["uptime_ns"] <= most, truth
    ticker = next(t for t in document["timers"] if t["kind"] == "ticker")
    assert ticker["due_in_ns"] <= truth["period"] == ticker["period_ns"]
    text = parked(*words, "report").stdout
    core.core.unlink()
    assert ", up at least " in text
    assert "due in at most " in text or "due now" in text
