"""Which leaks are on which hosts: a heat map of each program."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from .fleet_report import HeatMap, Leak

MOST_PROGRAMS = 12
MOST_HOSTS = 60
MOST_LEAKS = 30


def _natural(name: str) -> list[tuple[int, str]]:
    """So that host-9 comes before host-10."""
    return [(int(word), "") if word.isdecimal() else (0, word) for word in re.split(r"(\d+)", name)]


def _heat_map(program: str, leaks: dict[int, int], rows: list[dict[str, Any]]) -> HeatMap:
    """``leaks``: index in the report, by number in the database; ``rows`` of `Queries.latest`."""
    totals: dict[str, int] = defaultdict(int)
    for row in rows:
        totals[row["machine"]] += row["found"]
    worst = sorted(totals, key=lambda host: (-totals[host], host))[:MOST_HOSTS]
    hosts = sorted(worst, key=_natural)
    places = {host: i for i, host in enumerate(hosts)}
    return HeatMap(
        program=program,
        hosts=tuple(hosts),
        leaks=tuple(leaks.values()),
        cells=tuple(
            (leaks[row["leak_id"]], places[row["machine"]], row["found"])
            for row in rows
            if row["machine"] in places
        ),
        of_hosts=len(totals),
    )


def heat_maps(leaks: list[tuple[int, Leak]], latest: list[dict[str, Any]]) -> tuple[HeatMap, ...]:
    """Of each program the worst hosts and the first leaks that are there now."""
    drawn: dict[str, dict[int, int]] = defaultdict(dict)
    for index, (number, leak) in enumerate(leaks):
        if leak.hosts and len(drawn[leak.program]) < MOST_LEAKS:
            drawn[leak.program][number] = index
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in latest:
        if row["leak_id"] in drawn.get(row["program"], {}):
            rows[row["program"]].append(row)
    programs = list(rows)[:MOST_PROGRAMS]
    return tuple(_heat_map(name, drawn[name], rows[name]) for name in programs)
