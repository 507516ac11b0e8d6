"""The programs that Go's own leak detection is tested with, built with any release."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from support.building import go_environment, only_one, tree_hash
from support.matrix import RELEASES
from support.paths import CACHE, ROOT

SUITE = "src/runtime/testdata/testgoroutineleakprofile"
SOURCE_RELEASE = "1.27"  # the suite is copied from here for every version
HARNESS = ROOT / "tests/targets/leaksuite"


def build_suite(go: str) -> Path:
    folder = CACHE / f"leaksuite-{RELEASES[go]}-{tree_hash(HARNESS)}"
    binary = folder / "leaksuite"
    with only_one(folder.name):
        if not binary.exists():
            make_suite(go, folder, binary)
    return binary


def make_suite(go: str, folder: Path, binary: Path) -> None:
    goroot = subprocess.check_output(
        ["go", "env", "GOROOT"], env=go_environment(SOURCE_RELEASE), text=True
    ).strip()
    source = folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    suite = Path(goroot) / SUITE
    for path in [*suite.glob("*.go"), *(suite / "goker").glob("*.go")]:
        text = path.read_text().replace('pprof.Lookup("goroutineleak")', "outsideProfile{}")
        if "pprof." not in text:
            text = text.replace('"runtime/pprof"', '_ "runtime/pprof"')
        (source / path.name).write_text(text)
    (source / "harness.go").write_text((HARNESS / "harness.go.txt").read_text())
    (source / "go.mod").write_text(f"module parked.test/leaksuite\n\ngo {go}\n")
    environment = go_environment(go)
    if go == "1.26":
        environment["GOEXPERIMENT"] = "goroutineleakprofile"
    subprocess.run(["go", "build", "-o", binary, "."], cwd=source, env=environment, check=True)


def cases(binary: Path) -> list[str]:
    text = "".join(path.read_text() for path in (binary.parent / "source").glob("*.go"))
    return sorted(set(re.findall(r'^\s*register\("(\w+)"', text, re.MULTILINE)))


@contextlib.contextmanager
def standing_still(binary: Path, case: str) -> Iterator[subprocess.Popen[str] | None]:
    """The program of a case, ready to be looked at; None if it ended before that."""
    with subprocess.Popen(
        [binary, case],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process if any(line == "ready\n" for line in process.stdout) else None
        finally:
            process.kill()
