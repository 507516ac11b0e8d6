"""A made-up fleet as reports of parked: one real report of a real core, varied by the plan."""

from __future__ import annotations

import copy
import json
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


def _report(
    plan: Plan, document: dict[str, Any], part: Seen, row: int, prints: dict[PlannedLeak, str]
) -> dict[str, Any]:
    told = copy.deepcopy(document)
    counts = {prints[leak]: int(many[row]) for leak, many in part.leaked.items()}
    proved = part.status[row] == "ok"
    target = told["target"]
    build = int(part.build[row])
    taken = plan.begins + timedelta(hours=float(part.hours[row]))
    taken += timedelta(seconds=plan.skew.get(int(part.host[row]), 0))
    target["program"] = part.program
    target["build_id"] = plan.build_name(part.program, build)
    target["go_version"] = str(part.attributes["go_version"][row])
    target["taken_at"] = taken.isoformat().replace("+00:00", "Z")
    target["uptime_ns"] = int(part.uptime[row] * 3600e9)
    groups = []
    for group in told["groups"]:
        if group["verdict"] in LEAKING:
            group["count"] = counts.get(group["fingerprint"], 0)
            group["goroutines"] = list(range(100, 100 + group["count"]))
            if not group["count"]:
                continue
            if not proved:
                group["verdict"], group["retained"] = "WAITING", None
        groups.append(group)
    kept = {group["index"] for group in groups}
    told["groups"] = groups
    told["findings"] = [f for f in told["findings"] if proved and f["group"] in kept]
    if not proved:
        told["proof"] |= {"state": "withheld", "withheld": "the heap was not in the core"}
    return told


def write_reports(plan: Plan, folder: Path, document: dict[str, Any]) -> int:
    """Writes a report for each look of the plan, with its labels beside it; how many there are.

    The report of a look that failed is cut off in the middle.
    """
    prints = fingerprints(plan, document)
    written = 0
    for part in seen(plan):
        for row in range(len(part.keys)):
            path = folder / part.program / str(part.attributes["host"][row]) / f"{row}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(_report(plan, document, part, row, prints))
            path.write_text(text[: len(text) // 2] if part.status[row] == "failed" else text)
            labels = {name: str(part.attributes[name][row]) for name in ("zone", "tier", "feature")}
            path.with_suffix(".json.labels.json").write_text(json.dumps(labels))
            written += 1
    return written
