"""Where two documents differ: pytest cuts large ones short."""

from __future__ import annotations

from collections.abc import Iterator


def differences(one: object, other: object, path: str = "") -> Iterator[str]:
    """A line for each value that differs, after where it is: "goroutines[3].verdict: …"."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            yield from differences(one.get(name), other.get(name), f"{path}.{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from differences(a, b, f"{path}[{i}]")
    elif one != other:
        yield f"{path}: {one!r:.200} and {other!r:.200}"
