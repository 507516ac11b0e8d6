"""Delve, built once."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from support.building import only_one
from support.paths import CACHE

DELVE = "v1.25.2"  # reads every release the matrix runs it on


def build_delve() -> Path:
    folder = CACHE / f"delve-{DELVE}"
    with only_one("delve"):
        if not (folder / "dlv").exists():
            subprocess.run(
                ["go", "install", f"github.com/go-delve/delve/cmd/dlv@{DELVE}"],
                env={**os.environ, "GOBIN": str(folder), "GOFLAGS": "-buildvcs=false"},
                check=True,
            )
    return folder / "dlv"
