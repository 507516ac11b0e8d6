"""Cores for the fuzzers of real programs: tests/fuzz/make_cores.py FOLDER.

Of tests/targets/hostile, by the oldest and the newest Go, into FOLDER; of the programs that have
more of the standard library into FOLDER/library. What is there of the same programs is kept.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from support import arm64_user
from support.building import build_target, strip_tool
from support.matrix import Build
from support.running import Core, Running, kernel_writes_cores_here

# In the folder of a core: what it is of.
MADE_OF = "made-of"
# Folder, program, build.
CORES = [
    ("1.18", "hostile", Build("1.18", "default")),
    ("1.27", "hostile", Build("1.27", "default")),
    ("arm64-1.18", "hostile", Build("1.18", "default", "arm64")),
    ("arm64-1.27", "hostile", Build("1.27", "default", "arm64")),
    ("library/web-1.23", "web", Build("1.23", "default")),
    ("library/web-1.27", "web", Build("1.27", "default")),
    ("library/pool-1.27", "pool", Build("1.27", "default")),
]


def core_of(binary: Path, build: Build, scratch: Path) -> Core:
    if not build.native:
        return arm64_user.crash(binary, scratch)
    with Running(binary, scratch) as target:
        return target.abort()


def make(binary: Path, build: Build, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        core = core_of(binary, build, Path(scratch))
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        subprocess.run(["cp", "--sparse=always", core.core, partial / "core"], check=True)
    shutil.copyfile(binary, partial / "program")
    subprocess.run([strip_tool(binary), "-o", partial / "stripped", binary], check=True)
    (partial / MADE_OF).write_text(binary.parent.name)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def made_of(folder: Path) -> str:
    """The program of the core that is there, with its content and toolchain; "" if none is."""
    stamp = folder / MADE_OF
    return stamp.read_text() if stamp.exists() else ""


def main() -> int:
    folder = Path(sys.argv[1])
    if not kernel_writes_cores_here():
        print("core_pattern sends cores elsewhere; `sysctl kernel.core_pattern=core`")
        return 1
    for name, program, build in CORES:
        binary = build_target(program, build)
        if made_of(folder / name) != binary.parent.name:
            make(binary, build, folder / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
