"""Which Go releases and build modes the end-to-end tests run over."""

from __future__ import annotations

from dataclasses import dataclass

# One patch release of each minor version but 1.19.
RELEASES = {
    "1.18": "go1.18.10",
    "1.20": "go1.20.14",
    "1.21": "go1.21.13",
    "1.22": "go1.22.12",
    "1.23": "go1.23.12",
    "1.24": "go1.24.9",
    "1.25": "go1.25.4",
    "1.26": "go1.26.8",
    "1.27": "go1.27.3",
}
BUILD_FLAGS = {
    "default": [],
    "pie": ["-buildmode=pie"],
    "noopt": ["-gcflags=all=-N -l"],
    "cgo": ["-tags=withcgo"],
    "stripped": ["-ldflags=-s -w"],
    "pie-stripped": ["-buildmode=pie", "-ldflags=-s -w"],
    "cgo-stripped": ["-tags=withcgo", "-ldflags=-s -w -linkmode=external"],
    "strip": [],  # the tool `strip` is run on the binary
}


@dataclass(frozen=True)
class Build:
    go: str  # "1.22"
    mode: str  # a key of BUILD_FLAGS

    def __str__(self) -> str:
        return f"go{self.go}-{self.mode}"

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
        rows = [Build(go, "default") for go in RELEASES]
        rows += [Build("1.18", "cgo"), Build("1.18", "pie"), Build("1.22", "noopt")]
        rows += [
            Build("1.25", "pie"),
            Build("1.27", "pie"),
            Build("1.27", "noopt"),
            Build("1.27", "cgo"),
            Build("1.18", "stripped"),
            Build("1.23", "strip"),
            Build("1.25", "cgo-stripped"),
            Build("1.27", "pie-stripped"),
        ]
        return rows
    return [Build(go, mode) for go in RELEASES for mode in BUILD_FLAGS]


def resource_builds(matrix: str, quick: str) -> list[Build]:
    """For what is told of the standard library's objects."""
    if matrix == "quick":
        return [Build(quick, "default")]
    if matrix == "ci":
        return [
            *(Build(go, "default") for go in ("1.18", "1.22", "1.27")),
            Build("1.25", "stripped"),
        ]
    return [Build(go, mode) for go in RELEASES for mode in ("default", "noopt", "stripped")]


def twins(matrix: str) -> list[Build]:
    """Builds with symbols, of which a stripped copy has to give the same report."""
    if matrix == "quick":
        return [Build("1.18", "default"), Build("1.27", "pie")]
    if matrix == "ci":
        return [
            Build("1.18", "pie"),
            Build("1.18", "noopt"),
            Build("1.22", "default"),
            Build("1.27", "default"),
            Build("1.27", "noopt"),
        ]
    return [Build(go, mode) for go in RELEASES for mode in ("default", "pie", "cgo", "noopt")]
