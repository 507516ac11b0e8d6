"""Names of Go's functions: the package of one, and what of it stays from build to build.

Mirrors ``stableFunction`` of core/leak/fingerprint.cpp: both give the same digits
(docs/fingerprints.md).
"""

from __future__ import annotations

import re
from functools import lru_cache

_FNV_OFFSET = 0xCBF29CE484222325
_FNV_PRIME = 0x100000001B3
_CLOSURE = re.compile(r"(?:func)?[0-9]+")
_WRAPPER = re.compile(r"(?:gowrap|deferwrap)[0-9]+")
_VERSION = re.compile(r"v[0-9]+")
_SUFFIX = re.compile(r"([^-]+)-(?:fm|range[0-9]+)")


def fingerprint(*parts: str) -> str:
    """FNV-1a over ``parts``, each closed by a zero byte, as 16 hexadecimal digits."""
    value = _FNV_OFFSET
    for part in parts:
        for byte in part.encode("utf-8", "surrogateescape"):
            value = (value ^ byte) * _FNV_PRIME & 0xFFFFFFFFFFFFFFFF
        value = value * _FNV_PRIME & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def _dot_behind_package(function: str) -> int:
    """Index of the dot behind the import path; -1: there is none."""
    brackets = [at for at in (function.find("["), function.find("(")) if at >= 0]
    end = min(brackets, default=len(function))
    slash = function.rfind("/", 0, end)
    return function.find(".", max(slash, 0))


def package_of(function: str) -> str:
    """The import path as the linker writes it; empty if the name has none."""
    dot = _dot_behind_package(function)
    return function[:dot] if dot > 0 else ""


def _segments(name: str) -> list[str]:
    """What dots separate, none of which are in brackets: ``(*T[...])``, ``run``, ``func1``."""
    segments, begin, depth = [], 0, 0
    for at, character in enumerate(name):
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "." and depth <= 0:
            segments.append(name[begin:at])
            begin = at + 1
    segments.append(name[begin:])
    return segments


def _without_versions(path: str) -> str:
    first, *others = path.split("/")
    return "/".join([first, *(each for each in others if not _VERSION.fullmatch(each))])


def _without_suffix(segment: str) -> str:
    found = _SUFFIX.fullmatch(segment)
    return found[1] if found else segment


@lru_cache(maxsize=65536)
def stable_function(function: str) -> str:
    """A function as its author would name it, without what the compiler numbers."""
    dot = _dot_behind_package(function)
    if dot < 0 or dot + 1 == len(function):
        return function
    segments = [_without_suffix(each) for each in _segments(function[dot + 1 :])]
    segments = [each for each in segments if not _WRAPPER.fullmatch(each)]
    closures = [at for at, each in enumerate(segments) if _CLOSURE.fullmatch(each)]
    if not segments or closures[:1] == [0]:
        return function
    owner = 0
    if closures:
        # "main.run.func1" inlined is "main.caller.run.func1": the name in front of the closures
        # is its.
        owner = len(segments) - 1
        while _CLOSURE.fullmatch(segments[owner]):
            owner -= 1
        if owner > 0 and segments[owner - 1].startswith("("):
            owner -= 1
    out = _without_versions(function[:dot])
    for each in segments[owner:]:
        # Closures of package variables are "glob..func1" until Go 1.20, and "init.func1" since.
        name = each or "init"
        out += ".func" if _CLOSURE.fullmatch(name) else f".{name}"
    return out


def group_fingerprint(creator: str, function: str, wait: str) -> str:
    """Of goroutines made by ``creator`` that are in ``function`` and wait so; empty: not known."""
    return fingerprint("group", stable_function(creator), stable_function(function), wait)
