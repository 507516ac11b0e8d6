"""What is looked at: cores and reports, packed in every way, with what paths and labels say."""

from __future__ import annotations

import gzip
import json
import lzma
import shutil
import subprocess
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from support.building import build_target
from support.commands import parked
from support.fleet import Fleet, Profiled, dump_of
from support.matrix import Build
from support.paths import PARKED, ROOT
from support.running import Running, need_kernel_cores

DECISIONS = Build("1.27", "default")


def fingerprints(rows: list[dict]) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in rows:
        found[row["fingerprint"]] += row["count"]
    return found


def report_of(core: Path) -> dict:
    return json.loads(parked("core", core, "report", "--json").stdout)


def same_as_report(fleet: Fleet, name: str, document: dict) -> None:
    """The tables say of an input what parked's report says."""
    target = fleet.targets()[name]
    groups = [group for group in document["groups"] if not group["system"]]
    assert fingerprints(fleet.rows_of(name, "groups")) == fingerprints(groups)
    rules = sorted(finding["rule"] for finding in document["findings"])
    assert sorted(row["rule"] for row in fleet.rows_of(name, "findings")) == rules
    verdicts = document["target"]["verdicts"]
    for verdict in ("PROVED", "ORPHAN", "SUSPECT", "WAITING"):
        assert target[verdict.lower()] == verdicts[verdict]
    assert target["build"] == document["target"]["build_id"]
    assert target["go_version"] == document["target"]["go_version"]
    kept = sum(
        group["retained"]["stack_bytes"] + group["retained"]["heap_bytes"]
        for group in groups
        if group["retained"]
    )
    assert target["retained_bytes"] == kept + document["proof"]["shared_heap_bytes"]


