#!/usr/bin/env python3
"""Checks that a room of core/ includes only rooms above it in core/rooms.txt, and that nothing but
core/arch knows an architecture.

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


# What says that a file knows one: names of architectures as Go, the kernel, Capstone and debuggers
# have them, and names of registers. Of core/layouts the tables name those they are for.
ARCHITECTURE = re.compile(
    r"amd64|arm64|x86|aarch64|capstone|\bCS_|\bcs_\w+\(|EM_AARCH|NT_ARM"
    r"|[\"'](?:r[a-ds]x|rip|[er][sb]p|r\d+|[xyz]mm\d*|x\d{1,2})[\"']",
    re.IGNORECASE,
)
WITHOUT_ARCHITECTURES = [
    *(f"core/{room}" for room in ROOMS if room != "arch"),
    "core/include",
    *FRONT_ENDS,
    "gdb_scripts",
]


def architectures_named() -> list[str]:
    """Lines outside of core/arch that name an architecture, comments included."""
    named = []
    for folder in WITHOUT_ARCHITECTURES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix not in {".h", ".cpp", ".py", ".pyi"}:
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if ARCHITECTURE.search(line):
                    named.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    return named


def test_only_core_arch_knows_architectures() -> None:
    assert architectures_named() == []


def test_the_check_sees_architectures() -> None:
    for line in (
        "if (arch == Arch::arm64)",
        'value = frame.read_register("rip")',
        "#include <capstone/capstone.h>",
        "note.type == NT_X86_XSTATE",
        "// runtime/duff_amd64.s",
    ):
        assert ARCHITECTURE.search(line), line
    assert not ARCHITECTURE.search("// Pulls the search of the archive")
    assert ARCHITECTURE.search((ROOT / "core/arch/amd64.cpp").read_text())


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
    found = wrong_includes() + [f"{line}: only core/arch may" for line in architectures_named()]
    print("\n".join(found) or "includes: ok")
    sys.exit(1 if found else 0)
