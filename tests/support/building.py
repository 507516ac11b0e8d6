"""Go programs of tests/targets, built once per content, release and mode."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from support.matrix import BUILD_FLAGS, RELEASES, Build
from support.paths import CACHE, ROOT

EM_AARCH64 = 183
CROSS_CC = "aarch64-linux-gnu-gcc"  # scripts/cross-arm64 installs it
# How many targets this process has built; support.targets builds them before the tests start.
BUILT = 0


def tree_hash(*folders: Path) -> str:
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def modules_of(target: Path) -> list[Path]:
    """The folder of a target, and those that its go.mod takes other modules from."""
    replaced = re.findall(r"=> (\.\./\S+)$", (target / "go.mod").read_text(), re.MULTILINE)
    return [target, *((target / name).resolve() for name in replaced)]


@contextlib.contextmanager
def only_one(name: str) -> Iterator[None]:
    """Of the processes that share the cache, one at a time makes what has this name."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def go_environment(go: str) -> dict[str, str]:
    return {**os.environ, "GOTOOLCHAIN": RELEASES[go], "GOFLAGS": "-buildvcs=false"}


def build_target(name: str, build: Build, experiment: str = "") -> Path:
    """The binary of tests/targets/<name>, built once per content, release and mode."""
    source = ROOT / "tests/targets" / name
    toolchain = RELEASES[build.go] + (f"-{experiment}" if experiment else "")
    folder = CACHE / f"{name}-{build}-{toolchain}-{tree_hash(*modules_of(source))}"
    binary = folder / name
    with only_one(folder.name):
        if not binary.exists():
            folder.mkdir(parents=True, exist_ok=True)
            partial = folder / f"{name}.partial"
            compile_target(source, build, experiment, partial).rename(binary)
    return binary


def compile_target(source: Path, build: Build, experiment: str, to: Path, *flags: str) -> Path:
    global BUILT
    BUILT += 1
    subprocess.run(
        ["go", "build", *BUILD_FLAGS[build.mode], *flags, "-o", to, "."],
        cwd=source,
        env={
            **go_environment(build.go),
            "CGO_ENABLED": "1" if build.cgo else "0",
            **({} if build.native else {"CC": CROSS_CC}),
            "GOEXPERIMENT": experiment,
            "GOARCH": build.architecture,
        },
        check=True,
    )
    if build.mode == "strip":
        subprocess.run(["strip", to], check=True)
    return to


def symbols(binary: Path) -> dict[str, int]:
    """Their addresses, as nm has them."""
    made = subprocess.run(["nm", binary], capture_output=True, text=True, check=True, timeout=120)
    rows = (line.split() for line in made.stdout.splitlines())
    return {words[2]: int(words[0], 16) for words in rows if len(words) == 3}


def strip_tool(binary: Path) -> str:
    """The one that knows the program's architecture."""
    with binary.open("rb") as file:
        machine = int.from_bytes(file.read(20)[18:], "little")
    return "aarch64-linux-gnu-strip" if machine == EM_AARCH64 else "strip"


def strip(binary: Path, folder: Path) -> Path:
    """A copy without symbols and DWARF; code, data and Go's build id stay."""
    folder.mkdir(exist_ok=True)
    copy = folder / binary.name
    subprocess.run([strip_tool(binary), "-o", copy, binary], check=True)
    return copy
