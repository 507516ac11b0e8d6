"""Finds inputs: files, folders, patterns and archives of any store that fsspec knows."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

#: A file of this name beside an input says more about it.
LABELS_SUFFIX = ".labels.json"
_MOST_MEMBERS = 1_000_000


class InputsError(ValueError):
    """There is nothing at a place that was named; says why."""


@dataclass(frozen=True)
class Input:
    """One input, not looked at yet."""

    #: As fsspec takes it; of this machine a path.
    url: str
    #: Bytes, as stored; None: the store does not say.
    size: int | None = None
    #: What the store says of the content: a checksum, or when it was written.
    version: str = ""
    #: When it was written, ISO 8601.
    modified: str | None = None
    #: What its path says, by name (``--path-pattern``).
    fields: Mapping[str, str] = field(default_factory=dict)
    #: The file of labels beside it.
    labels: str | None = None

    def key(self, version: str) -> str:
        """Names the input and the ``version`` of what looks at it; a new content has another."""
        parts = json.dumps([self.url, self.size, self.version, version])
        return hashlib.sha256(parts.encode("utf-8", "surrogateescape")).hexdigest()


class PathPattern:
    """``{service}/{host}/*.core.zst``: what parts of a path say. It is held against the end."""

    def __init__(self, pattern: str) -> None:
        out, names = "", list[str]()
        for word in re.findall(r"\{\w+\}|\*\*|\*|[^{*]+|\{", pattern):
            if re.fullmatch(r"\{\w+\}", word):
                names.append(word[1:-1])
                out += f"(?P<{word[1:-1]}>[^/]+?)"
            else:
                out += {"**": ".*", "*": "[^/]*"}.get(word, re.escape(word))
        if len(set(names)) != len(names):
            raise InputsError(f"{pattern}: a name stands there twice")
        try:
            self._expression = re.compile(f"(?:^|/){out}$")
        except re.error as error:
            raise InputsError(f"{pattern}: {error}")

    def fields(self, url: str) -> dict[str, str]:
        """Empty: the path has another form."""
        found = self._expression.search(url)
        return found.groupdict() if found else {}


def _version(info: Mapping[str, Any]) -> tuple[str, str | None]:
    """What tells a content from the one before, and when it was written."""
    from datetime import datetime, timezone

    modified = next(
        (info[name] for name in ("LastModified", "mtime", "updated", "created") if info.get(name)),
        None,
    )
    if isinstance(modified, (int, float)):
        modified = datetime.fromtimestamp(modified, timezone.utc)
    told = next((info[name] for name in ("ETag", "etag", "md5Hash", "crc32c") if name in info), "")
    written = modified.isoformat() if isinstance(modified, datetime) else str(modified or "")
    return f"{told} {written}", written if isinstance(modified, datetime) else None


def _is_remote(source: str) -> bool:
    return "://" in source or "::" in source


def _is_plain_http(source: str) -> bool:
    """Servers of HTTP have no folders, and tell less of what they have."""
    return source.startswith(("http://", "https://")) and not set("*?[") & set(source)


def _info_or_nothing(filesystem: Any, path: str) -> Mapping[str, Any]:
    """What a server says of a file; of one that does not answer now the worker will tell."""
    try:
        info: Mapping[str, Any] = filesystem.info(path)
    except FileNotFoundError:
        raise
    except Exception:  # each store has errors of its own
        return {}
    return info


def _files(source: str) -> dict[str, Mapping[str, Any]]:
    """What is at ``source``, by URL, with what the store says of each."""
    import fsspec

    try:
        filesystem, path = fsspec.core.url_to_fs(source)
        if _is_plain_http(source):
            return {source: _info_or_nothing(filesystem, path)}
        if any(character in path for character in "*?["):
            found = filesystem.glob(path, detail=True)
        elif filesystem.isdir(path):
            found = filesystem.find(path, detail=True)
        else:
            found = {path: filesystem.info(path)}
    except FileNotFoundError:
        raise InputsError(f"{source} is not there")
    except ImportError as error:
        raise InputsError(f"{source}: {error}")
    except Exception as error:  # each store has errors of its own
        raise InputsError(f"{source}: {type(error).__name__}: {error}"[:1000])
    if not found:
        raise InputsError(f"there is nothing at {source}")
    name = filesystem.unstrip_protocol if _is_remote(source) else str
    return {name(path): info for path, info in found.items() if info.get("type") != "directory"}


def _members(url: str) -> dict[str, Mapping[str, Any]]:
    """Files in a zip archive."""
    archive = url if _is_remote(url) else f"file://{url}"
    found = _files(f"zip://::{archive}")
    if len(found) > _MOST_MEMBERS:
        raise InputsError(f"{url} has more than {_MOST_MEMBERS:,} files")
    return {f"{name}::{archive}" if "::" not in name else name: at for name, at in found.items()}


def _expanded(found: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for url, info in sorted(found.items()):
        if url.endswith(".zip") and not url.startswith("zip://"):
            version = _version(info)[0]
            for member, of_member in sorted(_members(url).items()):
                yield member, {**of_member, "ETag": f"{version} {of_member.get('CRC', '')}"}
        else:
            yield url, info


def find_inputs(sources: Sequence[str], pattern: PathPattern | None = None) -> Iterator[Input]:
    """What is at ``sources``: files, folders with all that is below them, patterns, archives.

    Raises InputsError where there is nothing.
    """
    seen: set[str] = set()
    for source in sources:
        found = dict(_expanded(_files(source)))
        for url, info in found.items():
            name, chained, archive = url.partition("::")
            if url in seen or name.endswith(LABELS_SUFFIX):
                continue
            seen.add(url)
            version, modified = _version(info)
            labels = f"{name}{LABELS_SUFFIX}{chained}{archive}"
            yield Input(
                url=url,
                size=info.get("size"),
                version=version,
                modified=modified,
                fields=pattern.fields(name) if pattern else {},
                labels=labels if labels in found else None,
            )


def without(inputs: Iterable[Input], folder: str) -> Iterator[Input]:
    """Those that are not below ``folder``, where the results go."""
    below = folder.rstrip("/") + "/"
    return (each for each in inputs if not each.url.startswith(below))
