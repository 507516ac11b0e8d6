"""Inputs, workers and schedulers that fail: each costs itself alone, and what is finished stays."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from parked.fleet.settings import Settings
from support.dask_cluster import DaskCluster
from support.fleet import Fleet, environment
from support.gated import Gated, alive, parent_of, until
from support.paths import PARKED

pytestmark = pytest.mark.slow


@pytest.fixture
def gated(tmp_path: Path) -> Gated:
    return Gated(tmp_path / "gated")


@pytest.fixture(scope="session")
def cores(dumps: list[Path]) -> list[bytes]:
    """Unpacked dumps."""
    from backports import zstd

    return [zstd.decompress(dump.read_bytes()) for dump in dumps]


@pytest.fixture
def folder(tmp_path: Path, cores: list[bytes]) -> Path:
    """a.core, b.core and gate.core, which is the last."""
    made = tmp_path / "in"
    made.mkdir()
    names = ("a.core", "b.core", "gate.core")
    # The largest is looked at first.
    largest = max(map(len, cores))
    for more, (name, core) in enumerate(zip(reversed(names), cores)):
        (made / name).write_bytes(core.ljust(largest + (more << 20), b"\0"))
    return made


def start(fleet: Fleet, *words: object, parked: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        fleet.words(*words, parked=parked),
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def kept(fleet: Fleet) -> set[str]:
    """Inputs that are finished."""
    return set(fleet.targets()) if (Path(fleet.results) / "targets").exists() else set()


def test_poisoned_inputs(fleet: Fleet, gated: Gated, cores: list[bytes], tmp_path: Path) -> None:
    """Each in its own way, beside one that is good."""
    made = tmp_path / "in"
    made.mkdir()
    good = cores[0]
    write = {
        "good.core": good,
        "hang.core": good + b"1",
        "eat.core": good + b"2",
        "die.core": good + b"3",
        "cut.core": good[: len(good) // 8],
        "garbage.core": good[:64] + bytes(range(256)) * 4096,
        "empty.core": b"",
        "bomb.core.gz": gzip.compress(good[:4096] + bytes(300 << 20), 1),
        "cut.core.gz": gzip.compress(good + b"4", 1)[:-20_000],
        "deep.json": b'{"schema": "parked/1", "a": ' + b"[" * 3_000_000,
        "large.json": b'{"schema":"parked/1","target":{"uptime_ns":' + b"9" * 4000 + b"}}",
        "profile.pb": b"\x0a\xff\xff\xff\xff\x7f\x00\x01\x02" * 100,
    }
    for name, content in write.items():
        (made / name).write_bytes(content)
    bounds = ("--timeout", "15", "--memory", "600M", "--max-size", "200M", "--workers", "1")
    done = fleet.analyze(made, *bounds, parked=gated.program)
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"{len(write)} inputs: {len(write) - 3} failed, 2 incomplete, 1 ok; " in done.stdout
    said = {name: row["problem"] for name, row in fleet.targets().items() if row["problem"]}
    assert set(said) == set(write) - {"good.core"}
    assert "takes longer than" in said["hang.core"]
    assert "memory" in said["eat.core"].lower()
    assert "SIGSEGV" in said["die.core"]
    assert "larger than 209,715,200 bytes" in said["bomb.core.gz"]
    assert "ends early" in said["cut.core.gz"]
    assert "empty" in said["empty.core"]
    assert "not a profile" in said["profile.pb"]
    assert fleet.targets()["good.core"]["status"] == "ok"
    again = fleet.analyze(made, *bounds, parked=gated.program)
    assert again.stdout.startswith(f"{len(write)} inputs: {len(write)} done before; ")
    limits = {"timeout": 15.0, "memory": 600 << 20, "most_bytes": 200 << 20}
    assert fleet.look(made, retry_failed=True, **limits) == {"failed": 6, "ok": 3}


@pytest.mark.usefixtures("full")
def test_a_worker_that_is_killed(fleet: Fleet, gated: Gated, folder: Path, tmp_path: Path) -> None:
    """Its input is looked at once more, by the next one; nothing else is, and nothing is left."""
    with DaskCluster(tmp_path / "dask") as cluster:
        cluster.worker()
        run = start(fleet, folder, "--scheduler", cluster.address, parked=gated.program)
        at_gate = gated.wait()
        reader = parent_of(at_gate)
        worker = parent_of(reader)
        assert kept(fleet) == {"a.core", "b.core"}
        gated.close()
        os.kill(worker, signal.SIGKILL)
        until(lambda: not alive(reader) and not alive(at_gate), "the worker's processes stay")
        gated.wait()
        gated.open()
        output, error = run.communicate(timeout=120)
    assert run.returncode == 0, output + error
    assert output.startswith("3 inputs: 3 ok; ")
    begun = [name for what, name in gated.log() if what == "begin"]
    assert sorted(begun) == ["a.core", "b.core", "gate.core", "gate.core"]


def test_a_worker_that_is_killed_over_several(
    fleet: Fleet, dumps: list[Path], tmp_path: Path
) -> None:
    """Small inputs are one task; when nobody has finished it, each of them is looked at alone, and
    nothing of the worker is left."""
    gated, folder = Gated(tmp_path / "gated", at=" report "), tmp_path / "in"
    folder.mkdir()
    (folder / "core.zst").write_bytes(dumps[0].read_bytes())
    text = "goroutine 1 [running]:\nmain.main{}()\n\t/m.go:1 +0x1\n"
    for number in range(32):
        (folder / f"{number:02}.txt").write_text(text.format(number))
    # The largest are looked at first: this one is beside the core.
    (gone := folder / "gone.txt").write_text(text.format("gone"))
    variables = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with DaskCluster(tmp_path / "dask", **variables) as cluster:
        cluster.worker()
        run = start(fleet, folder, "--scheduler", cluster.address, parked=gated.program)
        at_gate = gated.wait()
        reader = parent_of(at_gate)
        gated.close()
        gone.unlink()
        os.kill(parent_of(reader), signal.SIGKILL)
        until(lambda: not alive(reader) and not alive(at_gate), "the worker's processes stay")
        gated.wait()
        gated.open()
        output, error = run.communicate(timeout=120)
    assert run.returncode == 3, output + error
    assert output.startswith("34 inputs: 1 failed, 33 ok; "), output + error
    said = {name: row["problem"] for name, row in fleet.targets().items() if row["problem"]}
    assert list(said) == ["gone.txt"] and "is not there" in said["gone.txt"]


def test_several_once_more(fleet: Fleet, tmp_path: Path) -> None:
    """As when the worker that had them ended before it could tell: what was read stays so."""
    from parked.fleet import plan
    from parked.fleet.work import analyze_several

    for number in range(3):
        text = f"goroutine 1 [running]:\nmain.main{number}()\n\t/m.go:1 +0x1\n"
        (tmp_path / f"{number}.txt").write_text(text)
    shutil.copy2(tmp_path / "2.txt", tmp_path / "3.txt")
    planned = plan([str(tmp_path)], fleet.results, settings=Settings(parked=str(PARKED)))
    jobs = list(planned.jobs())
    (tmp_path / "0.txt").unlink()
    for _ in range(2):
        found = [outcome.status if outcome else None for outcome in analyze_several(jobs)]
        assert found == [None, "ok", "ok", "skipped"]


@pytest.mark.slow
def test_a_scheduler_that_is_killed(
    fleet: Fleet, gated: Gated, folder: Path, tmp_path: Path
) -> None:
    """What was finished is kept, and the next run does the rest."""
    with DaskCluster(tmp_path / "dask") as cluster:
        cluster.worker()
        run = start(fleet, folder, "--scheduler", cluster.address, parked=gated.program)
        gated.wait()
        cluster.scheduler.kill()
        output, error = run.communicate(timeout=120)
    assert run.returncode == 3, output + error
    assert "the scheduler is gone" in error and "Traceback" not in error
    assert kept(fleet) == {"a.core", "b.core"}
    gated.open()
    assert fleet.look(folder, parked=str(gated.program)) == {"ok": 1}, fleet.outcomes
    assert kept(fleet) == {"a.core", "b.core", "gate.core"}


@pytest.mark.slow
def test_ctrl_c(fleet: Fleet, gated: Gated, folder: Path) -> None:
    """As at a terminal, which tells all processes."""
    run = start(fleet, folder, "--workers", "1", parked=gated.program)
    at_gate = gated.wait()
    os.killpg(run.pid, signal.SIGINT)
    output, error = run.communicate(timeout=60)
    assert run.returncode == 3, output + error
    assert output.startswith("3 inputs: ") and "interrupted" in error
    assert "Traceback" not in error and kept(fleet) == {"a.core", "b.core"}
    until(lambda: not alive(at_gate), "what read the input goes on")
    gated.open()
    assert fleet.look(folder, parked=str(gated.program)) == {"ok": 1}, fleet.outcomes


@pytest.mark.usefixtures("full")
def test_killed_itself(fleet: Fleet, gated: Gated, folder: Path) -> None:
    """With SIGKILL, which nobody can answer: no process stays."""
    run = start(fleet, folder, "--workers", "1", parked=gated.program)
    at_gate = gated.wait()
    worker = parent_of(parent_of(at_gate))
    run.kill()
    run.communicate(timeout=60)
    until(lambda: not alive(worker) and not alive(at_gate), "what it has started goes on")
    assert kept(fleet) == {"a.core", "b.core"}


@pytest.mark.usefixtures("full")
def test_memory_is_waited_for(fleet: Fleet, gated: Gated, folder: Path, tmp_path: Path) -> None:
    """Of a worker with room for one, and two threads."""
    with DaskCluster(tmp_path / "dask") as cluster:
        cluster.worker("--nthreads", "2", memory=10**9)
        gated.open()
        words = (folder, "--memory", "700M", "--scheduler", cluster.address)
        done = fleet.analyze(*words, parked=gated.program)
    assert done.stdout.startswith("3 inputs: 3 ok; "), done.stdout + done.stderr
    assert [what for what, _ in gated.log()] == ["begin", "end"] * 3


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with 1 MB."""
    at = tmp_path / "disk"
    at.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "parked-test", str(at)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("a small file system cannot be mounted here (root may)")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


