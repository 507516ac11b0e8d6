"""Which Go releases and build modes the end-to-end tests run over."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

# The last patch release of each minor version.
RELEASES = {
    "1.18": "go1.18.10",
    "1.19": "go1.19.13",
    "1.20": "go1.20.14",
    "1.21": "go1.21.13",
    "1.22": "go1.22.12",
    "1.23": "go1.23.12",
    "1.24": "go1.24.13",
    "1.25": "go1.25.14",
    "1.26": "go1.26.11",
    "1.27": "go1.27.4",
}
BUILD_FLAGS = {
    "default": [],
    "pie": ["-buildmode=pie"],
    "noopt": ["-gcflags=all=-N -l"],
    "cgo": ["-tags=withcgo"],
    "stripped": ["-ldflags=-s -w"],
    "pie-stripped": ["-buildmode=pie", "-ldflags=-s -w"],
    "cgo-stripped": ["-tags=withcgo", "-ldflags=-s -w -linkmode=external"],
    "trimpath": ["-trimpath"],
    "strip": [],  # the tool `strip` is run on the binary
}


@dataclass(frozen=True)
class Build:
    go: str  # "1.22"
    mode: str  # a key of BUILD_FLAGS
    architecture: str = "amd64"

    def __str__(self) -> str:
        return f"go{self.go}-{self.mode}" + ("" if self.native else f"-{self.architecture}")

    @property
    def native(self) -> bool:
        """Runs here; others run in a guest."""
        return self.architecture == "amd64"

    @property
    def cgo(self) -> bool:
        return self.mode.startswith("cgo")

    @property
    def symbols(self) -> bool:
        """The binary has a symbol table and DWARF: variables have names."""
        return "strip" not in self.mode


def builds(matrix: str) -> list[Build]:
    if matrix == "quick":
        return [Build("1.18", "default"), Build("1.27", "pie")]
    if matrix == "ci":
        # 1.19 is as 1.18 and 1.20, but for its tables (test_layout_tables.py). Each row compiles
        # the library once more, which is most of what it costs: every release, every mode once.
        return [
            Build("1.18", "default"),
            Build("1.20", "cgo"),
            Build("1.21", "noopt"),
            Build("1.22", "default"),
            Build("1.23", "strip"),
            Build("1.24", "pie-stripped"),
            Build("1.25", "cgo-stripped"),
            Build("1.26", "stripped"),
            Build("1.27", "default"),
            Build("1.27", "pie"),
        ]
    # Paths are all that -trimpath changes.
    modes = [mode for mode in BUILD_FLAGS if mode != "trimpath"]
    return [Build(go, mode) for go in RELEASES for mode in modes]


# What a guest runs that has to be booted: the oldest release, those in which the runtime changed
# what it does on arm64 or everywhere, and the newest.
GUEST_RELEASES = ("1.18", "1.21", "1.24", "1.26", "1.27")


def guests(matrix: str) -> list[Build]:
    """Builds for arm64, of which a real kernel writes the core: what is read differs by
    architecture, by release, and by whether there are symbols."""
    if matrix == "quick":
        return []
    if matrix == "ci":
        rows = (("1.18", "default"), ("1.24", "stripped"), ("1.27", "default"))
        return [Build(go, mode, "arm64") for go, mode in rows]
    modes = ("default", "pie", "noopt", "stripped", "pie-stripped")
    return [Build(go, mode, "arm64") for go in GUEST_RELEASES for mode in modes]


def dealt(rows: list[Build], file: str) -> Build:
    """The one of these rows that a test file has. Another file has another one, so that the suite
    meets all of them: what is wrong with one is hardly wrong in one file alone."""
    return rows[crc32(file.encode()) % len(rows)]


def samples_of(matrix: str, file: str) -> list[Build]:
    """For what depends on the release and the mode in few ways, or in none: in ci the oldest and
    the newest release, and what is dealt of those between and of the other modes."""
    rows = builds(matrix)
    if matrix != "ci":
        return rows
    oldest, newest = Build("1.18", "default"), Build("1.27", "default")
    return [oldest, dealt([row for row in rows if row not in (oldest, newest)], file), newest]


def guests_of(matrix: str, file: str) -> list[Build]:
    """In ci the one that is dealt: a row of a guest costs as much as ten others."""
    return [dealt(guests(matrix), file)] if matrix == "ci" else guests(matrix)


def everywhere_of(matrix: str, file: str) -> list[Build]:
    return [*builds(matrix), *guests_of(matrix, file)]


def resource_builds(matrix: str, quick: str) -> list[Build]:
    """For what is told of the standard library's objects."""
    if matrix == "quick":
        return [Build(quick, "default")]
    if matrix == "ci":
        return [
            *(Build(go, "default") for go in ("1.18", "1.22", "1.27")),
            Build("1.26", "stripped"),
        ]
    return [Build(go, mode) for go in RELEASES for mode in ("default", "noopt", "stripped")]


def twins(matrix: str) -> list[Build]:
    """Builds with symbols, of which a stripped copy has to give the same report."""
    if matrix == "quick":
        return [Build("1.18", "default"), Build("1.27", "pie")]
    if matrix == "ci":
        return [
            Build("1.18", "default"),
            Build("1.21", "noopt"),
            Build("1.27", "default"),
        ]
    return [Build(go, mode) for go in RELEASES for mode in ("default", "pie", "cgo", "noopt")]


def used_lists(matrix: str) -> list[Build]:
    """For what a stripped program's runtime is recognized by after some work: finalizers only, the
    same queue for cleanups (1.24), and a queue of their own."""
    if matrix == "full":
        return [Build(go, mode) for go in RELEASES for mode in ("default", "noopt")]
    return [
        Build(go, "default") for go in (["1.18", "1.24", "1.27"] if matrix == "ci" else ["1.27"])
    ]
