"""The typed classes of the JSON document: made from its schema, and tolerant of other versions."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import parked
import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKE = ROOT / "scripts/make-python-classes"
SCHEMA = ROOT / "docs/schema/parked-1.schema.json"


def make(*options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, MAKE, *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True)


def made_from(schema: dict[str, Any], folder: Path) -> ModuleType:
    """The module that a schema gives, as a sibling of parked.document."""
    (folder / "schema.json").write_text(json.dumps(schema))
    done = make("--schema", folder / "schema.json", "--output", folder / "made.py")
    assert done.returncode == 0, done.stderr
    spec = importlib.util.spec_from_file_location("parked.made", folder / "made.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def schema() -> dict[str, Any]:
    return json.loads(SCHEMA.read_text())


def test_the_file_is_what_the_schema_gives() -> None:
    done = make("--check")
    assert done.returncode == 0, done.stdout


def test_a_file_that_differs_is_told(tmp_path: Path) -> None:
    other = tmp_path / "document.py"
    other.write_text((ROOT / "python/parked/document.py").read_text() + "\n")
    done = make("--check", "--output", other)
    assert done.returncode == 1
    assert "run scripts/make-python-classes" in done.stdout
    assert other.read_text().endswith("\n\n"), "--check writes nothing"


def test_what_is_added_to_the_schema_is_there(schema: dict[str, Any], tmp_path: Path) -> None:
    schema["$defs"]["goroutine"]["properties"]["spins"] = {
        "type": ["integer", "null"],
        "description": "how often it spun; null: not known",
    }
    schema["$defs"]["pool"] = {
        "type": "object",
        "description": "a pool",
        "properties": {
            "address": {"$ref": "#/$defs/address", "description": "of the pool"},
            "class": {"type": "string", "description": "its kind"},
            "users": {"type": "array", "items": {"type": "integer"}, "description": "ids"},
        },
        "required": ["address", "class", "users"],
    }
    schema["properties"]["pools"] = {
        "type": "array",
        "items": {"$ref": "#/$defs/pool"},
        "x-command": "pools",
        "description": "only with parked pools --json: the pools",
    }
    made = made_from(schema, tmp_path)
    document = made.Document.from_json(
        {
            "goroutines": [{"id": 1, "spins": 3}, {"id": 2}],
            "pools": [{"address": "0xc000", "class": "small", "users": [1, 2]}],
        }
    )
    assert [g.spins for g in document.goroutines] == [3, None]
    pool = document.pools[0]
    assert (pool.address, pool.class_, pool.users) == (0xC000, "small", (1, 2))
    assert made.Pool.__doc__ == "A pool."
    assert made.Parts.pools.__doc__ == "The pools."

    class Session(made.Parts):  # as parked.Session is
        def part(self, command: str) -> Any:
            return {"pools": document}[command]

    assert Session().pools == document.pools


def test_a_member_without_description_is_refused(schema: dict[str, Any], tmp_path: Path) -> None:
    schema["$defs"]["frame"]["properties"]["bare"] = {"type": "string"}
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    done = make("--schema", tmp_path / "schema.json", "--output", tmp_path / "made.py")
    assert done.returncode != 0
    assert "Frame.bare has no description" in done.stderr


def test_what_is_missing_or_strange_is_empty() -> None:
    document = parked.Document.from_json(
        {
            "schema": "parked/1",
            "goroutines": [{"id": "seven", "frames": None, "reason": None, "news": [1]}],
            "groups": [{"user_frame": None, "retained": {"goroutines": 2}}],
            "timers": "none",
        }
    )
    goroutine = document.goroutines[0]
    assert (goroutine.id, goroutine.frames, goroutine.reason) == (0, (), "")
    assert goroutine.raw["news"] == [1]
    assert document.groups[0].user_frame is None
    retained = document.groups[0].retained
    assert retained is not None and retained.goroutines == 2
    assert document.timers == ()
    assert document.http is None and document.proof.state == ""


def test_addresses_are_exact_and_zero_only_where_there_is_none() -> None:
    assert parked.Timer.from_json({"address": "0xffffffffffffffff"}).address == 2**64 - 1
    assert parked.Timer.from_json({"address": "what"}).address == 0
    # A nil pointer is followed to address 0.
    assert parked.CrashSignal.from_json({"address": "0x0"}).address == 0
    assert parked.CrashSignal.from_json({"address": None}).address is None


def test_names_that_came_before_the_schema() -> None:
    place = {"func": "main.f", "file": "f.go", "line": 3}
    origin = parked.Origin.from_json({**place, "goroutine": 4, "how": "called"})
    assert origin.place == parked.Place(func="main.f", file="f.go", line=3)
    pool = parked.SqlPool.from_json({"waiters": [{"goroutine": 7}, {"goroutine": 9}]})
    assert pool.waiters == (7, 9)
    file = parked.OpenFile.from_json({"reader": {"goroutine": 5}, "writer": None})
    assert (file.reader, file.writer) == (5, None)
    target = parked.Target.from_json({"path": "/bin/x", "pid": None})
    assert (target.executable, target.pid) == ("/bin/x", 0)
    assert parked.Timer.from_json({"period_ns": None}).period_ns == 0
    assert parked.WayStep.from_json({"field": ".done"}).field_name == ".done"
    assert parked.Document.from_json({"schema": "parked/1"}).version == "parked/1"


def test_every_member_of_the_schema_is_an_attribute(schema: dict[str, Any]) -> None:
    """Of the objects with a name; a kept name may stand for another attribute."""
    for name, node in schema["$defs"].items():
        kind = getattr(parked, node.get("title") or re.sub(r"(^|_)(.)", up, name), None)
        if kind is None or "properties" not in node:
            continue
        for member, value in node["properties"].items():
            if value.get("description") != "only in JSON lines":
                assert hasattr(kind.from_json({}), member), f"{name}.{member}"


def up(match: re.Match[str]) -> str:
    return match[2].upper()
