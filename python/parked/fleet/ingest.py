"""Results of ``parked-fleet analyze`` into a history.

A target is known by its content: what is there already changes nothing, but for a target that could
not be read before, or was looked at by another version of parked. One folder is one transaction.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .database import TABLES, Database, quiet, writing
from .staging import LEAK_TEXTS, STAGED, stage


@dataclass(frozen=True)
class Ingested:
    """What an ingest changed."""

    #: Targets in the folder, those of them that are new or replace an older look.
    targets: int
    added: int
    #: Leaks and groups of these targets.
    sightings: int


_TARGET_COLUMNS = [name for name in TABLES["targets"] if name != "target_id"]
_TEXTS = ", ".join(LEAK_TEXTS)

#: What is merged, in the words of both databases.
MERGE = (
    # What could not even be had is known by its place, until it can.
    """
DELETE FROM targets WHERE status = 'failed' AND kind IS NULL
  AND source IN (SELECT source FROM staged_targets WHERE kind IS NOT NULL)
""",
    """
CREATE TEMP TABLE fresh AS
SELECT s.ordinal, s.target, t.target_id AS old
FROM staged_targets s LEFT JOIN targets t ON s.target = t.target
WHERE (t.target IS NULL
    OR (s.status = 'ok' AND t.status <> 'ok')
    OR (s.status = 'incomplete' AND t.status = 'failed')
    OR (s.parked <> t.parked AND s.analyzed_at > t.analyzed_at AND s.status <> 'failed'))
  AND NOT (s.status = 'failed' AND s.kind IS NULL
    AND s.source IN (SELECT source FROM staged_targets WHERE kind IS NOT NULL))
""",
    "DELETE FROM sightings WHERE target_id IN (SELECT old FROM fresh)",
    "DELETE FROM labels WHERE target_id IN (SELECT old FROM fresh)",
    "DELETE FROM targets WHERE target_id IN (SELECT old FROM fresh)",
    """
CREATE TEMP TABLE numbered AS
SELECT ordinal, row_number() OVER (ORDER BY ordinal)
  + (SELECT coalesce(max(target_id), 0) FROM targets) AS target_id
FROM fresh
""",
    f"""
INSERT INTO targets (target_id, {", ".join(_TARGET_COLUMNS)})
SELECT n.target_id, {", ".join("s." + name for name in _TARGET_COLUMNS)}
FROM staged_targets s JOIN numbered n ON s.ordinal = n.ordinal
""",
    """
INSERT INTO labels (target_id, name, value)
SELECT n.target_id, s.name, s.value FROM staged_labels s JOIN numbered n ON s.ordinal = n.ordinal
""",
    f"""
UPDATE leaks SET {", ".join(f"{name} = coalesce(s.{name}, leaks.{name})" for name in LEAK_TEXTS)},
  line = coalesce(s.line, leaks.line), second = s.second
FROM staged_leaks s
WHERE s.program = leaks.program AND s.kind = leaks.kind AND s.fingerprint = leaks.fingerprint
  AND s.second > leaks.second
""",
    f"""
INSERT INTO leaks (leak_id, program, kind, fingerprint, {_TEXTS}, line, second)
SELECT row_number() OVER (ORDER BY s.leak) + (SELECT coalesce(max(leak_id), 0) FROM leaks),
  s.program, s.kind, s.fingerprint, {", ".join("s." + name for name in LEAK_TEXTS)},
  s.line, s.second
FROM staged_leaks s LEFT JOIN leaks l
  ON s.program = l.program AND s.kind = l.kind AND s.fingerprint = l.fingerprint
WHERE l.leak_id IS NULL
""",
    """
INSERT INTO sightings
  (target_id, leak_id, gravity, goroutines, oldest_seconds, retained_bytes, stack_bytes)
SELECT n.target_id, l.leak_id, s.gravity, s.goroutines, s.oldest_seconds, s.retained_bytes,
  s.stack_bytes
FROM staged_sightings s JOIN numbered n ON s.ordinal = n.ordinal
JOIN staged_leaks k ON s.leak = k.leak
JOIN leaks l ON k.program = l.program AND k.kind = l.kind AND k.fingerprint = l.fingerprint
-- Leaks are few among all groups, and reports ask for them alone: they lie side by side.
ORDER BY s.gravity DESC, n.target_id
""",
)
_COUNTS = """
SELECT (SELECT count(*) FROM staged_targets), (SELECT count(*) FROM numbered),
  (SELECT count(*) FROM staged_sightings s JOIN numbered n ON s.ordinal = n.ordinal)
"""


def _postgres_type(kind: str) -> str:
    return {"DOUBLE": "DOUBLE PRECISION", "UBIGINT": "BIGINT"}.get(kind, kind)


def _copy_to_postgres(staging: Any, database: Database) -> None:
    """Sends the staged tables to PostgreSQL, as temporary tables there."""
    import pyarrow as pa
    from pyarrow import csv

    for name in STAGED:
        relation = staging.table(name)
        columns = ", ".join(
            f"{column} {_postgres_type(str(kind))}"
            for column, kind in zip(relation.columns, relation.types)
        )
        database.execute(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP")
        # Text is quoted and what is not known is not: so COPY tells an empty text from none.
        options = csv.WriteOptions(include_header=False, quoting_style="needed")
        with database.connection.cursor().copy(f"COPY {name} FROM STDIN (FORMAT csv)") as copy:
            for batch in pa.RecordBatchReader.from_stream(relation):
                buffer = io.BytesIO()
                csv.write_csv(batch, buffer, options)
                copy.write(buffer.getbuffer())
        database.execute(f"ANALYZE {name}")


def _stage(folder: str, database: Database) -> None:
    if not database.postgres:
        stage(database.connection, folder)
        return
    import duckdb

    with duckdb.connect() as staging:
        stage(quiet(staging), folder)
        _copy_to_postgres(staging, database)


def is_remote(folder: str | Path) -> bool:
    """Whether it is the URL of a store, and no path."""
    return isinstance(folder, str) and "://" in folder


def ingest(
    folder: str | Path,
    url: str,
    say: Callable[[str], None] = lambda _: None,
    source: str | None = None,
) -> Ingested:
    """Takes a folder of results into the history at ``url``, which is made if there is none.

    ``folder`` may be a URL that fsspec knows. ``url`` is the path of a DuckDB file or
    ``postgresql://…``. ``say`` is told what is being done; ``source`` is kept in place of the
    folder. Raises `StagingError` for a folder that has no results, `HistoryError` for what is no
    history.
    """
    with writing(url, say) as database:
        say("reading the results")
        _stage(str(folder), database)
        say("adding them to the history")
        for statement in MERGE:
            database.execute(statement)
        if database.postgres:
            database.execute("ANALYZE targets, labels, leaks, sightings")
        ((targets, added, sightings),) = database.execute(_COUNTS)
        if added:
            now = datetime.now(timezone.utc).replace(tzinfo=None)
            told = (source or str(folder)).replace("'", "''").replace("\0", "")
            database.execute(
                f"INSERT INTO ingests VALUES (TIMESTAMP '{now}', '{told}', {added}, {sightings})"
            )
    return Ingested(targets=targets, added=added, sightings=sightings)
