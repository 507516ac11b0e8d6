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

from support.building import build_target
from support.matrix import Build
from support.running import Running, kernel_writes_cores_here

# In the folder of a core: what it is of.
MADE_OF = "made-of"
# Folder, program, release.
CORES = [
    ("1.18", "hostile", "1.18"),
    ("1.27", "hostile", "1.27"),
    ("library/web-1.23", "web", "1.23"),
    ("library/web-1.27", "web", "1.27"),
    ("library/pool-1.27", "pool", "1.27"),
]


def make(binary: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        with Running(binary, Path(scratch)) as target:
            core = target.abort()
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        subprocess.run(["cp", "--sparse=always", core.core, partial / "core"], check=True)
    shutil.copyfile(binary, partial / "program")
    subprocess.run(["strip", "-o", partial / "stripped", binary], check=True)
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
    for name, program, go in CORES:
        binary = build_target(program, Build(go, "default"))
        if made_of(folder / name) != binary.parent.name:
            make(binary, folder / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
