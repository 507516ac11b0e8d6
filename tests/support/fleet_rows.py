"""Results of a few targets, row by row, for what no plan would make up."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
from parked.fleet.schema import Finding, Group, Target, table_of

from .fleet_plan import NOW


def target(number: int, **columns: object) -> Target:
    """A target of which all was read; the numbers are keys."""
    row = Target(
        target=f"{number:064x}",
        source=f"/cores/{number}.core",
        kind="core",
        parked="0.1.0",
        status="ok",
        observed_at=NOW - timedelta(hours=1),
        analyzed_at=NOW,
        program="shop",
        build="b1",
        go_version="go1.26.8",
        arch="amd64",
        host=f"host-{number}",
        uptime_seconds=7200.0,
        goroutines=10,
        proved=1,
        orphan=0,
        suspect=0,
    )
    return dataclasses.replace(row, **columns)  # type: ignore[arg-type]


def group(number: int, **columns: object) -> Group:
    """A proved leak of one goroutine in that target."""
    row = Group(
        target=f"{number:064x}",
        fingerprint="00000000000000aa",
        verdict="PROVED",
        state="blocked",
        reason="chan send",
        function="shop/orders.ask",
        file="orders.go",
        line=7,
        created_by="shop/orders.Price",
        object="chan int",
        count=1,
        retained_bytes=4096,
        stack_bytes=2048,
        package="shop/orders",
    )
    return dataclasses.replace(row, **columns)  # type: ignore[arg-type]


def write(
    folder: Path, targets: list[Target], groups: list[Group], findings: list[Finding]
) -> Path:
    """The tables in ``folder``, each in one file."""
    for name, rows in (("targets", targets), ("groups", groups), ("findings", findings)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        pq.write_table(table_of(name, rows), folder / name / "all.parquet")
    return folder


def at(hours_ago: float) -> datetime:
    """So many hours before the last look."""
    return NOW - timedelta(hours=hours_ago)
