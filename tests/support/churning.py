"""What reports said of tests/targets/churn while it worked, and what it says itself afterwards."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

LONGEST = 3  # seconds until even the last holder has woken its goroutine
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
RECORD = re.compile(r"^record (\d+) (\w+) (\d+)$", re.MULTILINE)
LEAKED = re.compile(r"^leaked (\d+)$", re.MULTILINE)
WAKEUPS = re.compile(r"^wakeups (\d+)$", re.MULTILINE)  # the last line of an answer


def number(pattern: re.Pattern[str], text: str) -> int:
    return int(pattern.findall(text)[0])


@dataclass
class Seen:
    """What the reports said, taken together."""

    given: int = 0
    withheld: Counter[str] = field(default_factory=Counter)
    proved: dict[int, tuple[int, str]] = field(default_factory=dict)  # id to when (ns), and what
    leaked: Counter[int] = field(default_factory=Counter)  # goroutines in main.leaked to how often

    def add(self, text: str) -> None:
        document = json.loads(text)
        if document["proof"]["state"] != "given":
            self.withheld[re.sub(r"0x[0-9a-f]+|\d+", "N", document["proof"]["withheld"])] += 1
            return
        self.given += 1
        taken = datetime.fromisoformat(document["target"]["taken_at"])
        when = (taken - EPOCH) // timedelta(microseconds=1) * 1000
        for goroutine in document["goroutines"]:
            if goroutine["verdict"] != "PROVED":
                continue
            functions = [f["func"] for f in goroutine["frames"]]
            if "main.leaked" in functions:
                self.leaked[goroutine["id"]] += 1
            what = f"{goroutine['reason']} {goroutine['rule']} {functions}"
            self.proved.setdefault(goroutine["id"], (when, what))

    def asked(self) -> str:
        """What to write to the program's standard input."""
        return " ".join(map(str, sorted(self.proved))) + "\n"

    def holds(self, output: str) -> None:
        """That who was once PROVED never ran again, by what the program has printed since."""
        became = {int(i): (state, int(since)) for i, state, since in RECORD.findall(output)}
        # Still in the wait it was in, and not in a later one.
        ran = {
            goroutine: (*became[goroutine], what)
            for goroutine, (when, what) in self.proved.items()
            if became[goroutine][0] != "blocked" or became[goroutine][1] > when
        }
        assert ran == {}
        assert number(WAKEUPS, output) > 500
        assert self.given > 10 and self.given > 4 * sum(self.withheld.values()), self.withheld
        # Each of the leaked is found, if not at every instant: a word on the stack of somebody who
        # just runs may look like a pointer to what it waits on. Two wait on a mutex allocated
        # alone, which shares its 16 bytes with another small object, and that may live.
        assert len(self.leaked) >= number(LEAKED, output) - 2
        assert min(self.leaked.values()) > 0.5 * self.given, (self.given, self.leaked)

    def __str__(self) -> str:
        return (
            f"{self.given} reports with a proof, {sum(self.withheld.values())} without, "
            f"{len(self.proved)} goroutines proved {dict(self.withheld)}"
        )
