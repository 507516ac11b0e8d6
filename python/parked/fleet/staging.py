"""Results as they go into a history: read from Parquet, each target once, with what queries go by.

DuckDB does this for either database: it reads many files in parallel, and needs no more memory than
it is given.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from .database import GRAVITY, UPTIMES
from .schema import COUNT, SECONDS, TEXT
from .schema import TABLES as ROWS

TABLES = ("targets", "groups", "findings")
STAGED = ("staged_targets", "staged_labels", "staged_leaks", "staged_sightings")


class StagingError(Exception):
    """Files that are no results of parked-fleet analyze."""


def _text(column: str) -> str:
    """A text without what PostgreSQL cannot hold."""
    return f"replace({column}, chr(0), chr(65533)) AS {column}"


def _bucket() -> str:
    cases = " ".join(
        f"WHEN uptime_seconds >= {begins} THEN {index}"
        for index, (begins, _) in reversed(list(enumerate(UPTIMES)))
    )
    return f"CASE {cases} ELSE -1 END"


def _nothing(table: str) -> str:
    """A table of the right types without rows."""
    kinds = {TEXT: "VARCHAR", COUNT: "BIGINT", SECONDS: "DOUBLE"}
    columns = [
        f"CAST(NULL AS {kinds[each.metadata['type']]}) AS {each.name}"
        for each in fields(ROWS[table])
    ]
    return f"(SELECT {', '.join(columns)}, '' AS filename WHERE false)"


def _source(duckdb: Any, folder: str, table: str) -> str:
    """The rows of a table with the file each is from."""
    if "://" in folder:
        return _remote_source(duckdb, folder, table)
    if any(Path(folder, table).glob("*.parquet")):
        pattern = str(Path(folder, table, "*.parquet")).replace("'", "''")
        return f"read_parquet('{pattern}', union_by_name = true, filename = true)"
    return _nothing(table)


def _remote_source(duckdb: Any, folder: str, table: str) -> str:
    """Of a store: Arrow fetches, and each target has a file of its own there."""
    from .results import read_table

    try:
        rows = read_table(folder, table)
    except FileNotFoundError:
        return _nothing(table)
    if rows.num_rows == 0:
        return _nothing(table)
    duckdb.register(f"remote_{table}", rows)
    return f"(SELECT *, target || '.parquet' AS filename FROM remote_{table})"


#: Of each target the row that says most; files of one name belong together.
_ONCE = """
CREATE OR REPLACE TEMP TABLE once AS
SELECT * EXCLUDE (filename, uptime_seconds), parse_filename(filename) AS file,
  CASE WHEN isfinite(uptime_seconds) AND uptime_seconds >= 0 THEN uptime_seconds END
    AS uptime_seconds
FROM {source}
QUALIFY row_number() OVER (
  PARTITION BY target
  ORDER BY CASE status WHEN 'ok' THEN 0 WHEN 'incomplete' THEN 1 ELSE 2 END, analyzed_at DESC, file
) = 1
"""

_TARGETS = """
CREATE OR REPLACE TEMP TABLE staged_targets AS
SELECT
  row_number() OVER (ORDER BY target) AS ordinal,
  {texts},
  least(observed_at, analyzed_at) AT TIME ZONE 'UTC' AS observed_at,
  analyzed_at AT TIME ZONE 'UTC' AS analyzed_at,
  coalesce(observed_at > analyzed_at, false) AS clock_ahead,
  CAST(floor(epoch(coalesce(least(observed_at, analyzed_at), analyzed_at))) AS BIGINT) AS second,
  replace(coalesce(host, target), chr(0), chr(65533)) AS machine,
  -- As far as a process can be told from the next one: by when it started, to the hour.
  CAST(md5_number_lower(concat_ws(
    chr(31), coalesce(program, ''), coalesce(build, ''), coalesce(host, target),
    floor((epoch(coalesce(observed_at, analyzed_at)) - uptime_seconds) / 3600)
  )) >> 1 AS BIGINT) AS process,
  uptime_seconds,
  CAST({bucket} AS SMALLINT) AS uptime_bucket,
  status = 'ok' AS ok,
  status = 'ok' AND proved IS NOT NULL AS proof,
  goroutines, retained_bytes, labels
