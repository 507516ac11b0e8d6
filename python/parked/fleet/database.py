"""The database of a history: a DuckDB file, or PostgreSQL for a team.

Both understand the same SQL where it is kept plain, so that each statement is written once; bulk
data goes the drivers' own ways. Ibis would write it, too, but takes longer for it than DuckDB takes
to answer; SQLAlchemy's driver for DuckDB is not kept any more.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

#: Is told what is being done.
Say = Callable[[str], None]

#: Of the tables below. A database of another version is refused.
VERSION = 1
#: How long a DuckDB file is waited for that another process has open.
PATIENCE_SECONDS = 60.0
#: How long a file may be empty before it is taken for none.
_SECONDS_TO_MAKE = 10.0
#: Ingests of one PostgreSQL database take turns.
_ADVISORY_LOCK = 0x7061726B6564

TABLES: dict[str, dict[str, str]] = {
    "targets": {
        "target_id": "BIGINT",
        "target": "VARCHAR",
        "source": "VARCHAR",
        "kind": "VARCHAR",
        "parked": "VARCHAR",
        "status": "VARCHAR",
        "problem": "VARCHAR",
        "observed_at": "TIMESTAMP",  # UTC; when it was looked at, where a clock was ahead of that
        "analyzed_at": "TIMESTAMP",
        "clock_ahead": "BOOLEAN",
        "second": "BIGINT",  # observed_at, in seconds since 1970
        "program": "VARCHAR",
        "build": "VARCHAR",
        "go_version": "VARCHAR",
        "arch": "VARCHAR",
        "host": "VARCHAR",
        "zone": "VARCHAR",
        "machine": "VARCHAR",  # the host, or the target where it is not known
        "process": "BIGINT",  # the same for looks at one process
        "uptime_seconds": "DOUBLE PRECISION",
        "uptime_bucket": "SMALLINT",  # index into UPTIMES; -1: not known
        "ok": "BOOLEAN",  # all of it could be read
        "proof": "BOOLEAN",  # ... and was judged with a proof
        "goroutines": "BIGINT",
        "retained_bytes": "BIGINT",
    },
    "labels": {"target_id": "BIGINT", "name": "VARCHAR", "value": "VARCHAR"},
    "leaks": {
        "leak_id": "BIGINT",
        "program": "VARCHAR",
        "kind": "VARCHAR",  # group, or finding: about a resource
        "fingerprint": "VARCHAR",
        "function": "VARCHAR",
        "file": "VARCHAR",
        "line": "BIGINT",
        "created_by": "VARCHAR",
        "reason": "VARCHAR",
        "object": "VARCHAR",
        "package": "VARCHAR",
        "rule": "VARCHAR",
        "title": "VARCHAR",
        "sentence": "VARCHAR",
        "fix": "VARCHAR",
        "other_fingerprint": "VARCHAR",  # of the finding about the group
        "second": "BIGINT",  # when these words were seen
    },
    "sightings": {
        "target_id": "BIGINT",
        "leak_id": "BIGINT",
        "gravity": "SMALLINT",  # GRAVITY of the verdict
        "goroutines": "BIGINT",
        "oldest_seconds": "DOUBLE PRECISION",
        "retained_bytes": "BIGINT",
        "stack_bytes": "BIGINT",
    },
    "ingests": {
        "ingested_at": "TIMESTAMP",
        "source": "VARCHAR",
        "targets": "BIGINT",
        "sightings": "BIGINT",
    },
    "history_version": {"version": "BIGINT"},
}
#: PostgreSQL's; DuckDB finds rows without.
INDEXES = (
    "CREATE UNIQUE INDEX targets_target ON targets (target)",
    "CREATE UNIQUE INDEX targets_id ON targets (target_id)",
    "CREATE UNIQUE INDEX leaks_key ON leaks (program, kind, fingerprint)",
    "CREATE INDEX sightings_leak ON sightings (target_id) WHERE gravity > 0",
    "CREATE INDEX sightings_target ON sightings (target_id)",
    "CREATE INDEX labels_target ON labels (target_id)",
)
#: The graver, the larger; 0: no leak.
GRAVITY = {"SUSPECT": 1, "ORPHAN": 2, "PROVED": 3}
#: Where uptimes begin, in seconds, and what they are called.
UPTIMES = (
    (0, "under 10m"),
    (600, "10m to 1h"),
    (3600, "1h to 6h"),
    (21600, "6h to 1d"),
    (86400, "1d to 3d"),
    (259200, "3d to 7d"),
    (604800, "7d and more"),
)


class HistoryError(Exception):
    """A database that cannot be opened, or is no history of this version."""


def is_postgres(url: str) -> bool:
    """Whether it names a PostgreSQL server; all else is the path of a DuckDB file."""
    return url.startswith(("postgresql://", "postgres://"))


def quiet(connection: Any) -> Any:
    """Without DuckDB's own progress bar, which it draws into standard output."""
    connection.execute("SET enable_progress_bar = false")
    return connection


