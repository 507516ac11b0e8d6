"""parked dump --redact: nothing of what the program keeps to itself, and the same report."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path

import pytest
from support.commands import parked
from support.delve import build_delve
from support.matrix import RELEASES, Build
from support.running import Core, Running, need_kernel_cores
from support.secrets import EACH, Secrets, text

SEED = 0x8F3A5C7E9B1D2F46
SECRETS = Secrets(SEED)
LEAST = 1000

ROWS = {
    "by": {"quick": [], "ci": [], "full": ["gcore", "delve"]},
    "row": {
        "quick": [Build("1.27", "default")],
        "ci": [
            Build("1.18", "default"),
            Build("1.21", "stripped"),
            Build("1.22", "cgo"),
            Build("1.24", "pie-stripped"),
            Build("1.27", "default"),
        ],
        "full": [
            Build(go, mode)
            for go in RELEASES
            for mode in ("default", "pie", "cgo", "stripped", "cgo-stripped")
        ],
    },
}
STAND_IN = re.compile(r"[?/]?redacted(?:-\d+(?: text)?)?")
OF_THE_FILE = re.compile(r"^\.target\.(source|redacted|taken_at)$")
NOTHING = re.compile(r"(?!)")
# A process was dumped twice.
OF_THE_MOMENT = re.compile(r"^\S*_ns\S*: |.*'timer, wakes in |.*(ago|due in) ")


def words(folder: Path) -> list[str]:
    folder.mkdir()
    return [str(SEED), str(folder), *(text(SEED, "argument", i) for i in range(EACH))]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(EACH):
        secret = text(SEED, "environment", i)
        monkeypatch.setenv(f"SECRET_{secret[:10]}", secret)


@pytest.fixture
def still(
    row: Build, environment: None, running: Callable[..., Running], tmp_path: Path
) -> Iterator[Running]:
    with running("secrets", row, *words(tmp_path / "files")) as process:
        os.kill(process.pid, signal.SIGSTOP)
        yield process
        os.kill(process.pid, signal.SIGCONT)


@pytest.fixture
def died(row: Build, environment: None, running: Callable[..., Running], tmp_path: Path) -> Core:
    need_kernel_cores()
    with running("secrets", row, *words(tmp_path / "files")) as process:
        return process.abort()


def document(*words: object) -> dict:
    done = parked(*words, "report", "--json", "--all")
    assert done.returncode in (0, 3), done.stderr
    return json.loads(done.stdout)


def fits(one: object, other: object) -> bool:
    """Whether the second is the first with other words for what was taken out."""
    if not isinstance(one, str) or not isinstance(other, str) or not STAND_IN.search(other):
        return False
    pattern = ".*".join(re.escape(part) for part in STAND_IN.split(other))
    return re.fullmatch(pattern, one, re.DOTALL) is not None


def told_otherwise(one: object, other: object, path: str = "") -> Iterator[str]:
    """Where two documents differ but for texts that were taken out of the second."""
    if isinstance(one, dict) and isinstance(other, dict):
        # Names of labels are texts, too: what stands for them is sorted as they were.
        same = sorted(one.keys() & other.keys())
        rest = zip_longest(sorted(one.keys() - other.keys()), sorted(other.keys() - one.keys()))
        for a, b in [*zip(same, same, strict=True), *rest]:
            if a != b and not fits(a, b):
                yield f"{path}: {a} and {b}"
            else:
                yield from told_otherwise(one[a], other[b], f"{path}.{a}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from told_otherwise(a, b, f"{path}[{i}]")
    elif one != other and not fits(one, other) and not OF_THE_FILE.search(path):
        yield f"{path}: {one!r:.300} and {other!r:.300}"


def dump(file: Path, *words: object) -> None:
    done = parked("dump", *words, "--uncompressed", "-o", file)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def check(binary: Path, folder: Path, ignored: re.Pattern[str], *target: object) -> None:
    whole, redacted = folder / "whole", folder / "redacted"
    dump(whole, *target)
    found = SECRETS.in_file(whole)
    assert len(found) >= LEAST, "the test finds none where they are"
    dump(redacted, *target, "--redact")
    assert SECRETS.in_file(redacted) == Counter()

    one, other = document("core", binary, whole), document("core", binary, redacted)
    differences = [line for line in told_otherwise(one, other) if not ignored.match(line)]
    assert differences == []
    assert other["target"]["redacted"] and not one["target"]["redacted"]
    assert SECRETS.told_in(json.dumps(one))
    assert not SECRETS.told_in(json.dumps(other))
    assert one["proof"]["state"] == other["proof"]["state"]

    again = folder / "again"
    dump(again, "--core", redacted, "--exe", binary)
    assert SECRETS.in_file(again) == Counter()
    assert list(told_otherwise(other, document("core", binary, again))) == []


def test_a_process(row: Build, still: Running, tmp_path: Path) -> None:
    check(still.binary, tmp_path, OF_THE_MOMENT, still.pid)


def test_a_core(row: Build, died: Core, tmp_path: Path) -> None:
    check(died.binary, tmp_path, NOTHING, "--core", died.core, "--exe", died.binary)


NEWEST = Build("1.27", "default")


@pytest.fixture
def alive(environment: None, running: Callable[..., Running], tmp_path: Path) -> Iterator[Running]:
    with running("secrets", NEWEST, *words(tmp_path / "files")) as process:
        yield process


def test_a_core_by_a_debugger(by: str, alive: Running, tmp_path: Path) -> None:
    """A gigabyte of zeros, most of it, which takes a while to be looked through."""
    if by == "gcore":
        core = alive.gcore().core
    else:
        core = tmp_path / "delve.core"
        subprocess.run(
            [build_delve(), "attach", str(alive.pid), "--allow-non-terminal-interactive=true"],
            input=f"dump {core}\nquit\nn\n",
            text=True,
            capture_output=True,
            check=True,
            timeout=120,
        )
    check(alive.binary, tmp_path, NOTHING, "--core", core, "--exe", alive.binary)
