"""Results into a history: once, whole or not at all, and while others read."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from parked.fleet.cli import main
from parked.fleet.database import TABLES, Database, HistoryError, is_postgres, reading
from parked.fleet.fleet_report import plain
from parked.fleet.history import History, Options
from parked.fleet.ingest import MERGE
from parked.fleet.schema import schema_of
from parked.fleet.staging import StagingError
from parked.fleet.text_report import text_lines
from support.fleet import environment, fleet_words, parked_fleet
from support.fleet_plan import NOW, Plan, PlannedLeak
from support.fleet_rows import group, target, write
from support.fleet_tables import write_tables
from support.paths import ROOT

SMALL = Plan(
    programs=("orders",),
    hosts=4,
    days=5,
    builds=5,
    leaks=(PlannedLeak("orders", "orders.ask", 0), PlannedLeak("orders", "orders.new", 4)),
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    write_tables(SMALL, folder)
    return folder


@pytest.fixture(params=["duckdb", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return request.getfixturevalue("postgres_database")()
    return str(tmp_path / "history.duckdb")


def rows(url: str) -> dict[str, list[tuple]]:
    """All that is in a history, in a fixed order."""
    connection = psycopg.connect(url) if is_postgres(url) else duckdb.connect(url, read_only=True)
    try:
        return {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY ALL".replace(
                "ALL", ", ".join(columns))).fetchall()
            for name, columns in TABLES.items()
        }  # fmt: skip
    finally:
        connection.close()


def test_the_same_twice_changes_nothing(url: str, results: Path, tmp_path: Path) -> None:
    history = History(url)
    first = history.ingest(results)
    assert first.targets == first.added == 4 * 5 * 4
    before = rows(url)
    assert len(before["targets"]) == first.added
    assert len(before["sightings"]) == first.sightings > 0
    again = history.ingest(results)
    assert (again.targets, again.added, again.sightings) == (first.targets, 0, 0)
    copied = tmp_path / "the same elsewhere"
    shutil.copytree(results, copied)
    history.ingest(copied)
    assert rows(url) == before


def test_in_parts_is_as_at_once(url: str, results: Path, tmp_path: Path) -> None:
    """Each target in a file of its own, as analyze writes them, and half of them at a time."""
    halves = [tmp_path / "a", tmp_path / "b"]
    keys = sorted(pq.read_table(results / "targets")["target"].to_pylist())
    for name in ("targets", "groups", "findings"):
        table = pq.read_table(results / name)
        for i, key in enumerate(keys):
            part = table.filter(pa.compute.equal(table["target"], key))
            if part.num_rows:
                folder = halves[i % 2] / name
                folder.mkdir(parents=True, exist_ok=True)
                pq.write_table(part, folder / f"{key}.parquet")
    History(url).ingest(results)
    whole = History(url).report(Options(until=NOW, since=timedelta(days=2)))
    other = url + "_parts" if not is_postgres(url) else url
    if is_postgres(url):
        with psycopg.connect(url) as connection:
            connection.execute("DROP TABLE " + ", ".join(TABLES))
    for half in reversed(halves):
        History(other).ingest(half)
    parts = History(other).report(Options(until=NOW, since=timedelta(days=2)))
    assert parts.leaks == whole.leaks
    assert parts.programs == whole.programs


def changed(results: Path, folder: Path, **columns: object) -> Path:
    """The first target of the results alone, with some columns changed; its groups and findings."""
    target = pq.read_table(results / "targets").slice(0, 1)
    key = target["target"][0]
    row = {**target.to_pylist()[0], **columns}
    for name in ("targets", "groups", "findings"):
        table = pq.read_table(results / name)
        part = table.filter(pa.compute.equal(table["target"], key))
        if name == "targets":
            part = pa.Table.from_pylist([row], schema=schema_of("targets"))
        if name != "targets" and columns.get("status") == "failed":
            continue
        (folder / name).mkdir(parents=True)
        pq.write_table(part, folder / name / "one.parquet")
    return folder


def test_what_is_read_at_last_replaces_what_failed(url: str, results: Path, tmp_path: Path) -> None:
    failed = changed(results, tmp_path / "failed", status="failed", proved=None, orphan=None)
    history = History(url)
    assert history.ingest(failed).sightings == 0
    done = history.ingest(changed(results, tmp_path / "ok"))
    assert done.added == 1 and done.sightings > 0
    # It does not get worse again, and another version of parked has its say.
    assert history.ingest(failed).added == 0
    later = changed(
        results, tmp_path / "later", parked="0.2.0", analyzed_at=NOW + timedelta(days=9)
    )
    assert history.ingest(later).added == 1
    assert history.ingest(changed(results, tmp_path / "older")).added == 0
    (target,) = rows(url)["targets"]
    assert target[list(TABLES["targets"]).index("parked")] == "0.2.0"
    assert len(rows(url)["sightings"]) == done.sightings


def test_what_could_not_be_had_is_forgotten_when_it_can(url: str, tmp_path: Path) -> None:
    gone = target(1, status="failed", kind=None, source="/cores/7.core", program=None)
    other = target(2, status="failed", kind=None, source="/cores/8.core", program=None)
    History(url).ingest(write(tmp_path / "before", [gone, other], [], []))
    there = target(3, source="/cores/7.core")
    History(url).ingest(write(tmp_path / "after", [there], [group(3)], []))
    assert sorted(row[1] for row in rows(url)["targets"]) == [other.target, there.target]


def ending_after(statements: int, number: int) -> Callable[[Database, str], list]:
    """Of a database: what runs a statement, and sends itself a signal after so many of a merge."""
    execute, left = Database.execute, statements

    def ending(self: Database, sql: str) -> list:
        nonlocal left
        answer = execute(self, sql)
        if sql in MERGE or sql == "COMMIT":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), number)
        return answer

    return ending


KILLED = f"""
import os, sys
sys.path[:0] = {[str(ROOT / "tests/fleet"), str(ROOT / "tests")]}
from parked.fleet.cli import main
from parked.fleet.database import Database
from test_ingest import ending_after
Database.execute = ending_after(int(sys.argv[3]), 9)
sys.exit(main(["ingest", sys.argv[2], "--db", sys.argv[1]]))
"""


@pytest.mark.parametrize("after", [1, 7, len(MERGE)])
def test_killed_or_interrupted_in_the_middle(
    after: int, url: str, results: Path, tmp_path: Path
) -> None:
    """The database is as it was, and the next ingest does all of it."""
    History(url).ingest(changed(results, tmp_path / "one"))
    before = rows(url)
    words = [url, str(results), str(after)]
    done = subprocess.run([sys.executable, "-c", KILLED, *words], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert rows(url) == before
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "execute", ending_after(after, signal.SIGINT))
        assert main(["ingest", str(results), "--db", url]) == 3
    assert rows(url) == before
    assert History(url).ingest(results).added == 4 * 5 * 4 - 1


READER = """
import sys
from parked.fleet.database import reading
with reading(sys.argv[1]) as database:
    print(database.execute("SELECT count(*) FROM targets")[0][0], flush=True)
    sys.stdin.readline()
    print(database.execute("SELECT count(*) FROM targets")[0][0], flush=True)
