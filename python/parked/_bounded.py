"""Makes a JSON value small enough for whoever reads it, and tells what was left out."""

from __future__ import annotations

import json
from typing import Any

#: Elements of a list and characters of a text, from the most on; the first that fit are taken.
_STEPS = ((100, 4000), (40, 2000), (20, 1000), (10, 500), (5, 200), (2, 100), (1, 60))
#: How many cuts are named.
_NAMED = 20


class _BeginningOfList(list[Any]):
    total = 0


class _BeginningOfText(str):
    total = 0


def shortened(value: Any) -> Any:
    """``value`` without what :func:`bounded` would leave out in any case, which is not lost to its
    counts. For values that come one by one and are kept."""
    items, characters = _STEPS[0]
    if isinstance(value, dict):
        return {key: shortened(member) for key, member in value.items()}
    if isinstance(value, list):
        beginning = _BeginningOfList(map(shortened, value[:items]))
        beginning.total = len(value)
        return beginning
    if isinstance(value, str) and len(value) > characters:
        text = _BeginningOfText(value[:characters])
        text.total = len(value)
        return text
    return value


def bounded(value: dict[str, Any], most: int) -> tuple[dict[str, Any], list[str]]:
    """``value`` with lists and texts cut until its JSON has ``most`` characters, and what was cut:
    "groups[0].goroutines: 10 of 1200".

    Lists keep their beginning. What is too large even so is the last try.
    """
    made: dict[str, Any] = {}
    cuts: list[str] = []
    for items, characters in _STEPS:
        cuts = []
        made = _cut(value, "", items, characters, cuts)
        if len(json.dumps(made)) <= most:
            break
    if len(cuts) > _NAMED:
        cuts = [*cuts[:_NAMED], f"and {len(cuts) - _NAMED} more"]
    return made, cuts


def _cut(value: Any, path: str, items: int, characters: int, cuts: list[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: _cut(member, f"{path}.{key}" if path else key, items, characters, cuts)
            for key, member in value.items()
        }
    if isinstance(value, list):
        total = value.total if isinstance(value, _BeginningOfList) else len(value)
        if total > items:
            cuts.append(f"{path}: {items} of {total}")
        return [
            _cut(member, f"{path}[{i}]", items, characters, cuts)
            for i, member in enumerate(value[:items])
        ]
    if isinstance(value, str):
        total = value.total if isinstance(value, _BeginningOfText) else len(value)
        if total > characters:
            cuts.append(f"{path}: {characters} of {total} characters")
        return str(value[:characters])
    return value
