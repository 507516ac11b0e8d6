"""Lines of a program's output as they were before a logger put something around them.

Takes off what container runtimes and shippers add: JSON objects with the line as a string (docker's
json-file, Kubernetes, Loki, Cloud Logging), CRI's "time stdout F ", and any prefix that stands in
front of a goroutine's header and, but for its time, of the lines that follow (syslog, journald,
klog). Lines of others in between are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from .traceback import DEATH, HEADER

#: Members of a JSON object that have the line, by the logger: docker, Kubernetes, journald, …
_MEMBERS = ("log", "message", "msg", "MESSAGE", "textPayload", "line", "body", "_raw")
_MOST_JSON = 4 * 1024 * 1024
_CRI = re.compile(r"\S+ (?:stdout|stderr) ([FP])(?::\S+)? (.*)", re.DOTALL)
_ANYWHERE = re.compile(HEADER.pattern + r"\s*$")
_DEATH_ANYWHERE = re.compile(r"(?:^|(?<=[\s:|\]]))(?:" + DEATH.pattern[1:-1] + ")")
#: A word with the time in it, which is another on each line.
_TIME = re.compile(r"[^\s\]\[)(|]*[0-9][^\s\]\[)(|]*")


def _is_time(word: str) -> bool:
    return sum(character.isdigit() for character in word) >= 6


def prefix_pattern(prefix: str) -> re.Pattern[str]:
    """What the prefix of other lines looks like: the same but for digits of words with a time."""
    pattern, at = "", 0
    for word in _TIME.finditer(prefix):
        if _is_time(word[0]):
            pattern += re.escape(prefix[at : word.start()])
            pattern += re.sub(r"[0-9]+", "[0-9]+", re.escape(word[0]))
            at = word.end()
    return re.compile(pattern + re.escape(prefix[at:]))


def _text_of_json(line: str) -> str | None:
    """The line in a JSON object of a logger; None: it is none."""
    if not line.startswith("{") or len(line) > _MOST_JSON:
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    texts = (found.get(name) for name in _MEMBERS) if isinstance(found, dict) else ()
    return next((text for text in texts if isinstance(text, str)), None)


def unwrapped(lines: Iterable[str]) -> Iterator[str]:
    """``lines`` without JSON and CRI around them; parts of one line are joined."""
    rest = ""
    for line in lines:
        text = _text_of_json(line)
        if text is not None:
            rest += text
            # docker cuts lines at 16 KB: one that goes on has no line end, others keep theirs.
            if '"log"' in line[:32] and not text.endswith("\n") and len(text) >= 16 * 1024:
                continue
            yield from rest.removesuffix("\n").split("\n")
            rest = ""
            continue
        cri = _CRI.fullmatch(line)
        if cri:
            rest += cri[2]
            if cri[1] == "F":
                yield rest
                rest = ""
            continue
        yield line
    if rest:
        yield rest


def _tabs(line: str) -> str:
    """syslog daemons write control characters as ``#011``."""
    for written in ("#011", "\\t", "        ", "    "):
        if line.startswith(written):
            return "\t" + line[len(written) :]
    return line


class _Prefixed:
    """What follows a header with a prefix, as far as it has the same one."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._pattern = prefix_pattern(prefix)
        self._trimmed = prefix_pattern(prefix.rstrip())

    def strip(self, line: str) -> str | None:
        found = self._pattern.match(line)
        if found:
            return _tabs(line[found.end() :])
        return "" if self._trimmed.fullmatch(line.rstrip()) else None


def plain_lines(lines: Iterable[str]) -> Iterator[str]:
    """What Go's runtime printed, of ``lines`` that loggers may have wrapped."""
    prefixed: _Prefixed | None = None
    for line in unwrapped(lines):
        line = line.rstrip("\r")
        if "goroutine " in line and line.rstrip().endswith(":"):
            header = _ANYWHERE.search(line)
            if header and (prefixed is None or prefixed.strip(line) is None):
                prefix = line[: header.start()]
                prefixed = _Prefixed(prefix) if prefix else None
        elif prefixed is None:
            # Why it died stands in front of the first header, with the same prefix.
            death = _DEATH_ANYWHERE.search(line)
            yield line[death.start() :] if death else line
            continue
        if prefixed is None:
            yield line
            continue
        text = prefixed.strip(line)
        if text is not None:
            yield text.rstrip() if HEADER.match(text) else text