"""


def test_while_another_process_reads(url: str, results: Path, tmp_path: Path) -> None:
    """A reader sees one state; with DuckDB, who writes waits for it."""
    History(url).ingest(changed(results, tmp_path / "one"))
    writing = fleet_words("ingest", results, "--db", url)
    with subprocess.Popen(
        [sys.executable, "-c", READER, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdin and reader.stdout
        assert reader.stdout.readline() == "1\n"
        with subprocess.Popen(writing, stdout=subprocess.PIPE, text=True) as writer:
            if is_postgres(url):
                assert writer.wait(60) == 0
            reader.stdin.write("\n")
            reader.stdin.flush()
            after = reader.stdout.readline()
            assert reader.wait(60) == 0
            assert writer.wait(60) == 0
    assert after in ("1\n", "80\n") if is_postgres(url) else after == "1\n"
    with reading(url) as database:
        assert database.execute("SELECT count(*) FROM targets") == [(80,)]


def test_two_ingests_at_once(url: str, results: Path) -> None:
    words = fleet_words("ingest", results, "--db", url)
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=120)[0].split(": ")[1] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert said[0].startswith("0 of 80 targets added")
    assert said[1].startswith("80 of 80 targets added")


def test_a_history_that_another_process_is_just_making(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file is empty at first: it is waited for, and not called no history."""
    made, url = tmp_path / "made", tmp_path / "history.duckdb"
    History(str(made)).ingest(results)
    url.touch()
    monkeypatch.setattr("parked.fleet.database.time.sleep", lambda _: shutil.copy2(made, url))
    assert History(str(url)).report(Options(until=NOW)).leaks
    # One that stays so is none.
    url.write_bytes(b"")
    os.utime(url, (1, 1))
    with pytest.raises(HistoryError, match="not a valid DuckDB database"):
        History(str(url)).report()