FROM once
"""

#: A leak is a group, with the rule that names it, or a finding that has no group. Several groups of
#: one fingerprint, closures of one function, are one.
_LEAKS = """
CREATE OR REPLACE TEMP TABLE every_sighting AS
WITH rules AS (
  SELECT target, group_fingerprint, min(fingerprint) AS other_fingerprint, min(rule) AS rule,
    min(title) AS title, min(sentence) AS sentence, min(fix) AS fix
  FROM {findings} AS f
  SEMI JOIN once o ON f.target = o.target AND parse_filename(f.filename) = o.file
  WHERE group_fingerprint IS NOT NULL GROUP BY ALL
), every_leak AS (
  SELECT g.target, 'group' AS kind, g.fingerprint, g.verdict, g.function, g.file, g.line,
    g.created_by, coalesce(g.reason, g.state) AS reason, g.object, g.package, g.count,
    g.oldest_seconds, g.retained_bytes, g.stack_bytes, r.rule, r.title, r.sentence, r.fix,
    r.other_fingerprint
  FROM {groups} AS g
  SEMI JOIN once o ON g.target = o.target AND parse_filename(g.filename) = o.file
  LEFT JOIN rules r ON r.target = g.target AND r.group_fingerprint = g.fingerprint
  UNION ALL
  SELECT f.target, 'finding', f.fingerprint, f.verdict, f.function, f.file, f.line, NULL, NULL,
    NULL, NULL, coalesce(f.count, 0), NULL, f.retained_bytes, NULL, f.rule, f.title, f.sentence,
    f.fix, NULL
  FROM {findings} AS f
  SEMI JOIN once o ON f.target = o.target AND parse_filename(f.filename) = o.file
  WHERE f.group_fingerprint IS NULL
)
SELECT target, kind, fingerprint,
  CAST(max(CASE verdict {gravity} ELSE 0 END) AS SMALLINT) AS gravity,
  CAST(sum("count") AS BIGINT) AS goroutines,
  max(CASE WHEN isfinite(oldest_seconds) THEN oldest_seconds END) AS oldest_seconds,
  CAST(sum(retained_bytes) AS BIGINT) AS retained_bytes,
  CAST(sum(stack_bytes) AS BIGINT) AS stack_bytes,
  {texts}, max(line) AS line
FROM every_leak WHERE fingerprint IS NOT NULL GROUP BY target, kind, fingerprint
"""

_STAGED = (
    """
CREATE OR REPLACE TEMP TABLE staged_labels AS
SELECT ordinal, replace(entry.key, chr(0), chr(65533)) AS name,
  replace(coalesce(entry.value, ''), chr(0), chr(65533)) AS value
FROM (SELECT ordinal, unnest(map_entries(labels)) AS entry FROM staged_targets)
""",
    "ALTER TABLE staged_targets DROP COLUMN labels",
    # Of the words for a leak the latest are kept: lines move from build to build.
    """
CREATE OR REPLACE TEMP TABLE staged_leaks AS
SELECT row_number() OVER () AS leak, coalesce(t.program, '') AS program, e.kind, fingerprint,
  {latest}, arg_max(line, second) AS line, max(second) AS second
FROM every_sighting e JOIN staged_targets t ON e.target = t.target
GROUP BY coalesce(t.program, ''), e.kind, fingerprint
""",
    """
CREATE OR REPLACE TEMP TABLE staged_sightings AS
SELECT t.ordinal, l.leak, gravity, e.goroutines, oldest_seconds, e.retained_bytes, stack_bytes
FROM every_sighting e JOIN staged_targets t ON e.target = t.target
JOIN staged_leaks l
  ON l.program = coalesce(t.program, '') AND l.kind = e.kind AND l.fingerprint = e.fingerprint
""",
    "DROP TABLE every_sighting",
)

_TARGET_TEXTS = (
    *("target", "source", "kind", "parked", "status", "problem"),
    *("program", "build", "go_version", "arch", "host", "zone"),
)
LEAK_TEXTS = (
    *("function", "file", "created_by", "reason", "object", "package"),
    *("rule", "title", "sentence", "fix", "other_fingerprint"),
)


def stage(duckdb: Any, folder: str) -> None:
    """Reads a folder of results into the temporary tables that `STAGED` names.

    Raises `StagingError` if they are none.
    """
    import duckdb as driver

    if "://" not in folder and not any(Path(folder, "targets").glob("*.parquet")):
        raise StagingError(f"{folder}: no targets/*.parquet, as parked-fleet analyze writes them")
    sources = {table: _source(duckdb, folder, table) for table in TABLES}
    gravity = " ".join(f"WHEN '{name}' THEN {value}" for name, value in GRAVITY.items())
    latest = ", ".join(f"arg_max({name}, second) AS {name}" for name in LEAK_TEXTS)
    texts = ", ".join(
        f"replace(any_value({name}), chr(0), chr(65533)) AS {name}" for name in LEAK_TEXTS
    )
    try:
        duckdb.execute(_ONCE.format(source=sources["targets"]))
        duckdb.execute(
            _TARGETS.format(texts=", ".join(map(_text, _TARGET_TEXTS)), bucket=_bucket())
        )
        duckdb.execute(_LEAKS.format(gravity=gravity, texts=texts, **sources))
        for statement in _STAGED:
            duckdb.execute(statement.format(latest=latest))
    except (driver.BinderException, driver.InvalidInputException, driver.IOException) as error:
        raise StagingError(f"{folder}: {str(error).splitlines()[0]}") from None
