"""A made-up fleet as reports of parked: one real report of a real core, varied by the plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from .fleet_plan import Plan, PlannedLeak, Seen, seen

LEAKING = ("PROVED", "ORPHAN", "SUSPECT")
#: What ``--path-pattern`` says of their paths.
PATTERN = "{service}/{host}/*.json"


def leaking_groups(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Groups of the report that leak: each stands for a planned leak, in this order."""
    return [group for group in document["groups"] if group["verdict"] in LEAKING]


def fingerprints(plan: Plan, document: dict[str, Any]) -> dict[PlannedLeak, str]:
    """Of each planned leak the fingerprint of the group that stands for it."""
    groups = {program: iter(leaking_groups(document)) for program in plan.programs}
    return {leak: next(groups[leak.program])["fingerprint"] for leak in plan.leaks}


def _groups(
    document: dict[str, Any], counts: dict[str, int], proved: bool
) -> Iterator[dict[str, Any]]:
    for group in document["groups"]:
        if group["verdict"] not in LEAKING:
            yield group
        elif count := counts.get(group["fingerprint"], 0):
            listed = list(range(100, 100 + count))
            judged = {} if proved else {"verdict": "WAITING", "retained": None}
            yield {**group, "count": count, "goroutines": listed, **judged}


def _report(
    plan: Plan, document: dict[str, Any], part: Seen, row: int, prints: dict[PlannedLeak, str]
) -> dict[str, Any]:
    """Of a look of the plan; it shares with the document what is the same."""
    counts = {prints[leak]: int(many[row]) for leak, many in part.leaked.items()}
    proved = part.status[row] == "ok"
    taken = plan.begins + timedelta(hours=float(part.hours[row]))
    taken += timedelta(seconds=plan.skew.get(int(part.host[row]), 0))
    target = {
        **document["target"],
        "program": part.program,
        "build_id": plan.build_name(part.program, int(part.build[row])),
        "go_version": str(part.attributes["go_version"][row]),
        "taken_at": taken.isoformat().replace("+00:00", "Z"),
        "uptime_ns": int(part.uptime[row] * 3600e9),
    }
    groups = list(_groups(document, counts, proved))
    kept = {group["index"] for group in groups}
    told = {**document, "target": target, "groups": groups}
    told["findings"] = [f for f in told["findings"] if proved and f["group"] in kept]
    if not proved:
        withheld = {"state": "withheld", "withheld": "the heap was not in the core"}
        told["proof"] = {**told["proof"], **withheld}
    return told


def write_reports(plan: Plan, folder: Path, document: dict[str, Any]) -> int:
    """Writes a report for each look of the plan, with its labels beside it; how many there are.

    The report of a look that failed is cut off in the middle.
    """
    prints = fingerprints(plan, document)
    written = 0
    for part in seen(plan):
        for host in range(plan.hosts):
            (folder / part.program / f"host-{host}").mkdir(parents=True, exist_ok=True)
        for row in range(len(part.keys)):
            path = f"{folder}/{part.program}/{part.attributes['host'][row]}/{row}.json"
            text = json.dumps(_report(plan, document, part, row, prints))
            with open(path, "w") as file:
                file.write(text[: len(text) // 2] if part.status[row] == "failed" else text)
            labels = {name: str(part.attributes[name][row]) for name in ("zone", "tier", "feature")}
            with open(f"{path}.labels.json", "w") as file:
                file.write(json.dumps(labels))
            written += 1
    return written


def small(document: dict[str, Any]) -> dict[str, Any]:
    """The report of a service as small: of its own goroutines alone, and none in full."""
    groups = [group for group in document["groups"] if not group["system"]]
    return {**document, "groups": groups, "goroutines": document["goroutines"][:1], "timers": []}
