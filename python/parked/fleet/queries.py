"""What a report asks of a history: each query once, in SQL that DuckDB and PostgreSQL both know.

A target is *able* to tell of a leak if all of it was read and judged; of a proved one only if that
was with a proof. Everything is summed up by the database: what comes back is small, however many
targets there are, but for the processes.

The templates below have these parts: ``{past}`` are targets up to the end of the window, ``{now}``
those in it, ``{leaks}`` sightings that are leaks. Names in the results are told with each query.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from .database import Database

#: Rows at most of what is not summed up.
MOST_ROWS = 400_000


@dataclass(frozen=True)
class Window:
    """Which targets a report is about."""

    #: Seconds since 1970: from the first to before the second.
    since: int
    until: int
    #: Seconds of a point of a sparkline.
    step: int
    #: Least gravity that counts as a leak.
    gravity: int = 1
    #: One program only.
    program: str | None = None


#: Texts and profiles judge nothing below a threshold: that a leak is not in them says nothing.
JUDGED = "ok AND kind IN ('core', 'dump', 'report')"

_PARTS = {
    "judged": JUDGED,
    # What is not looked at where a leak is cannot tell of it.
    "place": "coalesce(zone, '') || ' ' || coalesce(arch, '')",
    "past": "SELECT * FROM targets WHERE second < {until}{of_program}",
    "now": "SELECT * FROM targets WHERE second < {until} AND second >= {since}{of_program}",
    "leaks": "SELECT * FROM sightings WHERE gravity >= {gravity}",
    # Integers divide differently in the two.
    "point": "CAST(floor(CAST(second - {since} AS DOUBLE PRECISION) / {step}) AS BIGINT)",
}

#: program, status, targets, hosts, clock_ahead.
_COUNTS = """
SELECT coalesce(program, '') AS program, status, count(*) AS targets,
  count(DISTINCT machine) AS hosts, sum(CASE WHEN clock_ahead THEN 1 ELSE 0 END) AS clock_ahead
FROM ({now}) t GROUP BY 1, 2
"""

#: source, status, problem, program: of targets that could not be read, the latest first.
_PROBLEMS = """
SELECT source, status, problem, coalesce(program, '') AS program
FROM ({now}) t WHERE NOT ok ORDER BY second DESC, target LIMIT 20
"""

#: program, build, begins, ends, hosts, targets, ok, go_version: of all builds so far. One begins
#: when a quarter of its hosts have shown it: a few clocks that are late do not move it.
_BUILDS = """
SELECT program, build,
  CAST(percentile_cont(0.25) WITHIN GROUP (ORDER BY first) AS BIGINT) AS begins,
  max(last) AS ends, count(*) AS hosts, CAST(sum(targets) AS BIGINT) AS targets,
  CAST(sum(ok) AS BIGINT) AS ok, max(go_version) AS go_version
FROM (
  SELECT coalesce(program, '') AS program, coalesce(build, '') AS build, machine,
    min(second) AS first, max(second) AS last,
    count(*) AS targets, sum(CASE WHEN ok THEN 1 ELSE 0 END) AS ok, max(go_version) AS go_version
  FROM ({past}) t GROUP BY 1, 2, 3
) h GROUP BY 1, 2
"""

#: program, build, place, ok, proof, hosts: of each zone and architecture how many hosts could have
#: told. ``ok`` is the longest uptime bucket of a host's targets that were judged, ``proof`` of
#: those with a proof; -2: there was none.
_ABLE = """
SELECT program, build, place, ok, proof, count(*) AS hosts
FROM (
  SELECT coalesce(program, '') AS program, build, {place} AS place, machine,
    max(CASE WHEN {judged} THEN uptime_bucket ELSE -2 END) AS ok,
    max(CASE WHEN proof THEN uptime_bucket ELSE -2 END) AS proof
  FROM ({past}) t WHERE build IS NOT NULL GROUP BY 1, 2, 3, 4
) h GROUP BY 1, 2, 3, 4, 5
"""

#: leak_id, build, place, ok, proof, hosts, targets, first, last, least, gravity: who had each leak,
#: ever. ``least`` is the shortest uptime bucket it was seen at; null: none is known.
_LEAKS_BY_BUILD = """
SELECT leak_id, build, place, ok, proof, count(*) AS hosts,
  CAST(sum(targets) AS BIGINT) AS targets,
  min(first) AS first, max(last) AS last, min(least) AS least, max(gravity) AS gravity
