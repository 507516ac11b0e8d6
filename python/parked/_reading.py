"""How the classes of document.py read a JSON object.

Values are read with tolerance: a member that is absent, null, or of another kind than expected
takes its empty value, and members that are not known stay reachable through ``raw``. So the package
reads documents of older and of newer versions of the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Callable, TypeVar

Json = Mapping[str, Any]
T = TypeVar("T")
R = TypeVar("R", bound="Record")
Reader = Callable[[Any], T]


def member(read: Reader[T], name: str = "") -> Any:
    """A field of a record: how it is read, and its name in JSON if that is another one."""
    return field(default_factory=lambda: read(None), metadata={"read": read, "name": name})


_known: dict[type, tuple[tuple[str, str, Reader[Any]], ...]] = {}


def _members(record: type[Record]) -> tuple[tuple[str, str, Reader[Any]], ...]:
    """Attribute, name in JSON and reader of each field; looked up once for a class."""
    if record not in _known:
        _known[record] = tuple(
            (item.name, item.metadata["name"] or item.name, item.metadata["read"])
            for item in fields(record)
            if "read" in item.metadata
        )
    return _known[record]


@dataclass(frozen=True)
class Record:
    """An object of the document."""

    raw: Json = field(default_factory=dict, repr=False, compare=False)
    """The JSON object that it was made from, with all its members."""

    @classmethod
    def from_json(cls: type[R], data: Json) -> R:
        """Reads a JSON object, as ``json.loads`` returns it."""
        values = {attribute: read(data.get(name)) for attribute, name, read in _members(cls)}
        return cls(raw=data, **values)


def text(value: object) -> str:
    return value if isinstance(value, str) else ""


def flag(value: object) -> bool:
    return value is True


def maybe_flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def maybe_number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: object) -> int:
    return maybe_number(value) or 0


def maybe_address(value: object) -> int | None:
    """Addresses are hex strings: JSON numbers lose bits above 2^53."""
    try:
        return int(value, 16) if isinstance(value, str) else None
    except ValueError:
        return None


def address(value: object) -> int:
    return maybe_address(value) or 0


def texts_by_name(value: object) -> Mapping[str, str]:
    return value if isinstance(value, dict) else {}


def many(read: Reader[T]) -> Reader[tuple[T, ...]]:
    """A list, each of whose elements ``read`` reads."""

    def elements(value: object) -> tuple[T, ...]:
        return tuple(map(read, value)) if isinstance(value, list) else ()

    return elements


def record(kind: type[R]) -> Reader[R]:
    """An object that is always there."""

    def always(value: object) -> R:
        return kind.from_json(value if isinstance(value, dict) else {})

    return always


def maybe_record(kind: type[R]) -> Reader[R | None]:
    """An object, or None."""

    def perhaps(value: object) -> R | None:
        return kind.from_json(value) if isinstance(value, dict) else None

    return perhaps
