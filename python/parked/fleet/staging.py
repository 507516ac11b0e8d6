"""Results as they go into a history: read from Parquet, each target once, with what queries go by.

DuckDB does this for either database: it reads many files in parallel, and needs no more memory than
it is given.
"""

from __future__ import annotations

import glob
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


def _differ(files: list[Path]) -> bool:
    """Whether a later parked has added columns: then all files are opened at once, 40 KB each."""
    import pyarrow as pa
    from pyarrow import parquet

    written = sorted((file.stat().st_mtime_ns, file) for file in files)
    try:
        first, last = (parquet.read_schema(written[i][1]).names for i in (0, -1))
    except (OSError, pa.ArrowException):
        return False  # DuckDB says what is wrong with it
    return bool(first != last)


def _source(duckdb: Any, folder: str, table: str) -> str:
    """The rows of a table with the file each is from."""
    if "://" in folder:
        return _remote_source(duckdb, folder, table)
    files = list(Path(folder, table).glob("*.parquet"))
    if files:
        place = glob.escape(str(Path(folder, table))).replace("'", "''")
        by_name = str(_differ(files)).lower()
        return f"read_parquet('{place}/*.parquet', union_by_name = {by_name}, filename = true)"
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


#: No program has more. What is beyond comes from a damaged or made-up report, and sums must fit.
# What is no number (NaN) is asked for besides: DuckDB goes by the bounds that a file gives of its
# numbers, and those leave it out.
BOUNDS = {"most_goroutines": 10**9, "most_bytes": 10**13, "longest": 10**10}

#: As least() and greatest(), which pass over what is null: what is not known stays so.
_MACROS = """
CREATE OR REPLACE TEMP MACRO at_most(value, bound) AS
  CASE WHEN value > bound THEN bound ELSE value END;
CREATE OR REPLACE TEMP MACRO at_least(value, bound) AS
  CASE WHEN value < bound THEN bound ELSE value END
"""

#: Of each target the row that says most; files of one name belong together.
_ONCE = """
CREATE OR REPLACE TEMP TABLE once AS
SELECT * EXCLUDE (filename) REPLACE (
    CASE WHEN isfinite(uptime_seconds) AND uptime_seconds BETWEEN 0 AND {longest}
      THEN uptime_seconds END AS uptime_seconds,
    at_least(observed_at, TIMESTAMPTZ 'epoch') AS observed_at,
    at_most(at_least(analyzed_at, TIMESTAMPTZ 'epoch'), TIMESTAMPTZ '9000-01-01') AS analyzed_at,
    at_most(goroutines, {most_goroutines}) AS goroutines,
    at_most(retained_bytes, {most_bytes}) AS retained_bytes
  ), parse_filename(filename) AS file
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
  at_most(observed_at, analyzed_at) AT TIME ZONE 'UTC' AS observed_at,
  analyzed_at AT TIME ZONE 'UTC' AS analyzed_at,
  coalesce(observed_at > analyzed_at, false) AS clock_ahead,
  CAST(floor(epoch(coalesce(at_most(observed_at, analyzed_at), analyzed_at))) AS BIGINT) AS second,
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

_ITS = """
CREATE OR REPLACE TEMP TABLE its AS
SELECT o.target AS its_target, o.file AS its_file, ordinal, coalesce(t.program, '') AS program,
  t.second FROM once o JOIN staged_targets t ON o.target = t.target
