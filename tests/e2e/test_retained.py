"""What a leak costs, and which leak follows from another."""

from __future__ import annotations

import json
from collections.abc import Callable

from support.commands import parked
from support.matrix import Build
from support.running import Core, Running

SLACK = 4096  # channels, sudogs, closures


def groups_of(text: str) -> tuple[dict, dict[str, dict]]:
    document = json.loads(text)
    assert document["proof"]["state"] == "given", document["proof"]
    return document, {
        group["user_frame"]["func"].removeprefix("main."): group
        for group in document["groups"]
        if group["verdict"] == "PROVED"
    }


def check(text: str, output: str) -> None:
    words = output.split()
    lost = {name: int(words[words.index(name) + 1]) for name in ("alone", "list", "shared")}
    document, groups = groups_of(text)
    exclusive = {
        "holdsBuffer": lost["alone"],
        "holdsList": lost["list"],
        "sharesLeft": 0,
        "sharesRight": 0,
        "producer": 0,
    }
    for name, expected in exclusive.items():
        retained = groups[name]["retained"]
        assert retained["goroutines"] == groups[name]["count"]
        # The list's items may be rounded up to their size class.
        assert expected <= retained["heap_bytes"] <= expected * 1.1 + SLACK, (name, retained)
        assert retained["stack_bytes"] >= 2048 * retained["goroutines"]
    shared = document["proof"]["shared_heap_bytes"]
    assert lost["shared"] <= shared <= lost["shared"] + SLACK

    causes = {
        name: None
        if group["root_cause_group"] is None
        else document["groups"][group["root_cause_group"]]["user_frame"]["func"]
        for name, group in groups.items()
    }
    assert causes == {
        "holdsBuffer": None,
        "holdsList": None,
        "sharesLeft": None,
        "sharesRight": None,
        "producer": None,
        "consumer": "main.producer",
        "waiter": "main.producer",
        "left": None,
        "right": None,
    }


def test_retained(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("retain", sample)
    report = parked("core", core.binary, core.core, "report", "--json")
    assert report.returncode == 0, report.stderr
    check(report.stdout, core.output)


def test_retained_live(sample: Build, running: Callable[..., Running]) -> None:
    """The process runs on before the question is asked."""
    with running("retain", sample) as target:
        check(parked(target.pid, "report", "--json").stdout, target.log.read_text())


def test_filters_do_not_change_what_is_shared(
    sample: Build, kernel_core: Callable[..., Core]
) -> None:
    core = kernel_core("retain", sample)
    words = ("report", "--json", "--with", "userloc", "sharesLeft")
    document, groups = groups_of(parked("core", core.binary, core.core, *words).stdout)
    assert list(groups) == ["sharesLeft"]
    assert groups["sharesLeft"]["retained"]["heap_bytes"] <= SLACK
    assert document["proof"]["shared_heap_bytes"] >= 3 << 20


def test_report_says_it(sample: Build, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("retain", sample)
    text = parked("core", core.binary, core.core, "report", "--all").stdout
    assert "shared by groups" in text
    assert "only they keep alive" in text
    cause = [line for line in text.splitlines() if line.lstrip().startswith("root cause")]
    assert len(cause) == 2
    assert all("main.producer" in line for line in cause)
