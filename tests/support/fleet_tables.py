"""A made-up fleet as the tables of docs/fleet.md: fast, for many targets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from parked.fleet.schema import schema_of

from .fleet_plan import Plan, Seen, seen

#: Looks of one file.
BATCH = 5000
NO_PROOF = "proof withheld: the heap was not in the core"


def _times(plan: Plan, hours: NDArray[np.float64], host: NDArray[np.int64]) -> pa.Array:
    skew = np.array([plan.skew.get(h, 0.0) for h in range(plan.hosts)])[host]
    begins = plan.begins.timestamp() * 1e6
    return pa.array(
        (begins + hours * 3.6e9 + skew * 1e6).astype(np.int64), pa.timestamp("us", tz="UTC")
    )


def _labels(part: Seen, rows: NDArray[np.int64]) -> list[list[tuple[str, str]]]:
    names = ("tier", "feature")
    return [[(name, str(part.attributes[name][row])) for name in names] for row in rows]


def _total(part: Seen, rows: NDArray[np.int64], verdict: str) -> NDArray[np.int64]:
    counts = [many[rows] for leak, many in part.leaked.items() if leak.verdict == verdict]
    return np.sum([np.zeros(len(rows), np.int64), *counts], axis=0)


def _targets(plan: Plan, part: Seen, rows: NDArray[np.int64]) -> pa.Table:
    status = part.status[rows]
    failed, whole = status == "failed", status == "ok"

    def known(values: list | NDArray, where: NDArray[np.bool_] = ~failed) -> pa.Array:
        return pa.array(values, mask=~where)

    names = np.array([plan.build_name(part.program, b) for b in range(plan.builds)], dtype=object)
    text = {name: values[rows].astype(object) for name, values in part.attributes.items()}
    proved = _total(part, rows, "PROVED")
    waiting = np.full(len(rows), plan.others, np.int64)
    columns = {
        "target": pa.array([part.keys[row] for row in rows]),
        "source": pa.array([f"s3://cores/{part.program}/{part.keys[row]}.core" for row in rows]),
        "kind": pa.array(["core"] * len(rows)),
        "parked": pa.array(["0.1.0"] * len(rows)),
        "status": pa.array(status.astype(object)),
        "problem": pa.array(np.where(failed, "cut off", NO_PROOF).astype(object), mask=whole),
        "observed_at": _times(plan, part.hours[rows], part.host[rows]),
        "analyzed_at": pa.array(
            [plan.now + timedelta(days=3)] * len(rows), pa.timestamp("us", "UTC")
        ),
        "program": pa.array([part.program] * len(rows)),
        "build": known(names[part.build[rows]]),
        "go_version": known(text["go_version"]),
        "arch": known(text["arch"]),
        "host": pa.array(text["host"]),
        "zone": pa.array(text["zone"]),
        "uptime_seconds": known(part.uptime[rows] * 3600),
        "labels": pa.array(_labels(part, rows), pa.map_(pa.string(), pa.string())),
        "goroutines": known(waiting + proved),
        "proved": known(proved, whole),
        "orphan": known(_total(part, rows, "ORPHAN"), whole),
        "suspect": known(_total(part, rows, "SUSPECT")),
        "waiting": known(waiting),
        "retained_bytes": known(8192 * proved, whole),
        "seconds": known(np.full(len(rows), 0.2)),
        "peak_memory": known(np.full(len(rows), 50_000_000)),
    }
    schema = schema_of("targets")
    return pa.table([columns[name].cast(schema.field(name).type) for name in schema.names], schema)


def _same(value: str | int | None, count: int, kind: pa.DataType) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), count)


def _table(name: str, count: int, columns: dict[str, pa.Array | str | int | None]) -> pa.Table:
    """Columns are arrays, or one value for all rows; those that are not given are not known."""
    schema = schema_of(name)
    arrays = []
    for column in schema:
        given = columns.get(column.name)
        arrays.append(
            given.cast(column.type)
            if isinstance(given, pa.Array)
            else _same(given, count, column.type)
        )
    return pa.table(arrays, schema)


def _groups(part: Seen, rows: NDArray[np.int64]) -> Iterator[pa.Table]:
    keys = np.array(part.keys, dtype=object)
    for leak, many in part.leaked.items():
        at = rows[many[rows] > 0]
        if not leak.group or not len(at):
            continue
        # Without a proof its goroutines only wait: that says nothing of their health.
        whole = part.status[at] == "ok"
        kept = many[at] * leak.bytes_each
        columns = {
            "target": pa.array(keys[at]),
            "fingerprint": leak.fingerprint,
            "verdict": pa.array(np.where(whole, leak.verdict, "WAITING").astype(object)),
            "state": "blocked",
            "reason": "chan send",
            "function": f"{leak.package}.{leak.function.split('.', 1)[-1]}",
            "file": f"{leak.package}/{leak.function.split('.')[0]}.go",
            "line": 22,
            "created_by": f"{leak.package}.Serve",
            "object": "chan int",
            "count": pa.array(many[at]),
            "oldest_seconds": pa.array(part.uptime[at] * 3600),
            "retained_bytes": pa.array(kept, mask=~whole),
            "stack_bytes": pa.array(many[at] * 2048),
            "package": leak.package,
        }
        yield _table("groups", len(at), columns)


def _others(plan: Plan, part: Seen, rows: NDArray[np.int64]) -> Iterator[pa.Table]:
    keys = np.array(part.keys, dtype=object)[rows[part.status[rows] != "failed"]]
    for i in range(plan.others):
        columns = {
            "target": pa.array(keys),
            "fingerprint": f"{i:08x}{len(part.program):08x}",
            "verdict": "WAITING",
            "state": "blocked",
            "reason": "IO wait",
            "function": f"net/http.(*conn).serve{i}",
            "file": "net/http/server.go",
            "line": 100 + i,
            "count": 1,
            "package": "net/http",
        }
        yield _table("groups", len(keys), columns)


def _findings(part: Seen, rows: NDArray[np.int64]) -> Iterator[pa.Table]:
    keys = np.array(part.keys, dtype=object)
    for leak, many in part.leaked.items():
        at = rows[(many[rows] > 0) & (part.status[rows] == "ok")]
        if leak.rule is None or not len(at):
            continue
        columns = {
            "target": pa.array(keys[at]),
            "fingerprint": leak.fingerprint[::-1] if leak.group else leak.fingerprint,
            "rule": leak.rule,
            "verdict": leak.verdict,
            "title": f"pattern {leak.rule}",
            "sentence": "senders wait for ever",
            "fix": "give the channel room",
            "function": f"{leak.package}.{leak.function.split('.', 1)[-1]}",
            "file": f"{leak.package}/{leak.function.split('.')[0]}.go",
            "line": 22,
            "count": pa.array(many[at]),
            "group_fingerprint": leak.fingerprint if leak.group else None,
            "retained_bytes": pa.array(many[at] * leak.bytes_each),
        }
        yield _table("findings", len(at), columns)


def _write(folder: Path, name: str, file: str, tables: Iterator[pa.Table] | list) -> None:
    whole = pa.concat_tables([schema_of(name).empty_table(), *tables])
    (folder / name).mkdir(parents=True, exist_ok=True)
    pq.write_table(whole, folder / name / f"{file}.parquet", compression="zstd")


def write_tables(plan: Plan, folder: Path) -> int:
    """Writes the fleet as ``parked-fleet analyze`` does; how many targets it has.

    What is there twice is in a file of its own, with the same rows: an object under two names.
    """
    random = np.random.default_rng([plan.seed, 99])
    total = 0
    for part in seen(plan):
        count = len(part.keys)
        total += count
        again = np.flatnonzero(random.random(count) < plan.twice)
        batches = [np.arange(first, min(first + BATCH, count)) for first in range(0, count, BATCH)]
        for i, rows in enumerate([*batches, *([again] if len(again) else [])]):
            file = f"{part.program}-{i:04}"
            _write(folder, "targets", file, [_targets(plan, part, rows)])
            _write(folder, "groups", file, [*_groups(part, rows), *_others(plan, part, rows)])
            _write(folder, "findings", file, list(_findings(part, rows)))
            _write(folder, "islands", file, [])
    return total
