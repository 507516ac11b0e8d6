"""What the report says of the leaky service, against what the service knows of itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from support.commands import parked, truth_of
from support.matrix import Build
from support.paths import ROOT
from support.running import Core
from support.schema import VALIDATOR


def document(core: Core, *words: str) -> dict:
    result = parked("core", core.binary, core.core, "report", "--json", *words)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def by_start(goroutines: list[dict], name: str) -> list[dict]:
    found = [g for g in goroutines if any(frame["func"].endswith(name) for frame in g["frames"])]
    assert found, f"no goroutine in {name}"
    return found


def check_channels(goroutines: list[dict], truth: dict) -> None:
    requests = truth["requests"]
    senders = by_start(goroutines, "askSupplier")
    assert len(senders) == truth["price_senders"]
    per_channel = Counter(g["waiting_on"][0]["address"] for g in senders)
    assert set(per_channel.values()) == {2} and len(per_channel) == requests
    for g in senders:
        (wait,) = g["waiting_on"]
        assert (wait["kind"], wait["op"], wait["queued"]) == ("channel", "send", True)
        assert (wait["element_type"], wait["cap"], wait["senders"]) == ("int", 0, 2)
        assert wait["receivers"] == 0 and not wait["closed"]

    imports = by_start(goroutines, "importPart")
    assert len(imports) == requests
    assert all((w["cap"], w["len"]) == (2, 2) for g in imports for w in g["waiting_on"])
    for g in by_start(goroutines, "writeRows"):
        (wait,) = g["waiting_on"]
        assert (wait["op"], wait["cap"], wait["len"]) == ("receive", 4, 0)
    for g in by_start(goroutines, "watchStock"):
        assert [w["op"] for w in g["waiting_on"]] == ["receive", "receive"]


def check_locks(goroutines: list[dict]) -> None:
    def one_object(name: str, kind: str, count: int) -> dict:
        found = by_start(goroutines, name)
        assert len(found) == count
        waits = [w for g in found for w in g["waiting_on"]]
        assert {w["kind"] for w in waits} == {kind}
        assert len({w["address"] for w in waits}) == 1
        return waits[0]

    mutex = one_object(".put", "mutex", 3)
    assert mutex["decoded"] and mutex["locked"] and mutex["mutex_waiters"] == 3
    assert one_object(".get", "rwmutex", 3)["writer_pending"]
    assert one_object("(*Store).wait", "wait_group", 3)["counter"] == 1
    one_object(".follow", "cond", 3)


def check_verdicts(report: dict, requests: int) -> None:
    goroutines = report["goroutines"]
    audit = by_start(goroutines, "Audit")[0]
    assert audit["verdict"] == "PROVED" and audit["labels"] == {"tenant": "acme"}
    assert by_start(goroutines, "forever")[0]["verdict"] == "PROVED"
    # What nobody can wake: the channels of a request, or of a package's function, that only leaked
    # goroutines still have. The store is alive: its timers have it.
    assert report["proof"]["state"] == "given"
    leaks = (
        "askSupplier",
        "importPart",
        "writeRows",
        "watchStock",
        "Audit",
        "forever",
        "mailer.send",
    )
    proved = {g["id"] for g in goroutines if g["verdict"] == "PROVED"}
    assert proved == {g["id"] for name in leaks for g in by_start(goroutines, name)}
    orphans = {g["id"] for g in goroutines if g["verdict"] == "ORPHAN"}
    assert orphans == {g["id"] for g in by_start(goroutines, "(*poller).run")}
    assert len(orphans) == requests
    (finding,) = (f for f in report["findings"] if f["rule"] == "PK111")
    assert "*orders.poller" in finding["sentence"] and "Stop it" in finding["fix"]


def check_timers(timers: list[dict], requests: int) -> None:
    callbacks = Counter(
        (t["callback"]["func"], Path(t["callback"]["file"]).name, t["callback"]["line"])
        for t in timers
        if t["kind"] == "after_func"
    )
    # A method value: its wrapper is nobody's source, so the method is named.
    source = (ROOT / "tests/targets/leakyweb/cache/cache.go").read_text().splitlines()
    line = next(i for i, text in enumerate(source, 1) if text.startswith("func (s *Store) reload("))
    assert callbacks["parked.test/leakyweb/cache.(*Store).reload", "cache.go", line] == 3
    tickers = Counter(t["period_ns"] for t in timers if t["kind"] == "ticker")
    assert tickers == {30 * 60 * 10**9: 3, 60 * 10**9: requests}


def check_groups(report: dict) -> None:
    goroutines = report["goroutines"]
    by_id = {g["id"]: g for g in goroutines}
    assert sum(group["count"] for group in report["groups"]) == len(goroutines)
    for group in report["groups"]:
        assert group["count"] == len(group["goroutines"])
        assert {by_id[i]["group"] for i in group["goroutines"]} == {group["index"]}


def test_leaky_service(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("leakyweb", sample)
    truth = truth_of(core.output)
    report = document(core)
    goroutines = report["goroutines"]
    assert sum(not g["system"] for g in goroutines) == truth["goroutines"]
    check_channels(goroutines, truth)
    check_locks(goroutines)
    check_verdicts(report, truth["requests"])
    check_timers(report["timers"], truth["requests"])
    check_groups(report)
    assert report["incomplete"] == []


def test_json_is_as_the_schema_says(sample: Build, kernel_core: Callable[..., Core]) -> None:
    for target in ("zoo", "leakyweb"):
        VALIDATOR.validate(document(kernel_core(target, sample)))


def test_exit_codes(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("leakyweb", sample)
    base = ("core", core.binary, core.core)
    assert parked(*base).returncode == 0
    assert parked(*base, "report", "--fail-on", "proved").returncode == 1
    assert parked(*base, "report", "--no-such-option").returncode == 2
    assert parked(*base, "goroutine", "999999").returncode == 2


def test_one_goroutine_and_one_channel(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("leakyweb", sample)
    sender = by_start(document(core)["goroutines"], "askSupplier")[0]
    shown = parked("core", core.binary, core.core, "goroutine", sender["id"])
    assert shown.returncode == 0, shown.stderr
    assert "askSupplier" in shown.stdout and "orders.go" in shown.stdout
    address = sender["waiting_on"][0]["address"]
    channel = parked("core", core.binary, core.core, "channel", address)
    assert channel.returncode == 0, channel.stderr
    assert address in channel.stdout and str(sender["id"]) in channel.stdout
