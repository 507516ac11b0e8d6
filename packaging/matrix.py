#!/usr/bin/env python3
"""Writes the table of what ran where into docs/support.md, of dist/ran.json, which
`scripts/package check` leaves."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN = "<!-- made by packaging/matrix.py of what scripts/package check saw -->"
END = "<!-- until here -->"


def table(rows: list[tuple[str, str, str]]) -> str:
    lines = ["| package | where | what was seen |", "|---|---|---|"]
    lines += [f"| {package} | {where} | {what} |" for package, where, what in sorted(rows)]
    return "\n".join(lines)


def main() -> None:
    rows = [tuple(row) for row in json.loads((ROOT / "dist/ran.json").read_text())]
    page = ROOT / "docs/support.md"
    text = page.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n\n{table(rows)}\n\n{END}{after}")


if __name__ == "__main__":
    main()
