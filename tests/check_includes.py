#!/usr/bin/env python3
"""Checks that a room of core/ includes only rooms above it in core/rooms.txt.

The linker catches a wrong call; this catches a wrong include that only needs a header.
Front-ends may include nothing of core/ but parked/parked.h.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOMS = (ROOT / "core/rooms.txt").read_text().split()
FRONT_ENDS = ["cli", "python", "lldb_plugin"]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def sources(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix in {".h", ".cpp"})


def wrong_includes() -> list[str]:
    wrong = []
    for position, room in enumerate(ROOMS):
        for path in sources(ROOT / "core" / room):
            for included in INCLUDE.findall(path.read_text()):
                other = included.split("/")[0]
                if other in ROOMS and ROOMS.index(other) > position:
                    wrong.append(f"{path.relative_to(ROOT)} includes {included}")
                if other == "parked" and room != "command":
                    wrong.append(f"{path.relative_to(ROOT)} includes {included}")
    for front_end in FRONT_ENDS:
        for path in sources(ROOT / front_end):
            for included in INCLUDE.findall(path.read_text()):
                if included.split("/")[0] in ROOMS:
                    wrong.append(f"{path.relative_to(ROOT)} includes {included}")
    return wrong


def test_includes_go_one_way() -> None:
    assert wrong_includes() == []


def test_the_table_in_the_docs_has_the_rooms_in_order() -> None:
    table = (ROOT / "docs/architecture.md").read_text()
    assert re.findall(r"^\| `core/(\w+)` \|", table, re.MULTILINE) == ROOMS


def test_the_check_sees_the_rooms() -> None:
    # A new or renamed folder must not make the check above pass on nothing.
    folders = {path.name for path in (ROOT / "core").iterdir() if path.is_dir()}
    assert folders == {*ROOMS, "include", "layouts"}
    for folder in (*(f"core/{room}" for room in ROOMS), *FRONT_ENDS):
        assert sources(ROOT / folder), f"no sources in {folder}"


if __name__ == "__main__":
    found = wrong_includes()
    print("\n".join(found) or "includes: ok")
    sys.exit(1 if found else 0)
