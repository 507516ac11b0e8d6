"""Go releases as the go command brings them, and what the dumper (main.go) says about one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
ARCHITECTURES = ("amd64", "arm64")
OLDEST = (18, 0)

# Experiments that change no struct of the library, whether they are on or off: what concerns only
# the compiler, the linker or tools, and what was tried on the last release of every minor version
# (--try-all does so again).
NO_LAYOUT = {
    "aliastypeparams",
    "arenas",
    "boringcrypto",
    "cacheprog",
    "cgocheck2",
    "coverageredesign",
    "dwarf5",
    "fieldtrack",
    "goroutineleakprofile",
    "heapminimum512kib",
    "jsonv2",
    "loopvar",
    "mapsplitgroup",
    "newinliner",
    "pacerredesign",
    "preemptibleloops",
    "randomizedheapbase64",
    "range",
    "rangefunc",
    "regabiargs",
    "regabig",
    "regabireflect",
    "regabiwrappers",
    "runtimefreegc",
    "runtimesecret",
    "simd",
    "sizespecializedmalloc",
    "synctest",
    "unified",
}
UNTRIED = {"staticlockranking"}  # for the runtime's own developers


def version(release: str) -> tuple[int, int]:
    """(24, 9) of go1.24.9, (18, 0) of go1.18."""
    match = re.fullmatch(r"go1\.(\d+)(?:\.(\d+))?", release)
    if not match:
        raise SystemExit(f"{release}: not a release, such as go1.24.9")
    return int(match[1]), int(match[2] or 0)


def go(toolchain: str, *arguments: str, command: str | Path = "go", **variables: str) -> str:
    """What a go command prints. With GOTOOLCHAIN it downloads and becomes that of a release."""
    environment = {
        **os.environ,
        "GOTOOLCHAIN": toolchain,
        "GOFLAGS": "",
        "GOWORK": "off",
        **variables,
    }
    run = subprocess.run(
        [command, *arguments],
        cwd=HERE,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        raise SystemExit(f"{toolchain}: go {' '.join(arguments[:2])}: {run.stderr.strip()}")
    return run.stdout.strip()


def offered() -> list[str]:
    """The releases the go command lists, oldest first."""
    listed = go("local", "list", "-m", "-versions", "golang.org/toolchain@latest").split()
    names = [re.fullmatch(r"v0\.0\.1-(go1\.\d+(?:\.\d+)?)\.linux-amd64", name) for name in listed]
    releases = {name[1] for name in names if name}
    return sorted((name for name in releases if version(name) >= OLDEST), key=version)


@contextmanager
def toolchain(release: str, keep: bool) -> Iterator[Path]:
    """The root of a release; one that was not there before is removed afterwards unless `keep`."""
    modules = Path(go("local", "env", "GOMODCACHE"))
    name = f"v0.0.1-{release}.linux-amd64"
    unpacked = modules / f"golang.org/toolchain@{name}"
    keep = keep or unpacked.exists()
    try:
        yield Path(go(release, "env", "GOROOT"))
    finally:
        if not keep and unpacked.exists():
            for folder, _, _ in os.walk(unpacked):
                os.chmod(folder, 0o755)
            shutil.rmtree(unpacked)
            for file in (modules / "cache/download/golang.org/toolchain/@v").glob(f"{name}.*"):
                file.unlink()


def configurations(release: str, root: Path, try_all: bool) -> list[str]:
    """NAME ARCH TAGS: for every architecture the default and each experiment turned. Without tags
    if it is one that changes no layout."""
    flags = (root / "src/internal/goexperiment/flags.go").read_text()
    known = {name.lower() for name in re.findall(r"^\t([A-Z]\w+) +bool$", flags, re.M)} - UNTRIED
    found = []
    for arch in ARCHITECTURES:
        tags = go(
            "local",
            "list",
            "-f",
            '{{join context.ToolTags ","}}',
            "runtime",
            command=root / "bin/go",
            GOARCH=arch,
            GOEXPERIMENT="",
            GOROOT=str(root),
            GO111MODULE="off",
        ).split(",")
        found.append(f"- {arch} {','.join(tags)}")
        for name in sorted(known):
            tag = f"goexperiment.{name}"
            if name in NO_LAYOUT and not try_all:
                found.append(f"{'no' if tag in tags else ''}{name} {arch} ")
            elif tag in tags:
                found.append(f"no{name} {arch} {','.join(t for t in tags if t != tag)}")
            else:
                found.append(f"{name} {arch} {','.join([*tags, tag])}")
    return found


def dump(release: str, packages: list[str], keep: bool, try_all: bool) -> str:
    """Everything the dumper prints about a release."""
    with toolchain(release, keep) as root:
        local = re.search(r"go1\.(\d+)", go("local", "version"))
        # A go/types does not read the sources of a newer release.
        builder = "local" if local and int(local[1]) >= version(release)[0] else release
        wanted = configurations(release, root, try_all)
        neutral = "".join(f"config {config}\n" for config in wanted if config.endswith(" "))
        arguments = [x for config in wanted if config[-1] != " " for x in ("-config", config)]
        layouts = go(
            builder, "run", ".", "-goroot", str(root), "-minor", str(version(release)[0]),
            *arguments, *packages, GOROOT="", GOEXPERIMENT="",
        )  # fmt: skip
        return f"{layouts}\n{neutral}"
