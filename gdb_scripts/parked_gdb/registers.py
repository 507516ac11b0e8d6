"""How gdb calls the registers that parked asks for: the names are the core's."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import gdb
from parked import _parked


@dataclass(frozen=True)
class Names:
    """Of one architecture; `link` is empty where calls push the return address."""

    pc: str
    sp: str
    frame_pointer: str
    link: str
    # Prefix, count, the members that lead to the words, how many words: the widest first.
    vectors: tuple[tuple[str, int, str, int], ...]


@functools.cache
def of(architecture: gdb.Architecture) -> Names:
    """Raises gdb.error for an architecture that parked does not read."""
    names = _parked.register_names(architecture.name())
    if names is None:
        raise gdb.error(f"parked reads no {architecture.name()} programs")
    pc, sp, frame_pointer, link, vectors = names
    return Names(pc, sp, frame_pointer, link, tuple(vectors))