FROM (
  SELECT leak_id, coalesce(build, '') AS build, {place} AS place, machine,
    max(CASE WHEN {judged} THEN uptime_bucket ELSE -2 END) AS ok,
    max(CASE WHEN proof THEN uptime_bucket ELSE -2 END) AS proof,
    count(*) AS targets, min(second) AS first, max(second) AS last,
    min(CASE WHEN uptime_bucket >= 0 THEN uptime_bucket END) AS least, max(gravity) AS gravity
  FROM ({leaks}) s JOIN ({past}) t ON s.target_id = t.target_id GROUP BY 1, 2, 3, 4
) h GROUP BY 1, 2, 3, 4, 5
"""

#: The table leaks, of those that were seen with the gravity asked for.
_WORDS = "SELECT * FROM leaks WHERE leak_id IN (SELECT leak_id FROM ({leaks}) s)"

#: leak_id, point, goroutines: of the window, by points of time.
_SERIES = """
SELECT leak_id, {point} AS point, CAST(sum(s.goroutines) AS BIGINT) AS goroutines
FROM ({leaks}) s JOIN ({now}) t ON s.target_id = t.target_id GROUP BY 1, 2
"""

#: program, point, targets: how many could have told, by points of time.
_LOOKS = """
SELECT coalesce(program, '') AS program, {point} AS point, count(*) AS targets
FROM ({now}) t WHERE ok GROUP BY 1, 2
"""

#: leak_id, slope: goroutines a target gains with each hour of uptime, by the line of least squares
#: through all targets with the leak whose uptime is known; of three at least, an hour of uptime
#: apart.
_GROWTH = """
SELECT leak_id, regr_slope(CAST(s.goroutines AS DOUBLE PRECISION), uptime_seconds / 3600) AS slope
FROM ({leaks}) s JOIN ({now}) t ON s.target_id = t.target_id
WHERE uptime_seconds IS NOT NULL GROUP BY 1
HAVING count(*) >= 3 AND max(uptime_seconds) - min(uptime_seconds) >= 3600
"""

#: leak_id, program, machine, zone, build, target, source, second, uptime_seconds, found, kept:
#: leaks in the last target of each host of which all was read. The largest first.
_LATEST = """
SELECT leak_id, coalesce(program, '') AS program, machine, coalesce(zone, '') AS zone,
  coalesce(build, '') AS build, target, source, second, uptime_seconds,
  s.goroutines AS found, s.retained_bytes AS kept
FROM ({leaks}) s JOIN (
  SELECT *, row_number() OVER (PARTITION BY program, machine ORDER BY second DESC, target) AS nth
  FROM ({now}) t WHERE ok
) t ON s.target_id = t.target_id
WHERE nth = 1 ORDER BY coalesce(s.retained_bytes, 0) DESC, found DESC, target LIMIT {most}
"""

#: Some targets, with each of their groups.
_GROUPS = """
SELECT target, source, host, zone, t.program, build, t.second, uptime_seconds,
  t.goroutines AS all_goroutines, t.retained_bytes AS kept, gravity, s.goroutines AS found,
  s.retained_bytes, function, file, line, reason, title
FROM targets t JOIN sightings s ON t.target_id = s.target_id JOIN leaks l ON l.leak_id = s.leak_id
WHERE target IN ({keys}) ORDER BY target, gravity DESC, found DESC, function
"""

#: process, program, build, host, zone, go_version, arch, uptime, proof: one row each, of targets of
#: which all was read.
_PROCESSES = """
SELECT process, max(program) AS program, max(build) AS build, max(host) AS host, max(zone) AS zone,
  max(go_version) AS go_version, max(arch) AS arch, max(uptime_bucket) AS uptime,
  max(CASE WHEN proof THEN 1 ELSE 0 END) AS proof
FROM ({now}) t WHERE ok GROUP BY 1 ORDER BY 1 LIMIT {most}
"""

#: process, name, value.
_PROCESS_LABELS = """
SELECT process, name, max(value) AS value
FROM labels l JOIN ({now}) t ON l.target_id = t.target_id WHERE ok GROUP BY 1, 2
"""

#: leak_id, process: who has which leak.
_LEAKING_PROCESSES = """
SELECT DISTINCT leak_id, process
FROM ({leaks}) s JOIN ({now}) t ON s.target_id = t.target_id WHERE ok
"""


class Queries:
    """The queries of one report. Each gives an Arrow table, whose columns are named above."""

    def __init__(self, database: Database, window: Window) -> None:
        self.database = database
        numbers = {
            "since": window.since,
            "until": window.until,
            "step": window.step,
            "gravity": window.gravity,
            "of_program": "" if window.program is None else " AND program = :program",
        }
        self._parts = {name: text.format(**numbers) for name, text in _PARTS.items()}
        self._words = {} if window.program is None else {"program": window.program}

    def _ask(self, sql: str) -> pa.Table:
        return self.database.query(sql.format(**self._parts, most=MOST_ROWS), self._words)

    def counts(self) -> pa.Table:
        return self._ask(_COUNTS)

    def problems(self) -> pa.Table:
        return self._ask(_PROBLEMS)

    def builds(self) -> pa.Table:
        return self._ask(_BUILDS)

    def able(self) -> pa.Table:
        return self._ask(_ABLE)

    def leaks_by_build(self) -> pa.Table:
        return self._ask(_LEAKS_BY_BUILD)

    def words(self) -> pa.Table:
        return self._ask(_WORDS)

    def series(self) -> pa.Table:
        return self._ask(_SERIES)

    def looks(self) -> pa.Table:
        return self._ask(_LOOKS)

    def growth(self) -> pa.Table:
        return self._ask(_GROWTH)

    def latest(self) -> pa.Table:
        return self._ask(_LATEST)

    def processes(self) -> pa.Table:
        return self._ask(_PROCESSES)

    def process_labels(self) -> pa.Table:
        return self._ask(_PROCESS_LABELS)

    def leaking_processes(self) -> pa.Table:
        return self._ask(_LEAKING_PROCESSES)

    def targets_with_groups(self, keys: list[str]) -> pa.Table:
        """``keys`` are those of targets."""
        names = {f"key{i}": key for i, key in enumerate(keys)}
        marks = ", ".join(f":{name}" for name in names) or "NULL"
        return self.database.query(_GROUPS.format(keys=marks), names)
