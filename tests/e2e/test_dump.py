"""parked dump: a core of its own, of which the report is that of the process, or of the core."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.commands import parked, run
from support.compare import differences
from support.matrix import Build
from support.paths import PARKED
from support.running import Core, Running

ROWS = {
    "dumped": {
        "quick": [Build("1.18", "default"), Build("1.27", "stripped")],
        "ci": [
            Build("1.18", "default"),
            Build("1.22", "pie"),
            Build("1.25", "cgo-stripped"),
            Build("1.27", "stripped"),
        ],
        "full": [
            Build(go, mode)
            for go in ("1.18", "1.20", "1.22", "1.24", "1.26", "1.27")
            for mode in ("default", "pie", "cgo", "stripped", "cgo-stripped")
        ],
    }
}

ZSTD = b"\x28\xb5\x2f\xfd"


@pytest.fixture
def still(dumped: Build, running: Callable[..., Running]) -> Iterator[Running]:
    """A process that is not going on."""
    with running("zoo", dumped) as process:
        os.kill(process.pid, signal.SIGSTOP)
        yield process
        os.kill(process.pid, signal.SIGCONT)


def document(*words: object) -> dict:
    done = parked(*words, "report", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def told_otherwise(one: dict, other: dict) -> list[str]:
    """What differs, but for where the answer is from and when it was asked for."""
    source = r"\.target\.(source|kind|taken_at): |\S*_ns\S*: |.*'timer, wakes in "
    return [line for line in differences(one, other) if not re.match(source, line)]


def dump(file: Path, *words: object) -> None:
    done = parked("dump", *words, "-o", file)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_report_is_that_of_the_process(still: Running, tmp_path: Path) -> None:
    file = tmp_path / "dump"
    dump(file, still.pid)
    assert file.read_bytes().startswith(ZSTD)
    assert file.stat().st_size < 2 << 20
    assert file.stat().st_mode & 0o777 == 0o600
    live, dumped = document(still.pid), document(file)
    assert live["proof"]["state"] == "given"
    assert dumped["target"]["kind"] == "dump"
    assert told_otherwise(live, dumped) == []
    assert "dump by parked: memory that no report needs is not in it" in parked(file).stdout

    plain = tmp_path / "plain"
    dump(plain, still.pid, "--uncompressed")
    assert plain.stat().st_blocks * 512 < plain.stat().st_size / 4, "zeros are holes"
    assert told_otherwise(live, document("core", still.binary, plain)) == []
    threads = run("gdb", "-batch", "-nx", still.binary, f"--core={plain}", "-ex", "info threads")
    assert threads.stdout.count("LWP") >= live["target"]["threads"], threads.stdout
    assert "Cannot access" not in threads.stderr


def test_the_report_is_that_of_the_core(kernel_core: Callable[..., Core], tmp_path: Path) -> None:
    core = kernel_core("zoo", Build("1.27", "pie"))
    file = tmp_path / "dump"
    dump(file, "--core", core.core, "--exe", core.binary, "--level", "1")
    assert file.stat().st_size < core.core.stat().st_blocks * 512 / 3
    before, after = document("core", core.binary, core.core), document("core", core.binary, file)
    assert told_otherwise(before, after) == []
    again = tmp_path / "again"
    dump(again, file)
    assert told_otherwise(after, document(again)) == []


def test_a_stream_is_the_same_core(kernel_core: Callable[..., Core]) -> None:
    core = kernel_core("zoo", Build("1.27", "pie"))
    words = ["core", core.binary, core.core, "dump", "-o", "-"]
    packed = subprocess.run([PARKED, *words], capture_output=True, check=True).stdout
    plain = subprocess.run([PARKED, *words, "--uncompressed"], capture_output=True, check=True)
    assert subprocess.run(["zstd", "-dc"], input=packed, capture_output=True).stdout == plain.stdout


def test_where_it_fails_there_is_no_file(
    kernel_core: Callable[..., Core], running: Callable[..., Running], tmp_path: Path
) -> None:
    core = kernel_core("zoo", Build("1.27", "pie"))
    target = ["core", core.binary, core.core]
    file = tmp_path / "folder" / "dump"
    file.parent.mkdir()

    def refused(why: str, *words: object) -> None:
        done = parked(*words)
        assert done.returncode == 2, done.stderr
        assert why in done.stderr
        assert done.stderr.count("\n") == 1
        assert list(file.parent.iterdir()) == []

    refused("No space left on device", *target, "dump", "-o", "/dev/full")
    refused("No such file or directory", *target, "dump", "-o", file / "below")
    refused("dump needs -o FILE", *target, "dump")
    refused("expected a number from 1 to 19", *target, "dump", "-o", file, "--level", "20")
    refused("exclude each other", *target, "dump", "-o", file, "--level=1", "--uncompressed")
    with running("zoo", Build("1.27", "pie")) as process:
        refused("--no-stop forbids", process.pid, "dump", "-o", file, "--no-stop")

    # The file system is full while it is written.
    limited = f"ulimit -f 64; trap '' XFSZ; exec {PARKED} \"$@\""
    done = run("bash", "-c", limited, "bash", *target, "dump", "--uncompressed", "-o", file)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert f"{file} cannot be written: File too large" in done.stderr
    assert list(file.parent.iterdir()) == []


def test_no_more_memory_than_allowed(
    kernel_core: Callable[..., Core], running: Callable[..., Running], tmp_path: Path
) -> None:
    build = Build("1.27", "pie")
    core = kernel_core("zoo", build)
    file = tmp_path / "folder" / "dump"
    file.parent.mkdir()
    with running("zoo", build) as process:
        for target in ([process.pid], ["--core", core.core, "--exe", core.binary]):
            for more in ([], ["--redact"]):
                words = ["dump", *target, "-o", file, *more, "--memory-limit"]
                done = parked(*words, "2M")
                assert done.returncode == 2
                assert re.fullmatch(
                    r"parked: it takes more memory than --memory-limit 2\.0 MB allows: \S+ MB\n",
                    done.stderr,
                )
                assert list(file.parent.iterdir()) == []
                done = parked(*words, "1G")
                assert (done.returncode, done.stderr) == (0, "")
                file.unlink()
    for wrong in ("0", "5X", "-1", "M", "99999999999T"):
        done = parked(*words, wrong)
        assert done.returncode == 2
        assert f"--memory-limit '{wrong}': expected a size such as 200M" in done.stderr


def test_an_old_file_stays_until_the_new_one_is_whole(
    kernel_core: Callable[..., Core], tmp_path: Path
) -> None:
    core = kernel_core("zoo", Build("1.27", "pie"))
    file = tmp_path / "dump"
    file.write_text("old")
    words = [PARKED, "core", core.binary, core.core, "dump", "-o", file, "--level", "19"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as dumping:
        while dumping.poll() is None and len(list(tmp_path.iterdir())) < 2:
            time.sleep(0.002)
        dumping.send_signal(signal.SIGINT)
        _, said = dumping.communicate()
    if dumping.returncode != 0:  # else it was faster
        assert (dumping.returncode, said) == (2, "parked: interrupted\n")
        assert file.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["dump"]
