"""A report of a fleet as text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from .fleet_report import FleetReport, Leak, sentence
from .states import State

#: Leaks that are shown, unless all are asked for.
FIRST = 20
_BLOCKS = "▁▂▃▄▅▆▇█"


def visible(text: str | None) -> str:
    """Without what a terminal would obey; names come from the programs that are looked at."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text or ""
    )


def size(count: int | None) -> str:
    """Bytes in the unit that fits."""
    if count is None:
        return "?"
    value, unit = float(count), "bytes"
    for unit in ("bytes", "KB", "MB", "GB", "TB"):
        if value < 1024 or unit == "TB":
            break
        value /= 1024
    return f"{value:.1f} {unit}" if value < 10 and unit != "bytes" else f"{value:,.0f} {unit}"


def many(count: int, noun: str) -> str:
    """``3 hosts``, ``1 host``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def build_name(build: str) -> str:
    """As much of a build id as tells it from others."""
    if not build:
        return "a build that is not known"
    return visible(build if len(build) <= 20 else build[:19] + "…")


def signed(value: float) -> str:
    """With its sign, as exact as it is worth."""
    if abs(value) < 0.05:
        return "0"
    return f"{value:+.1f}" if abs(value) < 10 else f"{value:+,.0f}"


def spark(series: tuple[float | None, ...]) -> str:
    """A line of blocks; where nothing was looked at, a blank."""
    most = max((value for value in series if value is not None), default=0.0)
    if not most:
        return ""
    return "".join(
        " " if value is None else _BLOCKS[round(value / most * 7)] for value in series
    ).strip()


def _growth(leak: Leak) -> str:
    parts = []
    if leak.growth_per_day is not None:
        parts.append(f"{signed(leak.growth_per_day)} a day")
    if leak.growth_per_uptime_hour is not None:
        parts.append(f"{signed(leak.growth_per_uptime_hour)} an hour of uptime")
    return ", ".join(parts)


def past_text(leak: Leak) -> str:
    """When a leak came and went."""
    past = leak.past
    parts = [f"since {past.first_seen:%Y-%m-%d} in build {build_name(past.first_build)}"]
    if past.back_in:
        parts.append(f"gone, and back in {build_name(past.back_in)}")
    if past.fixed_in:
        still = f", still on {many(leak.hosts, 'host')} with older builds" * bool(leak.hosts)
        parts.append(f"fixed in {build_name(past.fixed_in)}{still}")
    elif past.last_build != past.first_build:
        parts.append(f"last in {build_name(past.last_build)} on {leak.last_seen:%Y-%m-%d}")
    return "; ".join(parts) + (f" ({past.note})" if past.note else "")


def what(leak: Leak) -> str:
    """What a leak is, in a few words."""
    return visible(leak.function or leak.title or leak.reason or leak.fingerprint)


def now_text(leak: Leak) -> str:
    """Where and how large a leak is at the last look at each host."""
    if not leak.hosts:
        return "on no host now"
    kept = "retention not known" if leak.retained_bytes is None else size(leak.retained_bytes)
    return f"{many(leak.hosts, 'host')}, {many(leak.goroutines, 'goroutine')}, {kept}"


def _leak_lines(leak: Leak) -> Iterator[str]:
    where = f"  {visible(leak.file)}:{leak.line}" if leak.file else ""
    head = now_text(leak)
    yield f"{str(leak.state).upper():<9}  {leak.verdict:<7}  {visible(leak.program)}  {head}"
    yield f"           at         {what(leak)}{where}"
    if leak.created_by:
        yield f"           created by {visible(leak.created_by)}"
    if leak.rule:
        yield f"           {leak.rule:<10} {visible(leak.title)}: {visible(leak.fix)}"
    yield f"           history    {past_text(leak)}"
    if growth := _growth(leak):
        yield f"           grows      {growth}  {spark(leak.series)}"
    if leak.owners:
        yield f"           owner      {visible(' '.join(leak.owners))}"
    for one in leak.contrast:
        yield f"           unusual    {visible(sentence(one))}"
    yield f"           id         {visible(leak.fingerprint)}"


def _head(report: FleetReport) -> Iterator[str]:
    yield f"window      {report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"
    for program in report.programs:
        told = [f"{many(program.targets, 'target')} of {many(program.hosts, 'host')}"]
        told += [many(len(program.builds), "build")] * bool(program.builds)
        told += [f"{program.incomplete:,} incomplete"] * bool(program.incomplete)
        told += [f"{program.failed:,} failed"] * bool(program.failed)
        yield f"program     {visible(program.name) or '(not known)'}: {', '.join(told)}"
    counts = [f"{len(report.having(state))} {state}" for state in State]
    yield f"leaks       {', '.join(counts)}"
    for warning in report.warnings:
        yield f"note        {visible(warning)}"
    for each in report.incomplete:
        yield f"incomplete: {visible(each)}"


def text_lines(report: FleetReport, everything: bool = False) -> Iterator[str]:
    """The lines of the report."""
    yield from _head(report)
    shown = report.leaks if everything else report.leaks[:FIRST]
    for leak in shown:
        yield ""
        yield from _leak_lines(leak)
    if len(shown) < len(report.leaks):
        yield ""
        yield f"{len(report.leaks) - len(shown)} more leaks: --all"
    if report.problems:
        yield ""
        yield "targets that could not be read, the latest:"
        for each in report.problems[:5]:
            yield f"  {each.status:<10}  {visible(each.source)}  {visible(each.problem)}"
