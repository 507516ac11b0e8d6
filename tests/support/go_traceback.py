"""Parses Go's goroutine dumps, the oracle the end-to-end tests compare with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

HEADER = re.compile(
    r"^goroutine (\d+)(?: gp=\S+)?(?: m=\S+)?(?: mp=\S+)? \[([^\]]*)\](?: \{.*\})?:$"
)


@dataclass
class Dumped:
    """One goroutine of a dump. `lines` is everything under its header, as printed."""

    id: int
    state: str
    lines: list[str] = field(default_factory=list)

    @property
    def reason(self) -> str:
        """The state without minutes and marks: "chan receive"."""
        return self.state.split(",")[0].replace(" (scan)", "")

    @property
    def parked(self) -> bool:
        """Blocked in the runtime: what stands in a core exactly as it was printed."""
        return self.reason not in ("running", "runnable", "syscall", "preempted", "copystack")


def parse(text: str) -> dict[int, Dumped]:
    """Goroutines of a dump by id; the first dump of each wins."""
    found: dict[int, Dumped] = {}
    current: Dumped | None = None
    for line in text.splitlines():
        header = HEADER.match(line)
        if header:
            current = Dumped(int(header[1]), header[2])
            if current.id in found or current.id == 0:
                current = None
            else:
                found[current.id] = current
        elif not line.strip():
            current = None
        elif current is not None:
            current.lines.append(line)
    return found


def on_threads(text: str) -> dict[int, Dumped]:
    """Those that ran, as each thread prints of itself where GOTRACEBACK is "crash"."""
    found: dict[int, Dumped] = {}
    for part in re.split(r"^(?:-----|SIG\w+: .*)$", text, flags=re.MULTILINE):
        lines = part.lstrip("\n").splitlines()
        start = next((i for i, line in enumerate(lines) if HEADER.match(line)), 0)
        # Registers come behind the frames.
        ends = re.compile(r"\s*$|r(?:0|ax) +0x")
        end = next((i for i in range(start, len(lines)) if ends.match(lines[i])), len(lines))
        for goid, dumped in parse("\n".join(lines[start:end])).items():
            if dumped.reason == "running" and "stack unavailable" not in dumped.lines[0]:
                found.setdefault(goid, dumped)
    return found


def same_frames(truth: dict[int, Dumped], ours: dict[int, Dumped]) -> int:
    """Checks each parked goroutine of the runtime's own dump against what we print: function,
    arguments, file, line, offset, fp, sp and pc of each frame, and the creator. How many those
    were."""
    compared = 0
    for goid, theirs in truth.items():
        assert goid in ours, f"goroutine {goid} [{theirs.state}] is missing"
        if not theirs.parked:
            continue
        assert ours[goid].reason == theirs.reason
        assert ("locked to thread" in ours[goid].state) == ("locked to thread" in theirs.state)
        assert ours[goid].lines == theirs.lines, f"goroutine {goid} [{theirs.state}]"
        compared += 1
    return compared
