"""The typed objects of the Python package say what the JSON documents say, all of it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from support.commands import run_script
from support.matrix import Build
from support.running import Core
from support.schema import SCHEMA

# As in test_checks.py, which shares the cores.
SAMPLE = Build("1.22", "default")
TARGETS = ("leakyweb", "bodies", "files", "timers", "contexts")
pytestmark = pytest.mark.xdist_group("test_checks")

SCRIPT = """
import dataclasses, json, sys
import parked

seen = set()

def same(value, said, where):
    if dataclasses.is_dataclass(value):
        known = {f.metadata.get("name") or f.name: f.name for f in dataclasses.fields(value)}
        assert set(said) <= set(known), (where, set(said) - set(known))
        for member, what in said.items():
            same(getattr(value, known[member]), what, f"{where}.{member}")
        seen.add(type(value).__name__)
    elif isinstance(value, tuple):
        assert len(value) == len(said or ()), where
        for one, what in zip(value, said or ()):
            same(one, what, where)
    elif isinstance(value, int) and isinstance(said, str):
        assert value == int(said, 16), where
    else:
        assert value == said or (said is None and value in ("", 0)), (where, value, said)

with parked.open_core(sys.argv[2], executable=sys.argv[1]) as session:
    same(session.document, session.json(), "report")
    for command in ("crash", *json.loads(sys.argv[3])):
        said = json.loads(session.run([command, "--json"]))
        same(session.part(command), said, command)
    parts = [name for name in vars(parked.Parts) if not name.startswith("_") and name != "part"]
    assert {"http", "locks", "contexts", "channels", "sql", "files"} <= set(parts)
    for name in parts:
        assert getattr(session, name) is not None, name
print(*sorted(seen))
"""


@pytest.mark.parametrize("name", TARGETS)
def test_objects_say_what_the_json_says(name: str, kernel_core: Callable[..., Core]) -> None:
    core = kernel_core(name, SAMPLE)
    parts = (part.get("x-command") for part in SCHEMA["properties"].values())
    commands = sorted({command for command in parts if command})
    seen = set(run_script(SCRIPT, core.binary, core.core, json.dumps(commands)).split())
    assert {"Document", "Target", "Goroutine", "Frame", "WaitObject", "Group", "Proof"} <= seen
    own = {
        "leakyweb": {"Finding", "Retained", "Channel", "Timer"},
        "bodies": {"HttpTransport", "HttpHost", "HttpConnection", "HttpRequest"},
        "files": {"OpenFile", "FileWaiter"},
        "timers": {"TimerMade"},
        "contexts": {"Context"},
    }
    assert own[name] <= seen, seen
