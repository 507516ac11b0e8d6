"""The tables that results are kept in: what each column means, and its Arrow type.

A folder of results has a folder for each table, ``targets/*.parquet`` and so on. ``target`` joins
them, ``fingerprint`` joins the same leak of different targets (docs/fingerprints.md). Null: not
known, or there is none. The rows need no pyarrow, so that what reads an input can do without.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

#: Name and version of these tables, in the metadata of each file; it stays when columns are added.
VERSION = "parked-fleet/1"

TEXT = "string"
COUNT = "int64"
SECONDS = "float64"
FLAG = "bool"
TIME = "timestamp, microseconds, UTC"
LABELS = "map of string to string"

KINDS = ("core", "dump", "report", "goroutines", "crash_log", "pprof")
STATUSES = ("ok", "incomplete", "failed")


def column(kind: str, means: str, default: Any = None) -> Any:
    """A column of a table; rows that do not know it leave it out."""
    return field(default=default, metadata={"type": kind, "means": means})


def key(kind: str, means: str) -> Any:
    """A column that every row has."""
    return field(metadata={"type": kind, "means": means})


@dataclass(kw_only=True)
class Target:
    """One input that was looked at, or could not be."""

    target: str = key(TEXT, "SHA-256 of the input's kind and content, in hexadecimal")
    source: str = key(TEXT, "where the input was: its URL or path")
    kind: str | None = column(TEXT, f"what it is: {', '.join(KINDS)}; null: that could not be told")
    parked: str = key(TEXT, "version of parked that looked at it")
    status: str = key(TEXT, f"{', '.join(STATUSES)}: whether all of it could be read")
    problem: str | None = column(TEXT, "why it failed, or what is incomplete, in a sentence")
    observed_at: datetime | None = column(TIME, "when the process ran that is looked at")
    analyzed_at: datetime = key(TIME, "when parked looked at the input")
    program: str | None = column(TEXT, "name of the executable, or of the service")
    build: str | None = column(TEXT, "Go's build id of the executable, or the GNU one")
    go_version: str | None = column(TEXT, "Go's release, as go1.27.4")
    arch: str | None = column(TEXT, "GOARCH of the program")
    host: str | None = column(TEXT, "the machine or pod that the process ran on")
    zone: str | None = column(TEXT, "where that machine is")
    uptime_seconds: float | None = column(SECONDS, "how long the process had run")
    labels: dict[str, str] | None = column(LABELS, "what else was said of the input, by name")
    goroutines: int | None = column(COUNT, "goroutines, without the runtime's own")
    proved: int | None = column(COUNT, "goroutines whose verdict is PROVED")
    orphan: int | None = column(COUNT, "goroutines whose verdict is ORPHAN")
    suspect: int | None = column(COUNT, "goroutines whose verdict is SUSPECT")
    waiting: int | None = column(COUNT, "goroutines whose verdict is WAITING")
    retained_bytes: int | None = column(COUNT, "bytes that leaked goroutines keep: stacks and heap")
    seconds: float | None = column(SECONDS, "how long it took to fetch, unpack and read the input")
    peak_memory: int | None = column(COUNT, "bytes of memory that reading it took at most")


@dataclass(kw_only=True)
class Group:
    """Goroutines of a target with the same stack that wait on the same kind of object."""

    target: str = key(TEXT, "the target, as in targets")
    fingerprint: str | None = column(TEXT, "the same for the same leak in the next build")
    verdict: str | None = column(
        TEXT, "RUNNING, WAITING, UNKNOWN, SUSPECT, ORPHAN or PROVED; null: nothing was judged"
    )
    state: str | None = column(TEXT, "running, runnable, syscall, blocked or other")
    reason: str | None = column(TEXT, "the runtime's wait reason: chan send")
    function: str | None = column(TEXT, "the user's function that the goroutines are in")
    file: str | None = column(TEXT, "its file, as the compiler recorded it")
    line: int | None = column(COUNT, "the line in it")
    created_by: str | None = column(TEXT, "the function that has the go statement")
    object: str | None = column(TEXT, "what they wait on, in words")
    count: int = key(COUNT, "goroutines")
    oldest_seconds: float | None = column(
        SECONDS, "how long the one blocked longest has been so at least"
    )
    retained_bytes: int | None = column(
        COUNT, "bytes that only they keep: stacks and heap; of an island a share by goroutines"
    )
    stack_bytes: int | None = column(COUNT, "of these, stacks")
    package: str | None = column(TEXT, "import path of the package that the function is of")


@dataclass(kw_only=True)
class Finding:
    """A pattern that a rule names (docs/rules.md)."""

    target: str = key(TEXT, "the target, as in targets")
    fingerprint: str | None = column(TEXT, "the same for the same leak in the next build")
    rule: str | None = column(TEXT, "PK001, as in docs/rules.md; texts: what was counted")
    verdict: str | None = column(TEXT, "SUSPECT, ORPHAN or PROVED")
    title: str | None = column(TEXT, "the pattern, in a few words")
    sentence: str | None = column(TEXT, "what was found")
    fix: str | None = column(TEXT, "what to change")
    function: str | None = column(TEXT, "the user's function that it is told at")
    file: str | None = column(TEXT, "its file, as the compiler recorded it")
    line: int | None = column(COUNT, "the line in it")
    count: int | None = column(COUNT, "goroutines that are stuck because of it")
    group_fingerprint: str | None = column(
        TEXT, "fingerprint of the group behind it; null: it is about a resource"
    )
    retained_bytes: int | None = column(COUNT, "bytes that the group or the islands behind it keep")


@dataclass(kw_only=True)
class Island:
    """What still runs and nobody can stop, of one kind (docs/orphans.md)."""

    target: str = key(TEXT, "the target, as in targets")
    fingerprint: str | None = column(TEXT, "fingerprint of the finding about it")
    handle: str | None = column(TEXT, "type by which somebody could have stopped it")
    goroutines: int | None = column(COUNT, "goroutines of all islands of the kind")
    connections: int | None = column(COUNT, "connections that they wait for")
    timers: int | None = column(COUNT, "timers whose functions set them again")
    bytes: int | None = column(COUNT, "bytes that they keep: stacks and heap")
    background: bool | None = column(FLAG, "whether it is a background worker, and so no leak")
    created_by: str | None = column(TEXT, "the user's function that made the first of them")


Row = Target | Group | Finding | Island

#: Class of a row, by the name of the table.
TABLES: dict[str, type[Target] | type[Group] | type[Finding] | type[Island]] = {
    "targets": Target,
    "groups": Group,
    "findings": Finding,
    "islands": Island,
}


@lru_cache
def schema_of(table: str) -> pa.Schema:
    """Names and types of the columns of ``table``."""
    import pyarrow as pa

    types = {
        TEXT: pa.string(),
        COUNT: pa.int64(),
        SECONDS: pa.float64(),
        FLAG: pa.bool_(),
        TIME: pa.timestamp("us", tz="UTC"),
        LABELS: pa.map_(pa.string(), pa.string()),
    }
    return pa.schema((each.name, types[each.metadata["type"]]) for each in fields(TABLES[table]))


def table_of(table: str, rows: Iterable[Row]) -> pa.Table:
    """``rows`` of ``table`` as Arrow has them."""
    import pyarrow as pa

    schema = schema_of(table)
    # All columns at once: one after the other takes three times as long for a few rows.
    array = pa.array([vars(row) for row in rows], pa.struct(schema))
    return pa.Table.from_batches([pa.RecordBatch.from_struct_array(array)], schema)
