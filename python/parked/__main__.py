"""``python -m parked``: the lines that load parked into a debugger."""

from __future__ import annotations

import argparse
import sys

from .locations import gdb_script, lldb_plugin


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="parked-paths", description="Prints how to load parked into gdb and lldb."
    )
    parser.add_argument(
        "what",
        nargs="?",
        choices=["gdb-script", "lldb-plugin"],
        help="print only this file's path",
    )
    what = parser.parse_args().what
    script, plugin = gdb_script(), lldb_plugin()
    if what is None:
        if script.exists():
            print(f"gdb:   source {script}")
        if plugin.exists():
            print(f"lldb:  plugin load {plugin}")
        return 0
    path = script if what == "gdb-script" else plugin
    if not path.exists():
        print(f"parked-paths: {path} was not installed", file=sys.stderr)
        return 2
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
