"""`parked watch --before-oom`: a core and reports of a process before it is killed for memory."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.cgroups import Cgroup
from support.commands import parked, patient, run, start
from support.matrix import Build
from support.paths import PARKED
from support.running import Running

BUILD = Build("1.27", "default")
MEGABYTE = 1 << 20
ALWAYS = "900T"  # nowhere is so much left
NAME = r"{name}\.{pid}\.\d{{8}}T\d{{6}}Z\.(core|report\.json|report\.txt)"

pytestmark = [pytest.mark.alone, pytest.mark.slow]


def kept_in(folder: Path, name: str, pid: int) -> dict[str, Path]:
    """Files by their endings; there is no other file."""
    found = {}
    for path in folder.iterdir():
        match = re.fullmatch(NAME.format(name=name, pid=pid), path.name)
        assert match, path.name
        assert match[1] not in found, path.name
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        found[match[1]] = path
    return found


def tell(target: Running, word: str) -> None:
    assert target.process.stdin is not None
    target.process.stdin.write(f"{word}\n".encode())
    target.process.stdin.flush()


def test_before_the_kernel_kills_it(running: Callable[..., Running], tmp_path: Path) -> None:
    limit, threshold = 128 * MEGABYTE, 50
    kept = tmp_path / "kept"
    with Cgroup("killed", limit) as group, running("swell", BUILD) as target:
        group.add(target.pid)
        watching = start(
            *("watch", target.pid, "--every", "1m", "--json"),
            *("--before-oom", f"{threshold}%", "--dump-dir", kept),
        )
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["type"] == "look"
        tell(target, "go")
        target.process.wait(timeout=60)
        output, errors = watching.communicate(timeout=60)
        assert target.process.returncode == -9
    assert watching.returncode == 0, errors
    (line,) = output.splitlines()
    told = json.loads(line)
    assert (told["type"], told["schema"]) == ("before_oom", "parked-watch/1")
    assert told["pid"] == target.pid and told["cgroup"] == str(group.folder)
    assert told["limit_bytes"] == limit and told["problems"] == []
    assert threshold <= 100 * told["used_bytes"] / limit < 100
    found = kept_in(kept, "swell", target.pid)
    assert {str(path) for path in found.values()} == {
        told["core"],
        told["report_json"],
        told["report_text"],
    }
    assert f"process {target.pid}" in errors and "% of its memory is used" in errors
    assert "main.leak" in found["report.txt"].read_text()
    report = json.loads(found["report.json"].read_text())
    assert report["target"]["pid"] == target.pid and report["incomplete"] == []
    leaked = [g for g in report["goroutines"] if g["verdict"] == "PROVED"]
    # What they keep is most of what was used.
    assert 0.5 * told["used_bytes"] < len(leaked) * MEGABYTE < limit
    of_core = parked("core", target.binary, found["core"], "report", "--json")
    assert of_core.returncode == 0, of_core.stderr
    again = json.loads(of_core.stdout)
    assert [g["id"] for g in again["goroutines"]] == [g["id"] for g in report["goroutines"]]
    assert found["core"].stat().st_size < 4 * MEGABYTE


def reads(pid: int) -> int:
    """Calls of read(2) so far."""
    match = re.search(r"syscr: (\d+)", Path(f"/proc/{pid}/io").read_text())
    assert match
    return int(match[1])


def test_once_each_time_that_it_is_passed(running: Callable[..., Running], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    seen = tmp_path / "seen"
    with Cgroup("often", 1024 * MEGABYTE) as group, running("twins", BUILD) as target:
        group.add(target.pid)
        much, little = 1024 * MEGABYTE, 16 * MEGABYTE
        with seen.open("w") as out:
            watching = subprocess.Popen(
                [
                    PARKED,
                    *patient("watch", target.pid, "--every", "1m", "--json", "--keep", "1"),
                    "--before-oom",
                    "32M",
                    "--dump-dir",
                    kept,
                ],
                stdout=out,
                stderr=subprocess.DEVNULL,
            )

        def alarms() -> int:
            return seen.read_text().count('"before_oom"')

        def wait_for(condition: Callable[[], bool]) -> None:
            deadline = time.monotonic() + 60
            while not condition():
                assert time.monotonic() < deadline
                time.sleep(0.05)

        def wait_for_looks_at_memory() -> None:
            """Each reads some files, and nothing else does meanwhile."""
            enough = reads(watching.pid) + 60
            wait_for(lambda: reads(watching.pid) > enough)

        wait_for(lambda: '"look"' in seen.read_text())
        for number in (1, 2, 3):
            wait_for_looks_at_memory()
            assert alarms() == number - 1, "nothing is passed on the way back"
            group.limit(little)
            wait_for(lambda number=number: alarms() == number)
            wait_for_looks_at_memory()
            assert alarms() == number, "it stays where it is"
            group.limit(much)
        watching.terminate()
        assert watching.wait(timeout=60) == 0
    assert set(kept_in(kept, "twins", target.pid)) == {"core", "report.json", "report.txt"}


def alarmed(target: Running, kept: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """A watch that finds at once that there is too little memory, and is over after two looks."""
    return parked(
        *("watch", target.pid, "--every", "300ms", "--count", 2),
        *("--before-oom", ALWAYS, "--dump-dir", kept, *words),
    )


@pytest.mark.parametrize(
    "inside",
    [
        ["unshare", "--cgroup"],
        # As in a sidecar, which has nothing of the neighbour's mounted.
        [
            *("unshare", "--mount", "sh", "-c"),
            'mount -t tmpfs none /sys/fs/cgroup && exec "$@"',
            "sh",
        ],
    ],
    ids=["another namespace of cgroups", "mounted in the process's root alone"],
)
def test_the_cgroup_is_seen_from(
    inside: list[str], running: Callable[..., Running], tmp_path: Path
) -> None:
    if run(*inside, "true").returncode != 0:
        pytest.skip("namespaces are not permitted")
    limit = 64 * MEGABYTE
    with Cgroup("seen", limit) as group, running("twins", BUILD) as target:
        group.add(target.pid)
        done = run(
            *(*inside, PARKED, *patient("watch", target.pid, "--every", "300ms", "--count", "2")),
            *("--json", "--before-oom", "64M", "--dump-dir", tmp_path / "kept"),
        )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    (alarm,) = (each for each in told if each["type"] == "before_oom")
    assert alarm["cgroup"].endswith(f"/{group.folder.name}")
    assert alarm["limit_bytes"] == limit
    assert alarm["problems"] == []


def test_redacted(running: Callable[..., Running], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with running("twins", BUILD) as target:
        done = alarmed(target, kept, "--redact")
        found = kept_in(kept, "twins", target.pid)
        live = json.loads(parked(target.pid, "report", "--json").stdout)
    assert done.returncode == 0, done.stderr
    assert "kept" in done.stderr and done.stderr.count("\n") == 1
    shown = parked("core", target.binary, found["core"], "report", "--json")
    assert shown.returncode == 0, shown.stderr
    report = json.loads(shown.stdout)
    assert report["target"]["redacted"] is True
    assert json.loads(found["report.json"].read_text())["target"]["redacted"] is False
    verdicts = [(g["id"], g["verdict"]) for g in live["goroutines"]]
    assert [(g["id"], g["verdict"]) for g in report["goroutines"]] == verdicts


def test_other_files_are_left_alone(running: Callable[..., Running], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    others = {
        *("twins.1.20200101T000000Z.core", "other.1.20200101T000000Z.report.txt", "notes.txt"),
        *("x.core", ".core", "a.b.c.core", "twins.1.20200101T000000Z.core.zst"),
    }
    for name in others:
        (kept / name).write_text("mine")
    with running("twins", BUILD) as target:
        assert alarmed(target, kept, "--keep", 1).returncode == 0
    assert others < {path.name for path in kept.iterdir()}


def test_it_takes_no_more_memory_than_it_may(
    running: Callable[..., Running], tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    with running("twins", BUILD) as target:
        done = alarmed(target, kept, "--memory-limit", "1M")
    assert done.returncode == 0, done.stderr
    assert "more memory than --memory-limit" in done.stderr
    assert "core" not in kept_in(kept, "twins", target.pid)


def test_where_nothing_can_be_kept(running: Callable[..., Running], tmp_path: Path) -> None:
    """The watch goes on, and says so."""
    kept = tmp_path / "kept"
    kept.mkdir()
    if run("mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", kept).returncode != 0:
        pytest.skip("no tmpfs may be mounted")
    try:
        with running("twins", BUILD) as target:
            done = alarmed(target, kept)
        assert done.returncode == 0, done.stderr
        assert "no core" in done.stderr and "No space left" in done.stderr
        assert "core" not in kept_in(kept, "twins", target.pid)
    finally:
        run("umount", kept)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--before-oom", "90%"], "--before-oom needs --dump-dir"),
        (["--before-oom", "0%", "--dump-dir", "x"], "--before-oom '0%'"),
        (["--before-oom", "101%", "--dump-dir", "x"], "--before-oom '101%'"),
        (["--before-oom", "psi:", "--dump-dir", "x"], "--before-oom 'psi:'"),
        (["--before-oom", "soon", "--dump-dir", "x"], "--before-oom 'soon'"),
        (["--dump-dir", "x"], "about what --before-oom keeps"),
        (["--redact"], "about what --before-oom keeps"),
        (["--before-oom", "9%", "--dump-dir", "/proc/nobody"], "--dump-dir: /proc/nobody"),
        (["--before-oom", "9%", "--dump-dir", "/dev/null"], "--dump-dir: /dev/null"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_makes_no_sense(words: list[str], said: str, tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as somebody:
        done = run(PARKED, "watch", somebody.pid, *words, cwd=tmp_path)
        somebody.kill()
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_pressure(running: Callable[..., Running], tmp_path: Path) -> None:
    """Where the kernel tells of it, nobody waits for memory here; where not, that is said."""
    with running("twins", BUILD) as target:
        done = parked(
            *("watch", target.pid, "--every", "300ms", "--count", 2),
            *("--before-oom", "psi:100%", "--dump-dir", tmp_path / "kept"),
        )
    if Path("/proc/pressure/memory").exists():
        assert (done.returncode, done.stderr) == (0, "")
        assert list((tmp_path / "kept").iterdir()) == []
    else:
        assert done.returncode == 2 and "PSI" in done.stderr