def _is_being_made(path: str, error: str) -> bool:
    """Another process has just begun with the file, and it was empty when it was looked at."""
    if "not a valid DuckDB database" not in error:
        return False
    with suppress(OSError), open(path, "rb") as file:
        young = abs(time.time() - os.fstat(file.fileno()).st_mtime) < _SECONDS_TO_MAKE
        return young and file.read(12)[8:] in (b"", b"DUCK")
    return False


def _duckdb(path: str, read_only: bool, say: Say) -> Any:
    """DuckDB lets one process write, or several read: whoever comes in between waits."""
    import duckdb

    if read_only and not Path(path).exists():
        raise HistoryError(f"{path}: there is no such history")
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return quiet(duckdb.connect(path, read_only=read_only))
        except duckdb.IOException as error:
            locked = "could not set lock" in str(error).lower()
            locked = locked or _is_being_made(path, str(error))
            if not locked or time.monotonic() > until:
                raise HistoryError(f"{path}: {str(error).splitlines()[0]}") from None
            say(f"waiting for {path}, which another process has open")
            time.sleep(0.1)
        except duckdb.Error as error:
            raise HistoryError(f"{path}: {str(error).splitlines()[0]}") from None


def _postgres(url: str) -> Any:
    import psycopg

    try:
        return psycopg.connect(url, client_encoding="utf-8")
    except psycopg.Error as error:
        raise HistoryError(f"PostgreSQL: {error}") from None


class Database:
    """A connection. `reading` and `writing` are the ways in."""

    def __init__(self, url: str, connection: Any) -> None:
        self.url = url
        self.connection = connection
        self.postgres = is_postgres(url)

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs SQL that both databases understand; the rows, if it has any."""
        cursor = self.connection.execute(sql)
        if self.postgres and cursor.description is None:
            return []
        return list(cursor.fetchall())

    def _tables(self) -> set[str]:
        schema = "current_schema()" if self.postgres else "'main'"
        return {
            name
            for (name,) in self.execute(
                f"SELECT table_name FROM information_schema.tables WHERE table_schema = {schema}"
            )
        }

    def check(self) -> None:
        """Raises `HistoryError` unless it is a history of this version."""
        if "history_version" not in self._tables():
            raise HistoryError("the database is no history of parked-fleet (parked-fleet ingest)")
        found = self.execute("SELECT version FROM history_version")
        if found != [(VERSION,)]:
            raise HistoryError(f"the history is of version {found}, this parked knows {VERSION}")

    def prepare(self) -> None:
        """Makes the tables where there are none."""
        if "history_version" in self._tables():
            self.check()
            return
        for name, columns in TABLES.items():
            text = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            self.execute(f"CREATE TABLE {name} ({text})")
        if self.postgres:
            for index in INDEXES:
                self.execute(index)
        self.execute(f"INSERT INTO history_version VALUES ({VERSION})")

    def query(self, sql: str, words: dict[str, str]) -> pa.Table:
        """The answer as Arrow has it. ``:name`` in the SQL is that text of ``words``."""
        import pyarrow as pa

        mark = re.compile(r"(?<!:):([a-z]\w*)")
        used = {name: words[name] for name in mark.findall(sql)}
        marked = mark.sub(r"%(\1)s" if self.postgres else r"$\1", sql)
        if not self.postgres:
            return self.connection.sql(marked, params=used or None).to_arrow_table()
        cursor = self.connection.execute(marked, used or None)
        names = [column.name for column in cursor.description]
        columns = list(zip(*cursor.fetchall())) or [()] * len(names)
        arrays = map(pa.array, columns)
        # Of a column without values the type is not known.
        texts = [each.cast(pa.string()) if pa.types.is_null(each.type) else each for each in arrays]
        return pa.table(texts, names)


@contextmanager
def _told(postgres: bool) -> Iterator[None]:
    """What the drivers raise, as `HistoryError`; DuckDB answers Ctrl-C with an error of its own."""
    if postgres:
        from psycopg import Error
    else:
        from duckdb import Error
    try:
        yield
    except (Error, RuntimeError) as error:
        text = str(error)
        if isinstance(error, RuntimeError) and "interrupted" in text.lower():
            raise KeyboardInterrupt from None
        if not isinstance(error, Error):
            raise
        raise HistoryError((text.splitlines() or [type(error).__name__])[0]) from error


@contextmanager
def reading(url: str, say: Say = lambda _: None) -> Iterator[Database]:
    """Opens a history to read; it sees what was committed when it was opened."""
    database = Database(url, _postgres(url) if is_postgres(url) else _duckdb(url, True, say))
    try:
        with _told(database.postgres):
            database.check()
            yield database
    finally:
        database.connection.close()


@contextmanager
def writing(url: str, say: Say = lambda _: None) -> Iterator[Database]:
    """Opens or makes a history to write: all or nothing of what is written is there afterwards."""
    database = Database(url, _postgres(url) if is_postgres(url) else _duckdb(url, False, say))
    try:
        with _told(database.postgres):
            database.execute("BEGIN")
            if database.postgres:
                database.execute(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
            database.prepare()
            yield database
            database.execute("COMMIT")
    except BaseException:
        with suppress(Exception):  # what ended it may have ended the connection, too
            database.execute("ROLLBACK")
        raise
    finally:
        database.connection.close()
