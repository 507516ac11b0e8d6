"""Cores of tests/targets/hostile, by the oldest and the newest Go, for report_fuzz.

tests/fuzz/make_cores.py FOLDER
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

RELEASES = ["1.18", "1.27"]


def make(go: str, folder: Path) -> None:
    binary = build_target("hostile", Build(go, "default"))
    with tempfile.TemporaryDirectory() as scratch:
        with Running(binary, Path(scratch)) as target:
            core = target.abort()
        partial = folder / f"{go}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        subprocess.run(["cp", "--sparse=always", core.core, partial / "core"], check=True)
    shutil.copyfile(binary, partial / "program")
    subprocess.run(["strip", "-o", partial / "stripped", binary], check=True)
    partial.rename(folder / go)


def main() -> int:
    folder = Path(sys.argv[1])
    if not kernel_writes_cores_here():
        print("core_pattern sends cores elsewhere; `sysctl kernel.core_pattern=core`")
        return 1
    for go in RELEASES:
        if not (folder / go).exists():
            make(go, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
