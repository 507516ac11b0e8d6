"""Where the tree, the build under test and what the tests keep are."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD_DIR = Path(os.environ.get("PARKED_BUILD", ROOT / "build")).resolve()
PARKED = Path(os.environ.get("PARKED", BUILD_DIR / "cli/parked"))
GDB_SCRIPT = BUILD_DIR / "gdb/parked-gdb.py"
LLDB_PLUGIN = BUILD_DIR / "lldb_plugin/libparked_lldb.so"
CACHE = Path(os.environ.get("PARKED_TEST_CACHE", Path.home() / ".cache/parked-tests"))
