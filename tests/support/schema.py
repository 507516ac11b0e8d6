"""The schema of the JSON documents, to check what is written against."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from support.paths import ROOT

SCHEMA = json.loads((ROOT / "docs/schema/parked-1.schema.json").read_text())

# Of the documents that --json writes, and of the lines of --jsonl.
VALIDATOR = Draft202012Validator(SCHEMA)

LINE_VALIDATOR = Draft202012Validator({"$ref": "#/$defs/line", "$defs": SCHEMA["$defs"]})
