"""Cores for the fuzzers of real programs: tests/fuzz/make_cores.py FOLDER.

Of tests/targets/hostile, by the oldest and the newest Go, into FOLDER; of the programs that have
more of the standard library into FOLDER/library.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))

from conftest import Running, build_target, kernel_writes_cores_here
from matrix import Build

# Folder, program, release.
CORES = [
    ("1.18", "hostile", "1.18"),
    ("1.27", "hostile", "1.27"),
    ("library/web-1.23", "web", "1.23"),
    ("library/web-1.27", "web", "1.27"),
    ("library/pool-1.27", "pool", "1.27"),
]


def make(program: str, go: str, folder: Path) -> None:
    binary = build_target(program, Build(go, "default"))
    with tempfile.TemporaryDirectory() as scratch:
        with Running(binary, Path(scratch)) as target:
            core = target.abort()
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        subprocess.run(["cp", "--sparse=always", core.core, partial / "core"], check=True)
    shutil.copyfile(binary, partial / "program")
    subprocess.run(["strip", "-o", partial / "stripped", binary], check=True)
    partial.rename(folder)


def main() -> int:
    folder = Path(sys.argv[1])
    if not kernel_writes_cores_here():
        print("core_pattern sends cores elsewhere; `sysctl kernel.core_pattern=core`")
        return 1
    for name, program, go in CORES:
        if not (folder / name).exists():
            make(program, go, folder / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
