"""The proof on a program whose functions say by their names whether they are leaked."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from support.commands import gdb, parked
from support.matrix import Build
from support.paths import ROOT
from support.running import Core, Running

SOURCE = ROOT / "tests/targets/twins"
LEAKED_PER_GO = 17  # L_ goroutines of main.go
NEWER = {"iter_new.go": 23, "weak_new.go": 24}  # with one each, since that release


def verdicts(text: str) -> dict[str, Counter]:
    document = json.loads(text)
    assert document["proof"]["state"] == "given", document["proof"]
    seen: dict[str, Counter] = {}
    for goroutine in document["goroutines"]:
        names = [f["func"] for f in goroutine["frames"] if re.match(r"main\.[LV]_", f["func"])]
        if names:
            seen.setdefault(names[-1].removeprefix("main."), Counter())[goroutine["verdict"]] += 1
    return seen


def check(seen: dict[str, Counter], build: Build) -> None:
    minor = int(build.go.split(".")[1])
    newer = [name for name, since in NEWER.items() if minor >= since]
    sources = [(SOURCE / name).read_text() for name in ["main.go", *newer]]
    declared = set(re.findall(r"func ([LV]_\w+)\(", "".join(sources)))
    assert set(seen) == declared
    wrong = {
        name: dict(counts)
        for name, counts in seen.items()
        if (set(counts) == {"PROVED"}) != name.startswith("L_")
    }
    assert wrong == {}
    leaked = sum(sum(counts.values()) for name, counts in seen.items() if name.startswith("L_"))
    assert leaked == LEAKED_PER_GO + len(newer)


def test_twins(anywhere: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("twins", anywhere)
    report = parked("core", core.binary, core.core, "report", "--json")
    assert report.returncode == 0, report.stderr
    check(verdicts(report.stdout), anywhere)


def test_twins_live_and_gcore(sample: Build, running: Callable[..., Running]) -> None:
    with running("twins", sample) as target:
        live = parked(target.pid, "report", "--json")
        dumped = target.gcore()
        free = parked(target.pid, "--no-stop", "report", "--json")
    check(verdicts(live.stdout), sample)
    core = parked("core", dumped.binary, dumped.core, "report", "--json")
    dumped.core.unlink()
    check(verdicts(core.stdout), sample)
    unstopped = json.loads(free.stdout)
    assert unstopped["proof"]["state"] == "withheld"
    assert not any(g["verdict"] == "PROVED" for g in unstopped["goroutines"])


def test_a_cut_core_proves_nothing(
    sample: Build, kernel_core: Callable[..., Core], tmp_path: Path
) -> None:
    core = kernel_core("twins", sample)
    data = core.core.read_bytes()
    for share in (0.5, 0.8, 0.95):
        cut = tmp_path / "cut"
        cut.write_bytes(data[: int(len(data) * share)])
        report = parked("core", core.binary, cut, "report", "--json", "--require-proof")
        assert report.returncode in (2, 3), share
        if not report.stdout:
            continue
        document = json.loads(report.stdout)
        unreachable = [g for g in document["goroutines"] if g["rule"] == "unreachable"]
        assert document["proof"]["state"] == "withheld" and unreachable == [], share


def test_without_the_proof(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("twins", sample)
    report = parked("--no-proof", "core", core.binary, core.core, "report", "--json")
    document = json.loads(report.stdout)
    assert document["proof"]["state"] == "not_asked"
    assert not any(g["rule"] == "unreachable" for g in document["goroutines"])
    required = parked("--no-proof", "core", core.binary, core.core, "report", "--require-proof")
    assert required.returncode == 3


def test_the_way_that_keeps_it_alive(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("twins", sample)
    base = ("core", core.binary, core.core)
    document = json.loads(parked(*base, "report", "--json").stdout)
    ids = {
        f["func"].removeprefix("main."): g["id"]
        for g in document["goroutines"]
        for f in g["frames"]
        if re.match(r"main\.[LV]_", f["func"])
    }
    expected = {
        "V_global": "main.gbox (global *main.box)",
        "V_globalMu": "main.gmu (global sync.Mutex)",
        "V_ctxTimeout": "a pending timer",
        "V_heldBySleeper": f"the stack of goroutine {ids['V_sleepOwner']} in main.",
        "V_chain": f"the stack of goroutine {ids['V_chainOwner']} in main.",
        "V_chainOwner": "main.keep (global []interface {})",
        "V_finalizer": "a finalizer",
    }
    if not sample.symbols:  # globals have no names
        expected |= {name: "a global at 0x" for name, root in expected.items() if "(global" in root}
    for name, root in expected.items():
        why = parked(*base, "why", ids[name])
        assert why.returncode == 0, why.stderr
        assert root in why.stdout, (name, why.stdout)
        assert root in parked(*base, "goroutine", ids[name]).stdout, name
    # Each step is where it says: the word holds a pointer into the next object.
    way = re.findall(
        r"^  (?:->|  ) .*?  (0x[0-9a-f]+)(?:\+0x[0-9a-f]+)?(?:, x/gx (0x[0-9a-f]+))?$",
        parked(*base, "why", ids["V_ctxTimeout"]).stdout,
        re.MULTILINE,
    )
    assert len(way) > 4
    words = [word for _, word in way if word]
    read = gdb(*(f"x/gx {word}" for word in words), arguments=base[1:])
    found = re.findall(r"^0x[0-9a-f]+.*:\t(0x[0-9a-f]+)$", read.stdout, re.MULTILINE)
    values = [int(value, 16) for value in found]
    assert len(values) == len(words)
    for value, (following, _) in zip(values, way[1:], strict=False):
        assert 0 <= value - int(following, 16) < 65536
    assert "none: of " in parked(*base, "why", ids["L_send"]).stdout