def test_cores_dumps_and_reports(fleet: Fleet, dumps: list[Path], tmp_path: Path) -> None:
    """As they come: of each, all that a report says is in the tables. Again, nothing is done."""
    folder = tmp_path / "in"
    folder.mkdir()
    one, two, three = dumps
    shutil.copy2(one, folder / "one.core")
    (folder / "two.json").write_text(parked("core", two, "report", "--json").stdout)
    (folder / "three.jsonl.gz").write_bytes(
        gzip.compress(parked("core", three, "report", "--jsonl").stdout.encode())
    )
    done = fleet.analyze(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("3 inputs: 3 ok; ")
    kinds = {name: row["kind"] for name, row in fleet.targets().items()}
    assert kinds == {"one.core": "dump", "two.json": "report", "three.jsonl.gz": "report"}
    for name, core in zip(("one.core", "two.json", "three.jsonl.gz"), dumps):
        same_as_report(fleet, name, report_of(core))
    again = fleet.analyze(folder)
    assert again.stdout.startswith("3 inputs: 3 done before; ")
    (folder / "four.core").write_bytes(two.read_bytes())
    assert fleet.look(folder) == {"ok": 1}, fleet.outcomes


def test_packed(fleet: Fleet, dumps: list[Path], tmp_path: Path) -> None:
    """Of the same content there is one target, however it is packed."""
    from backports import zstd

    plain = zstd.decompress(dumps[0].read_bytes())
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.core.zst").write_bytes(dumps[0].read_bytes())
    (folder / "b.core.xz").write_bytes(lzma.compress(plain, preset=0))
    (folder / "c.core.gz").write_bytes(gzip.compress(plain, 1))
    (folder / "d.core").write_bytes(plain)
    with zipfile.ZipFile(folder / "e.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep/f.core", dumps[1].read_bytes())
    assert fleet.look(folder) == {"ok": 2, "skipped": 3}, fleet.outcomes
    digests = {row["proved"] for row in fleet.table("targets")}
    assert digests == {report_of(core)["target"]["verdicts"]["PROVED"] for core in dumps[:2]}


def test_kernel_cores_and_their_executables(fleet: Fleet, tmp_path: Path) -> None:
    """A core whose executable is not where it ran is found by build id; executables among the
    inputs are none."""
    need_kernel_cores()
    ran, builds, folder = (tmp_path / name for name in ("ran", "builds", "in"))
    for each in (ran, builds, folder):
        each.mkdir()
    binary = shutil.copy2(build_target("decisions", DECISIONS), ran / "decisions")
    other = build_target("decisions", Build("1.18", "default"))
    with Running(binary, tmp_path, "2") as target:
        core = target.abort().core
    shutil.move(core, folder / "one.core")
    shutil.copy2(other, folder / "decisions")
    shutil.copy2(other, builds / "decisions")
    Path(binary).rename(builds / "something")
    assert fleet.look(folder) == {"failed": 1, "skipped": 1}
    assert fleet.targets()["one.core"]["status"] == "failed"
    binaries = {"binaries": (str(builds),)}
    assert fleet.look(folder, **binaries)["ok"] == 1, fleet.outcomes
    row = fleet.targets()["one.core"]
    assert (row["kind"], row["status"], row["program"]) == ("core", "ok", "decisions")
    groups = fleet.rows_of("one.core", "groups")
    notify = [group for group in groups if group["function"] == "main.(*server).notify"]
    assert [(group["verdict"], group["count"]) for group in notify] == [("PROVED", 2)]


def test_layout_of_debuginfod(fleet: Fleet, tmp_path: Path) -> None:
    from parked.fleet.binaries import find, index_of
    from parked.fleet.build_ids import build_ids, reader_of

    binary = build_target("decisions", DECISIONS)
    with binary.open("rb") as file:
        ids = build_ids(reader_of(file))
    shown = subprocess.run(["readelf", "-n", binary], capture_output=True, text=True, check=True)
    assert f"Build ID: {ids.gnu}" in shown.stdout
    kept = tmp_path / ids.gnu / "executable"
    kept.parent.mkdir()
    kept.write_bytes(b"not looked into")
    index, problems = index_of([str(tmp_path)])
    assert not problems
    assert find(index, {"go": "", "gnu": ids.gnu}) == str(kept)
    assert find(index, {"go": ids.go, "gnu": "00"}) is None


def test_what_paths_and_labels_say(fleet: Fleet, dumps: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "shop/web-7/2026-11-28"
    folder.mkdir(parents=True)
    (folder / "goroutines.txt").write_text("goroutine 1 [running]:\nmain.main()\n\t/m.go:1 +0x1\n")
    shutil.copy2(dumps[0], folder / "one.core")
    labels = {"zone": "eu-1", "canary": True, "replicas": 3, "deep": {"x": 1}}
    (folder / "one.core.labels.json").write_text(json.dumps(labels))
    looked = fleet.look(tmp_path / "shop", path_pattern="{service}/{host}/{date}/*")
    assert looked == {"ok": 2}, fleet.outcomes
    core, text = (fleet.targets()[name] for name in ("one.core", "goroutines.txt"))
    assert (core["host"], core["zone"], core["program"]) == ("web-7", "eu-1", "decisions")
    assert dict(core["labels"])["replicas"] == "3" and "deep" not in dict(core["labels"])
    assert (text["host"], text["zone"], text["program"]) == ("web-7", None, "shop")
    assert text["observed_at"].isoformat() == "2026-11-28T00:00:00+00:00"


@pytest.fixture(scope="module")
def orphans(tmp_path_factory: pytest.TempPathFactory) -> Fleet:
    """Results of a dump with many kinds of orphans, orphans.core."""
    folder = tmp_path_factory.mktemp("orphans")
    with Running(build_target("orphans", DECISIONS), folder) as target:
        dump = dump_of(target.pid, folder / "orphans.core")
    fleet = Fleet(folder / "results")
    assert fleet.look(dump) == {"ok": 1}, fleet.outcomes
    return fleet


def test_islands(orphans: Fleet) -> None:
    fleet = orphans
    dump = Path(fleet.table("targets")[0]["source"])
    document = json.loads(parked("core", dump, "islands", "--json").stdout)
    islands = fleet.table("islands")
    assert len(islands) == len(document["islands"])
    assert sum(row["goroutines"] for row in islands) == sum(
        each["goroutine_count"] for each in document["islands"]
    )
    # What they keep is told of the finding, and dealt to the groups: nothing is lost or made up.
    kept, told = Counter[str](), Counter[str]()
    for row in islands:
        kept[row["fingerprint"]] += 0 if row["background"] else row["bytes"]
    for row in fleet.table("findings"):
        behind = row["group_fingerprint"] is None and row["retained_bytes"]
        told[row["fingerprint"]] += behind or 0
    assert +kept and +kept == +told
    groups = [row for row in fleet.table("groups") if row["verdict"] == "ORPHAN"]
    assert groups and all(row["retained_bytes"] >= row["stack_bytes"] > 0 for row in groups)
    dealt = sum(row["retained_bytes"] for row in groups)
    assert sum(kept.values()) - len(groups) <= dealt <= sum(kept.values())
    (target,) = fleet.table("targets")
    assert target["retained_bytes"] >= dealt


def test_orphans_are_ranked_by_what_they_keep(orphans: Fleet, tmp_path: Path) -> None:
    """Beside the others: none of them comes last as not known."""
    from parked.fleet import History

    history = History(str(tmp_path / "history.duckdb"))
    history.ingest(orphans.results)
    leaks = [leak for leak in history.report().leaks if leak.verdict == "ORPHAN"]
    sizes = [leak.retained_bytes or 0 for leak in leaks]
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] > 0
    groups: Counter[str] = Counter()
    for row in orphans.table("groups"):
        groups[row["fingerprint"]] += row["retained_bytes"] or 0
    told = {leak.fingerprint: leak.retained_bytes for leak in leaks if leak.kind == "group"}
    assert told and all(groups[name] == kept for name, kept in told.items())


def test_texts_beside_cores(
    fleet: Fleet, service: Callable[[str], Profiled], tmp_path: Path
) -> None:
    looked = service("1.27")
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("goroutine.0", "goroutine.2", "goroutineleak.0", "output", "profiled.core"):
        shutil.copy2(looked.folder / name, folder / name)
    assert fleet.look(folder, threshold=30) == {"ok": 5}, fleet.outcomes
    kinds = Counter(row["kind"] for row in fleet.table("targets"))
    assert kinds == Counter({"pprof": 2, "goroutines": 1, "crash_log": 1, "dump": 1})
    core = fleet.rows_of("profiled.core", "groups")
    log = [row for row in fleet.rows_of("output", "groups") if row["state"] == "blocked"]
    assert not fingerprints(log) - fingerprints(core)
    assert {row["verdict"] for row in log} == {None, "SUSPECT"}


def test_nothing_there(fleet: Fleet, tmp_path: Path) -> None:
    done = fleet.analyze(tmp_path / "nowhere")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "is not there" in done.stderr
    done = fleet.analyze(__file__, parked=tmp_path / "no-parked")
    assert done.returncode == 2 and "cannot be run" in done.stderr


def test_from_python(dumps: list[Path], tmp_path: Path) -> None:
    """Jobs in a bag of Dask's, and without Dask."""
    import dask.bag
    from parked.fleet import Settings, analyze_one, plan, read_table

    def planned(results: str) -> list:
        settings = Settings(parked=str(PARKED))
        return list(plan([str(dumps[0])], str(tmp_path / results), settings=settings).jobs())

    bag = dask.bag.from_sequence(planned("bag")).map(analyze_one)
    outcomes = [*bag.compute(scheduler="threads"), *map(analyze_one, planned("loop"))]
    assert [outcome.status for outcome in outcomes] == ["ok", "ok"]
    for results in ("bag", "loop"):
        assert read_table(str(tmp_path / results), "targets").num_rows == 1
        assert not planned(results)


def test_the_schema_is_documented() -> None:
    from dataclasses import fields

    from parked.fleet.schema import TABLES

    text = (ROOT / "docs/fleet.md").read_text()
    for name, row in TABLES.items():
        for column in fields(row):
            assert f"| `{column.name}` | {column.metadata['type']} |" in text, (name, column.name)