def test_what_is_no_results_or_no_history(tmp_path: Path) -> None:
    (tmp_path / "targets").mkdir()
    with pytest.raises(StagingError, match="no targets"):
        History(str(tmp_path / "a.duckdb")).ingest(tmp_path)
    (tmp_path / "targets/x.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(StagingError):
        History(str(tmp_path / "a.duckdb")).ingest(tmp_path)
    (tmp_path / "text").write_text("no database")
    with pytest.raises(HistoryError):
        History(str(tmp_path / "text")).report()
    with pytest.raises(HistoryError, match="there is no such history"):
        History(str(tmp_path / "none")).report()
    with duckdb.connect(str(tmp_path / "other")) as other:
        other.execute("CREATE TABLE a (b INTEGER)")
    with pytest.raises(HistoryError, match="is no history"):
        History(str(tmp_path / "other")).report()
    with pytest.raises(HistoryError, match="PostgreSQL"):
        History("postgresql://parked@127.0.0.1:1/none?connect_timeout=1").report()


def test_texts_of_any_kind_arrive_as_they_are(url: str, results: Path, tmp_path: Path) -> None:
    hostile = ["'; DROP TABLE targets; --", 'a "quoted", text\nof\\lines\t', "\\N", "", "ü€𝄞\u202e"]
    for i, text in enumerate(hostile):
        folder = changed(
            results, tmp_path / str(i), target=f"{i:064x}", host=text, labels={text: text}
        )
        History(url).ingest(folder)
    names = list(TABLES["targets"])
    found = [row[names.index("host")] for row in rows(url)["targets"]]
    assert sorted(found) == sorted(hostile)
    assert sorted(row[1:] for row in rows(url)["labels"]) == sorted((t, t) for t in hostile)
    # PostgreSQL has no zero characters.
    zero = changed(results, tmp_path / "zero", target="f" * 64, host="a\0b", labels=None)
    assert History(url).ingest(zero).added == 1
    assert "a\ufffdb" in [row[names.index("host")] for row in rows(url)["targets"]]


def test_the_commands_from_a_shell(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit codes: 0, 1 for --fail-on, 2 for what cannot be, 3 for what is incomplete."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return parked_fleet(*words, env=environment(COLUMNS="100"), cwd=ROOT)

    db = ("--db", str(tmp_path / "history.duckdb"))
    until = ("--until", NOW.isoformat())
    assert run("ingest", str(tmp_path), *db).returncode == 2
    assert "80 of 80 targets added" in run("ingest", str(results), *db).stdout
    window = ("--since", "2d", *until)
    said = run("report", *db, *window, "--fail-on", "new")
    assert said.returncode == 1, said.stderr
    assert "1 new" in said.stdout and "example.com/orders/orders.ask" in said.stdout
    # The others in this process: each of them would take a second to begin with.
    assert main(["report", *db, *window]) == 0
    assert capsys.readouterr().out == said.stdout
    assert main(["report", *db, *window, "--fail-on", "came-back"]) == 0
    baseline = tmp_path / "known.json"
    prints = [{"fingerprint": leak.fingerprint, "verdict": "PROVED"} for leak in SMALL.leaks]
    baseline.write_text(f'{{"groups": {prints}, "findings": []}}'.replace("'", '"'))
    assert main(["report", *db, *window, "--fail-on", "new", "--baseline", str(baseline)]) == 0
    assert main(["report", *db, "--since", "2d", "--until", "2026-01-01"]) == 3
    assert main(["report", "--db", str(tmp_path / "none")]) == 2
    assert main(["report", *db, "--baseline", str(tmp_path / "none")]) == 2
    with pytest.raises(SystemExit) as exit:
        main(["report", *db, "--since", "yesterday"])
    assert exit.value.code == 2


def test_results_in_a_store(results: Path, tmp_path: Path) -> None:
    """Any that fsspec knows; where no rows are there is no file."""
    import fsspec

    store = fsspec.filesystem("memory")
    names = ("targets", "groups", "findings")
    for name in names:
        table = pq.read_table(results / name)
        for key in sorted(set(table["target"].to_pylist())):
            with store.open(f"/results/{name}/{key}.parquet", "wb") as file:
                pq.write_table(table.filter(pa.compute.equal(table["target"], key)), file)
    here, there = str(tmp_path / "here.duckdb"), str(tmp_path / "there.duckdb")
    assert History(there).ingest("memory://results") == History(here).ingest(results)
    found, expected = (History(url).report(Options(until=NOW)).leaks for url in (there, here))
    assert found == expected
    store.rm("/results/findings", recursive=True)
    History(str(tmp_path / "bare.duckdb")).ingest("memory://results")


def test_numbers_beyond_reason(url: str, tmp_path: Path) -> None:
    """They are cut: one made-up report does not take the history of all others down."""
    most, never = 2**63 - 1, datetime(1, 1, 1, tzinfo=timezone.utc)
    targets = [
        target(1, goroutines=most, retained_bytes=most, uptime_seconds=float("inf")),
        target(2, uptime_seconds=float("nan"), observed_at=never, analyzed_at=never),
        target(3, uptime_seconds=-1e308, observed_at=datetime(9999, 12, 31, tzinfo=timezone.utc)),
        target(4, uptime_seconds=1e308, observed_at=None),
    ]
    groups = [
        group(i, count=most, retained_bytes=most, stack_bytes=most, oldest_seconds=float("nan"))
        for i in (1, 1, 2, 3, 4)
    ]
    History(url).ingest(write(tmp_path / "results", targets, groups, []))
    report = History(url).report(Options(until=NOW, since=timedelta(days=300_000)))
    (leak,) = report.leaks
    assert leak.goroutines == 4 * 10**9
    assert leak.retained_bytes == 4 * 10**13
    json.dumps(plain(report), allow_nan=False)
    list(text_lines(report))


def test_what_is_no_number(url: str, tmp_path: Path) -> None:
    """Beside numbers that are in their bounds, as the statistics of the file then say of all."""
    nan = float("nan")
    targets = [target(1, uptime_seconds=nan), target(2, uptime_seconds=60.0)]
    groups = [group(1, oldest_seconds=nan), group(2, oldest_seconds=60.0)]
    History(url).ingest(write(tmp_path / "results", targets, groups, []))
    (leak,) = History(url).report(Options(until=NOW)).leaks
    assert sorted(str(each.uptime_seconds) for each in leak.worst) == ["60.0", "None"]
    assert {str(row[4]) for row in rows(url)["sightings"]} == {"60.0", "None"}


def test_what_is_not_known_stays_so(url: str, tmp_path: Path) -> None:
    """It is neither the least nor the most that a number can be."""
    nothing = {"retained_bytes": None, "stack_bytes": None, "oldest_seconds": None}
    failed = {"goroutines": None, "retained_bytes": None, "uptime_seconds": None}
    targets = [target(1, **failed, observed_at=None), target(2)]
    groups = [group(1, **nothing), group(2, **nothing, fingerprint="00000000000000bb")]
    History(url).ingest(write(tmp_path / "results", targets, groups, []))
    report = History(url).report(Options(until=NOW))
    assert [leak.retained_bytes for leak in report.leaks] == [None, None]
    kept = {
        name: [dict(zip(TABLES[name], row)) for row in rows(url)[name]]
        for name in ("targets", "sightings")
    }
    assert [{name: row[name] for name in nothing} for row in kept["sightings"]] == [nothing] * 2
    (row,) = (each for each in kept["targets"] if each["target"] == target(1).target)
    names = (*failed, "observed_at")
    assert {name: row[name] for name in names} == dict.fromkeys(names)


def test_no_room_on_the_disk(results: Path, tmp_path: Path) -> None:
    """Exit code 2, and the history is as it was."""
    url = str(tmp_path / "history.duckdb")
    History(url).ingest(changed(results, tmp_path / "one"))
    before = rows(url)

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    words = fleet_words("ingest", results, "--db", url)
    done = subprocess.run(words, preexec_fn=little_room, capture_output=True, text=True)
    assert done.returncode == 2, done
    assert done.stderr.startswith("parked-fleet: ") and "Traceback" not in done.stderr
    assert rows(url) == before
    assert History(url).ingest(results).added == 4 * 5 * 4 - 1


def test_results_of_an_older_parked_that_had_fewer_columns(url: str, tmp_path: Path) -> None:
    write(tmp_path / "results", [target(1)], [group(1)], [])
    folder = tmp_path / "results"
    for name in ("targets", "groups"):
        newer, older = folder / name / "all.parquet", folder / name / "older.parquet"
        table = pq.read_table(newer)
        number = table.column_names.index("target")
        table = table.set_column(number, "target", pa.array(["f" * 64])).drop_columns(
            ["zone" if name == "targets" else "stack_bytes"]
        )
        pq.write_table(table, older)
        os.utime(older, (1, 1))
    History(url).ingest(folder)
    (leak,) = History(url).report(Options(until=NOW)).leaks
    assert leak.builds[0].seen == 2


def test_files_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "targets").mkdir()
    other = pa.table({"target": [1, 2], "status": ["ok", "ok"]})
    pq.write_table(other, tmp_path / "targets/x.parquet")
    with pytest.raises(StagingError):
        History(str(tmp_path / "a.duckdb")).ingest(tmp_path)


def test_ctrl_c_within_a_statement(tmp_path: Path, results: Path) -> None:
    """DuckDB has an error of its own for it."""
    url = str(tmp_path / "history.duckdb")
    History(url).ingest(results)
    with pytest.raises(KeyboardInterrupt), reading(url) as database:
        words = (threading.main_thread().ident, signal.SIGINT)
        threading.Thread(target=signal.pthread_kill, args=words).start()
        # It would take days.
        database.execute("SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a < b")


def test_without_what_the_extra_brings(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    for words in (["ingest", str(results)], ["report"]):
        assert main([*words, "--db", str(tmp_path / "history.duckdb")]) == 2
        said = capsys.readouterr().err
        assert said == "parked-fleet: duckdb is not installed: pip install 'parked[fleet]'\n"
