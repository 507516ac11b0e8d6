"""What a report says of a program wherever it runs: without addresses and what chance decides."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import PurePath
from typing import Any

# Which goroutine, thread and processor got what number, what the clock said, and what else lies in
# the blocks that small objects share.
OF_THE_MOMENT = {
    *("address", "pc", "id", "goroutine", "goroutines", "members", "thread", "p", "pid"),
    *("group", "groups", "index", "root_cause_group", "example", "retained"),
    *("due_in_ns", "wait_ns_at_least"),
}


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: plain(member) for name, member in value.items() if name not in OF_THE_MOMENT}
        if kept.get("file"):
            file = PurePath(kept["file"])
            # A file for each architecture has lines of its own; trees lie here and there.
            if file.suffix == ".s":
                kept["line"] = None
            kept["file"] = re.sub(r"_(amd64|arm64)$", "", file.stem)
        if "holders" in kept:  # by their ids, which are left out
            kept["holders"].sort(key=lambda holder: json.dumps(holder, sort_keys=True))
        return kept
    if isinstance(value, list):
        return [plain(member) for member in value]
    if isinstance(value, str):
        value = re.sub(r"0x[0-9a-f]+", "0x", value)
        value = re.sub(r"\b(?:\d+(?:\.\d+)?(?:h|m|s|ms|µs|ns))+\b", "a time", value)
        return re.sub(r"goroutines? \d+(?:(?:,| and) \d+)*", "goroutine", value)
    return value


def counted(entries: list[dict]) -> Counter[str]:
    """Entries of a list of a document, the runtime's own left out, in no order."""
    own = (entry for entry in entries if not entry.get("system"))
    return Counter(json.dumps(plain(entry), sort_keys=True) for entry in own)