"""
#: Rows of one file of the name that the target's own row is from.
_OF_ITS_FILE = """
FROM {rows} AS r JOIN its ON r.target = its_target AND parse_filename(r.filename) = its_file
"""

_FINDINGS = (
    "CREATE OR REPLACE TEMP TABLE found AS SELECT r.*, ordinal, program, second {of_findings}"
)

#: A leak is a group, with the rule that names it, or a finding that has no group. Of the words for
#: it the latest are kept: lines move from build to build.
_LEAKS = """
CREATE OR REPLACE TEMP TABLE staged_leaks AS
WITH rules AS (
  SELECT program, group_fingerprint, arg_max(
    {{'rule': rule, 'title': title, 'sentence': sentence, 'fix': fix,
      'other_fingerprint': fingerprint}}, second) AS words FROM found
  WHERE group_fingerprint IS NOT NULL GROUP BY ALL
), groups AS (
  SELECT program, 'group' AS kind, fingerprint, max(second) AS second, arg_max(
    {{'function': function, 'file': file, 'line': line, 'created_by': created_by,
      'reason': coalesce(reason, state), 'object': object, 'package': package}}, second) AS words
  {of_groups} WHERE fingerprint IS NOT NULL GROUP BY ALL
), resources AS (
  SELECT program, 'finding' AS kind, fingerprint, max(second) AS second, arg_max(
    {{'function': function, 'file': file, 'line': line, 'rule': rule, 'title': title,
      'sentence': sentence, 'fix': fix}}, second) AS words
  FROM found WHERE group_fingerprint IS NULL AND fingerprint IS NOT NULL GROUP BY ALL
), leaks AS (
  FROM groups g LEFT JOIN rules r ON g.program = r.program AND g.fingerprint = r.group_fingerprint
  SELECT g.program, kind, fingerprint, second, unnest(g.words), unnest(r.words)
  UNION ALL BY NAME FROM resources SELECT program, kind, fingerprint, second, unnest(words)
)
SELECT row_number() OVER (ORDER BY program, kind, fingerprint) AS leak, program, kind,
  replace(fingerprint, chr(0), chr(65533)) AS fingerprint, {texts}, line, second
FROM leaks
"""

#: Several groups of one fingerprint, closures of one function, are one.
_SIGHTINGS = """
CREATE OR REPLACE TEMP TABLE staged_sightings AS
SELECT ordinal, leak, max(gravity) AS gravity,
  CAST(at_most(sum(goroutines), {most_goroutines}) AS BIGINT) AS goroutines,
  max(oldest_seconds) AS oldest_seconds,
  CAST(at_most(sum(retained_bytes), {most_bytes}) AS BIGINT) AS retained_bytes,
  CAST(at_most(sum(stack_bytes), {most_bytes}) AS BIGINT) AS stack_bytes
FROM (
  SELECT its.ordinal, l.leak, {gravity} AS gravity, r."count" AS goroutines,
    CASE WHEN isfinite(oldest_seconds) AND oldest_seconds BETWEEN 0 AND {longest}
      THEN oldest_seconds END AS oldest_seconds,
    r.retained_bytes, r.stack_bytes {of_groups}
  JOIN staged_leaks l ON l.program = its.program AND l.kind = 'group'
    AND l.fingerprint = replace(r.fingerprint, chr(0), chr(65533))
  UNION ALL
  SELECT r.ordinal, l.leak, {gravity}, coalesce(r."count", 0), NULL, r.retained_bytes, NULL
  FROM found r
  JOIN staged_leaks l ON l.program = r.program AND l.kind = 'finding'
    AND l.fingerprint = replace(r.fingerprint, chr(0), chr(65533))
  WHERE r.group_fingerprint IS NULL
) GROUP BY ordinal, leak
"""

_LABELS = """
CREATE OR REPLACE TEMP TABLE staged_labels AS
SELECT ordinal, replace(entry.key, chr(0), chr(65533)) AS name,
  replace(coalesce(entry.value, ''), chr(0), chr(65533)) AS value
FROM (SELECT ordinal, unnest(map_entries(labels)) AS entry FROM staged_targets)
"""

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
    cases = " ".join(f"WHEN '{name}' THEN {value}" for name, value in GRAVITY.items())
    parts = {
        **BOUNDS,
        "gravity": f"CAST(CASE r.verdict {cases} ELSE 0 END AS SMALLINT)",
        "texts": ", ".join(map(_text, LEAK_TEXTS)),
        "of_groups": _OF_ITS_FILE.format(rows=sources["groups"]),
    }
    try:
        duckdb.execute(_MACROS)
        duckdb.execute(_ONCE.format(source=sources["targets"], **BOUNDS))
        duckdb.execute(
            _TARGETS.format(texts=", ".join(map(_text, _TARGET_TEXTS)), bucket=_bucket())
        )
        duckdb.execute(_LABELS)
        duckdb.execute("ALTER TABLE staged_targets DROP COLUMN labels")
        duckdb.execute(_ITS)
        # They are few and asked for three times; groups are many, and twice.
        duckdb.execute(_FINDINGS.format(of_findings=_OF_ITS_FILE.format(rows=sources["findings"])))
        duckdb.execute(_LEAKS.format(**parts))
        duckdb.execute(_SIGHTINGS.format(**parts))
    except (driver.BinderException, driver.InvalidInputException, driver.IOException) as error:
        raise StagingError(f"{folder}: {str(error).splitlines()[0]}") from None
