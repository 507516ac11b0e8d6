"""Damaged and wrong input: one clear line, the right exit code, never a crash."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.building import strip
from support.commands import parked, run
from support.core_file import DamagedCore
from support.damage_scene import EVERY
from support.matrix import Build
from support.paths import PARKED
from support.running import Core

GO = Build("1.27", "default")
RELEASES_CUT = ["1.18", "1.27"]
WORKERS = 2 if (os.cpu_count() or 1) < 4 else 4
# AddressSanitizer reserves terabytes of addresses; its own test limits memory by itself.
MEMORY = "unlimited" if "asan" in str(PARKED) else str(1 << 30)
COMMANDS = [
    ("report", "--all"),
    ("report", "--json"),
    ("report", "--format=traceback"),
    ("goroutines", "--all"),
    ("channels", "--all"),
    ("timers", "--all"),
    ("locks", "--all"),
    ("http", "--all"),
    ("sql", "--all"),
    ("files", "--all"),
    ("contexts", "--all"),
    ("http", "--json"),
    ("contexts", "--json"),
    ("info",),
]


@pytest.fixture(scope="module")
def core(kernel_core: Callable[..., Core]) -> Core:
    return kernel_core("zoo", GO)


def refused(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2, (result.returncode, result.stderr)
    assert result.stdout == ""
    assert result.stderr.startswith("parked: ") and result.stderr.count("\n") == 1, result.stderr
    return result.stderr


def survives(result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode in (0, 1, 2, 3), (result.returncode, result.stderr[-2000:])
    assert "Sanitizer" not in result.stderr
    if result.returncode == 2:
        assert result.stderr.count("\n") == 1, result.stderr


def limited(*words: object) -> subprocess.CompletedProcess[str]:
    """parked with little memory and time: damage must cost neither."""
    return run("prlimit", f"--as={MEMORY}", "--cpu=20", PARKED, *words, timeout=60)


def copied(core: Path, to: Path) -> Path:
    subprocess.run(["cp", "--sparse=always", core, to], check=True)
    return to


@pytest.mark.parametrize("symbols", ["whole", "stripped"])
@pytest.mark.parametrize("go", RELEASES_CUT)
def test_truncated_anywhere(
    go: str, symbols: str, kernel_core: Callable[..., Core], tmp_path: Path
) -> None:
    """200 points: each time there is a report, and it says that something is missing."""
    core = kernel_core("hostile", Build(go, "default"))
    binary = core.binary if symbols == "whole" else strip(core.binary, tmp_path / "stripped")
    size = core.core.stat().st_size

    def cut(part: int) -> None:
        # From the end backwards, each worker in a copy of its own.
        path = copied(core.core, tmp_path / f"cut{part}")
        for i in range(199 - part, -1, -WORKERS * EVERY):
            os.truncate(path, max(size * i // 200, 1 << 16))
            command = COMMANDS[i // WORKERS % len(COMMANDS)]
            result = limited("core", binary, path, *command)
            assert result.returncode == 3, (i, command, result.returncode, result.stderr[-2000:])
            assert "Sanitizer" not in result.stderr
            if "--json" in command:
                assert json.loads(result.stdout)["incomplete"], i
            elif command != ("report", "--format=traceback"):
                assert "incomplete" in result.stdout, (i, result.stdout[:1000])
        path.unlink()

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(cut, range(WORKERS)))


def test_truncated_headers(core: Core, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    with core.core.open("rb") as whole:
        beginning = whole.read(1 << 16)
    for length in (1, 63, 64, 200, 1000, 1800, 4096, 5000, 20000, 40000):
        cut.write_bytes(beginning[:length])
        result = limited("core", core.binary, cut)
        survives(result)
        assert result.returncode in (2, 3), f"cut at {length}: {result.stdout[:500]}"
        if result.returncode == 3:
            assert "incomplete" in result.stdout
    os.truncate(cut, 0)
    assert "empty" in refused(parked("core", core.binary, cut))


def test_flipped_bits(core: Core, tmp_path: Path) -> None:
    # Sparse files: only the bytes that are there are worth flipping.
    randomness = random.Random(20240229)
    original = core.core.read_bytes()
    nonzero = [i for i in range(0, len(original), 97) if original[i]]
    bad = DamagedCore(core.core, tmp_path / "bad")
    for _ in range(60 // EVERY):
        with bad.damage():
            for _ in range(randomness.choice([1, 100, 5000])):
                at = randomness.choice(nonzero)
                bad.write(at, bytes([original[at] ^ 1 << randomness.randrange(8)]))
            survives(limited("core", "--force", core.binary, bad.path))
    bad.close()


def test_wrong_binary(core: Core, kernel_core: Callable[..., Core]) -> None:
    other = kernel_core("leakyweb", GO)
    assert "build id" in refused(parked("core", other.binary, core.core))
    survives(limited("core", "--force", other.binary, core.core))


def test_what_people_get_wrong(core: Core, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("not a core\n")
    assert "not an ELF" in refused(parked(text))
    assert "directory" in refused(parked(tmp_path))
    assert "does not exist" in refused(parked("core", core.binary, tmp_path / "none"))
    assert "not a core" in refused(parked("core", core.binary, core.binary))
    assert "no process" in refused(parked(0x3FFFFFFF))
    refused(parked("core", core.core, core.core))


def test_not_go() -> None:
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        assert "Go" in refused(parked(sleeper.pid))
    finally:
        sleeper.kill()
        sleeper.wait()


def test_no_permission(core: Core, tmp_path: Path) -> None:
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv")
    secret = tmp_path / "core"
    shutil.copyfile(core.core, secret)
    secret.chmod(0)
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    program = Path("/tmp") / f"parked-{os.getpid()}"
    shutil.copy(PARKED, program)
    try:
        program.chmod(0o755)
        denied = run(*command, program, secret)
        assert "denied" in refused(denied).lower()
        assert "not allowed" in refused(run(*command, program, 1))
    finally:
        program.unlink()


def test_stripped_says_so(core: Core, tmp_path: Path) -> None:
    stripped = strip(core.binary, tmp_path)
    assert "shipped table" in parked("core", stripped, core.core, "info").stdout


def test_zstd(core: Core, tmp_path: Path) -> None:
    if not shutil.which("zstd"):
        pytest.skip("needs zstd")
    packed = tmp_path / "core.zst"
    subprocess.run(["zstd", "-q", "-1", core.core, "-o", packed], check=True)
    plain = parked("core", core.binary, core.core, "report", "--format=traceback")
    unpacked = parked("core", core.binary, packed, "report", "--format=traceback")
    assert unpacked.returncode == 0, unpacked.stderr
    assert unpacked.stdout == plain.stdout


def test_beyond_four_gigabytes(core: Core, tmp_path: Path) -> None:
    """The same core with its segments moved behind a 5 GB hole."""
    data = bytearray(core.core.read_bytes())
    hole = 5 << 30
    offset = int.from_bytes(data[32:40], "little")
    count = int.from_bytes(data[56:58], "little")
    for i in range(count):
        at = offset + 56 * i
        if int.from_bytes(data[at : at + 4], "little") == 1:  # PT_LOAD
            moved = int.from_bytes(data[at + 8 : at + 16], "little") + hole
            data[at + 8 : at + 16] = moved.to_bytes(8, "little")
    big = tmp_path / "big"
    with big.open("wb") as out:
        out.write(data)
        out.seek(hole)
        out.write(core.core.read_bytes())
    # Waiting times count to the file's time.
    times = core.core.stat()
    os.utime(big, ns=(times.st_atime_ns, times.st_mtime_ns))
    plain = parked("core", core.binary, core.core, "report", "--format=traceback")
    moved_report = parked("core", core.binary, big, "report", "--format=traceback")
    big.unlink()
    assert moved_report.returncode == 0, moved_report.stderr
    assert moved_report.stdout == plain.stdout
