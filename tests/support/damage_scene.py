"""A core that can be damaged, with what parked says of it whole and damaged."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from support.commands import run
from support.core_file import DamagedCore, Layout
from support.paths import PARKED

# AddressSanitizer reserves terabytes of addresses.
MEMORY = "unlimited" if "asan" in str(PARKED) else str(2 << 30)
SECONDS = 20
# A look takes a second under sanitizers: scripts/test damages every eleventh place, in --full each.
# No number of alternatives in these tests is a multiple of seven, so that each still has its turn.
EVERY = int(os.environ.get("PARKED_DAMAGE_EVERY", "1"))

T = TypeVar("T")


def some(places: Iterable[T]) -> list[T]:
    """All of them, or each EVERYth from the first one on."""
    return list(places)[::EVERY]


@dataclass
class Seen:
    """What a report said."""

    code: int
    verdicts: dict[str, str]  # by the address of the g
    waits: dict[str, list[Any]]
    proof: str
    incomplete: list[str]

    @property
    def proved(self) -> set[str]:
        return {g for g, verdict in self.verdicts.items() if verdict == "PROVED"}


@dataclass
class Scene:
    core: DamagedCore
    binary: Path
    layout: Layout
    points: dict[str, int]  # addresses that the program printed
    symbols: bool
    whole: Seen
    document: dict[str, Any]

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        result = run(
            "prlimit",
            f"--as={MEMORY}",
            f"--cpu={SECONDS}",
            PARKED,
            "core",
            self.binary,
            self.core.path,
            *words,
            timeout=3 * SECONDS,
        )
        assert result.returncode in (0, 2, 3), (words, result.returncode, result.stderr[-3000:])
        assert "Sanitizer" not in result.stderr, result.stderr[-3000:]
        assert "runtime error" not in result.stderr, result.stderr[-3000:]
        if result.returncode == 2:
            assert result.stdout == "" and result.stderr.count("\n") == 1, result.stderr
        return result

    def look(self, what: str) -> Seen:
        result = self.command("report", "--json", "--all")
        if result.returncode == 2:
            return Seen(2, {}, {}, "", [result.stderr])
        document = json.loads(result.stdout)
        seen = seen_in(document, result.returncode)
        assert (seen.code == 3) == bool(seen.incomplete)
        # The worst a damaged core can do.
        beyond = seen.proved - self.whole.proved
        assert not beyond, (what, beyond, seen.incomplete)
        return seen

    def same(self, seen: Seen) -> bool:
        """But for those of which it says itself that it does not know."""
        known = {g for g, verdict in seen.verdicts.items() if verdict != "UNKNOWN"}
        return seen.verdicts.keys() == self.whole.verdicts.keys() and all(
            seen.verdicts[g] == self.whole.verdicts[g] and seen.waits[g] == self.whole.waits[g]
            for g in known
        )


def seen_in(document: dict[str, Any], code: int) -> Seen:
    goroutines = document["goroutines"]
    return Seen(
        code,
        {g["address"]: g["verdict"] for g in goroutines},
        {g["address"]: [w.get("address") for w in g["waiting_on"]] for g in goroutines},
        document["proof"]["state"],
        [f"{entry['what']}: {entry['detail']}" for entry in document["incomplete"]],
    )
