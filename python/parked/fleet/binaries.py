"""Finds executables by build id: folders of builds, and the layout of debuginfod."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .build_ids import ET_DYN, ET_EXEC, BuildIds, build_ids, elf_kind, reader_of
from .inputs import find_inputs

# "<gnu build id>/executable" of debuginfod, and ".build-id/ab/cdef" of debuggers.
_DEBUGINFOD = re.compile(r"(?:^|/)([0-9a-f]{8,128})/executable$")
_BUILD_ID = re.compile(r"(?:^|/)\.build-id/([0-9a-f]{2})/([0-9a-f]{6,126})$")
#: Bytes from an executable's beginning that have its build ids.
_HEAD = 16 * 1024

#: URL of an executable, by build id: Go's, and the GNU one in hexadecimal.
Index = Mapping[str, str]


def _named(url: str) -> str | None:
    """The GNU build id that a path names."""
    found = _DEBUGINFOD.search(url)
    if found:
        return found[1]
    found = _BUILD_ID.search(url)
    return found[1] + found[2] if found else None


def _ids_at(url: str) -> BuildIds | None:
    """Of the executable at ``url``; None: it is none."""
    import io

    import fsspec

    with fsspec.open(url, "rb") as file:
        head = file.read(_HEAD)
        if elf_kind(head) not in (ET_EXEC, ET_DYN):
            return None
        return build_ids(reader_of(io.BytesIO(head)))


def index_of(places: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Executables at ``places`` by build id, and what could not be read there, a sentence each.

    Raises InputsError where there is nothing.
    """
    found: dict[str, str] = {}
    problems: list[str] = []
    for place in places:
        for each in find_inputs([place]):
            named = _named(each.url)
            if named:
                found.setdefault(named, each.url)
                continue
            try:
                ids = _ids_at(each.url)
            except Exception as error:  # each store has errors of its own
                problems.append(f"{each.url}: {type(error).__name__}: {error}"[:300])
                continue
            for one in ids or ():
                if one:
                    found.setdefault(one, each.url)
    return found, problems


def find(index: Index, ids: Mapping[str, Any]) -> str | None:
    """URL of the executable with one of these build ids, as ``fetch`` tells them."""
    for name in ("go", "gnu"):
        url = index.get(ids.get(name) or "")
        if url:
            return url
    return None
