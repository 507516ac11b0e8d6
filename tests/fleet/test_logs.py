"""A crash log is found within what loggers put around each line, and between other lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from support.fleet import Profiled

START = datetime(2026, 11, 28, 3, 59, 58, 900_000, tzinfo=timezone.utc)
Wrap = Callable[[list[str]], Iterator[str]]


def moments() -> Iterator[datetime]:
    """A line each 1,234 microseconds."""
    now = START
    while True:
        yield now
        now += timedelta(microseconds=1234)


def docker(lines: list[str]) -> Iterator[str]:
    for line, now in zip(lines, moments()):
        yield json.dumps({"log": line + "\n", "stream": "stderr", "time": now.isoformat()})


def cri(lines: list[str]) -> Iterator[str]:
    """Long lines come in parts."""
    for line, now in zip(lines, moments()):
        for part in (line[:40], line[40:]) if len(line) > 40 else (line,):
            kind = "P" if part == line[:40] and len(line) > 40 else "F"
            yield f"{now.isoformat()} stderr {kind} {part}"


def syslog(lines: list[str]) -> Iterator[str]:
    """rsyslog writes tabs as #011, and another program writes, too."""
    for number, (line, now) in enumerate(zip(lines, moments())):
        prefix = f"{now:%b %d %H:%M:%S} web-7 shop[4711]: "
        if number % 7 == 3:
            yield f"{now:%b %d %H:%M:%S} web-7 cron[99]: goroutine of another kind:"
        yield prefix + line.replace("\t", "#011")


def journald(lines: list[str]) -> Iterator[str]:
    for line, now in zip(lines, moments()):
        yield f"{now:%Y-%m-%dT%H:%M:%S.%f%z} web-7 shop[4711]: {line}".rstrip()


def klog(lines: list[str]) -> Iterator[str]:
    for line, now in zip(lines, moments()):
        yield f"E{now:%m%d %H:%M:%S.%f}    4711 panic.go:115] {line}"


def kubetail(lines: list[str]) -> Iterator[str]:
    """Lines of two pods; tabs have become blanks."""
    for line in lines:
        yield f"[shop-7d4b9-x2x1p] {line}".replace("\t", "    ").rstrip()
        yield "[shop-7d4b9-q8q7z] level=info msg=served"


def cloud(lines: list[str]) -> Iterator[str]:
    """The whole traceback as one text."""
    yield json.dumps({"severity": "INFO", "textPayload": "serving"})
    yield json.dumps({"severity": "ERROR", "textPayload": "\n".join(lines)})


def plain(lines: list[str]) -> Iterator[str]:
    yield "2026/11/28 03:59:58 serving\r"
    yield from (line + "\r" for line in lines)


WRAPS = [docker, cri, syslog, journald, klog, kubetail, cloud, plain]


def said(path: Path) -> list[tuple[object, ...]]:
    from parked.fleet.kinds import kind_of
    from parked.fleet.text_groups import Judge

    kind = kind_of(path.read_bytes()[:65536])
    assert kind is not None and kind.name == "crash_log"
    found = kind.read(path, Judge())
    assert not found.missing and found.target["death"].startswith("panic: told to")
    return sorted(
        (g.fingerprint, g.function, g.file, g.line, g.reason, g.created_by, g.count)
        for g in found.groups
    )


@pytest.mark.parametrize("wrap", WRAPS, ids=lambda wrap: wrap.__name__)
def test_wrapped(service: Callable[[str], Profiled], wrap: Wrap, tmp_path: Path) -> None:
    text = service("1.27").log.read_text()
    lines = text[text.index("panic: ") :].splitlines()
    log = tmp_path / "log"
    log.write_text("\n".join(wrap(["serving", *lines, "", "restarted"])) + "\n")
    assert said(log) == said(service("1.27").log)


def test_of_a_crash_loop_the_last(service: Callable[[str], Profiled], tmp_path: Path) -> None:
    from parked.fleet.kinds import kind_of
    from parked.fleet.text_groups import Judge

    text = service("1.27").log.read_text()
    earlier = text.replace("told to", "told to before").replace("goroutine 1 [", "goroutine 9999 [")
    log = tmp_path / "log"
    log.write_text(earlier + "\nrestarted\n" + text)
    kind = kind_of(log.read_bytes()[:65536])
    assert kind is not None
    found = kind.read(log, Judge())
    assert found.target["death"] == "panic: told to"
    assert found.target["earlier_dumps"] == 1
    assert found.target["goroutines"] == 36


@pytest.mark.parametrize(
    "line",
    [
        "goroutine profile says: 5 [running]:",
        "goroutine 5 [chan send]",
        "goroutine x [chan send]:",
        "goroutine 99999999999999999999 [chan send]:",
        "goroutine 5 [chan send] is stuck:",
        "goroutine 5 []:",
    ],
)
def test_what_only_looks_like_one(line: str, tmp_path: Path) -> None:
    from parked.fleet.kinds import UnknownKindError, kind_of
    from parked.fleet.text_groups import Judge

    log = tmp_path / "log"
    log.write_text(f"serving\n{line}\nmain.f(0x1)\n\t/src/main.go:7 +0x1d\n\n")
    kind = kind_of(log.read_bytes())
    assert kind is not None
    with pytest.raises(UnknownKindError, match="without a traceback"):
        kind.read(log, Judge())


def test_hostile_lines_cost_little(tmp_path: Path) -> None:
    """Each of these would take hours if what is looked at grew with the square of the line."""
    from parked.fleet.kinds import UnknownKindError, kind_of
    from parked.fleet.text_groups import Judge

    log = tmp_path / "log"
    lines = ["goroutine 1 [a labels:{" * 40_000, "(" * 900_000 + ")" * 900_000]
    lines += ['{"log":' + "[" * 200_000, "x goroutine 1 [" * 60_000 + ":", "1" * 1_000_000]
    log.write_text("\n".join(["serving", *lines, ""]))
    kind = kind_of(log.read_bytes()[:65536])
    assert kind is not None
    with pytest.raises(UnknownKindError):
        kind.read(log, Judge())