@pytest.mark.slow
def test_full_disk(fleet: Fleet, dumps: list[Path], cores: list[bytes], small_disk: Path) -> None:
    """Of a worker: its input is tried again by the next run. Of the results: they are whole or not
    there, and that is said."""
    full = fleet.analyze(dumps[0], "--scratch", small_disk)
    assert full.returncode == 3 and "No space left on device" in full.stdout
    assert fleet.targets()["decisions-1.core"]["status"] == "failed"
    assert not list(small_disk.iterdir()) or not list(small_disk.glob("parked-fleet-*"))
    assert fleet.look(dumps[0]) == {"ok": 1}, fleet.outcomes
    assert [row["status"] for row in fleet.table("targets")] == ["ok"]
    results = Fleet(small_disk / "results")
    (results_folder := Path(results.results)).mkdir(exist_ok=True)
    filler = small_disk / "filler"
    with pytest.raises(OSError), filler.open("wb") as file:
        while True:
            file.write(bytes(4096))
            file.flush()
    lost = results.analyze(dumps[0])
    assert lost.returncode in (2, 3), lost.stdout + lost.stderr
    assert "No space left" in lost.stdout + lost.stderr
    assert not list(results_folder.rglob("*.parquet"))
    filler.unlink()
    assert results.look(dumps[0]) == {"ok": 1}, results.outcomes
    assert len(results.table("targets")) == 1
