"""A report of a fleet for a chat, a pull request and a dashboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .fleet_report import FleetReport, Leak, sentence
from .states import State
from .text_report import many, now_text, past_text, visible, what

#: Leaks that a message tells of.
FIRST = 10
#: Slack takes at most 3,000 characters of a section, and 50 blocks.
SLACK_MOST = 2900
_MARKS = {
    State.NEW: "new",
    State.CAME_BACK: "came back",
    State.KNOWN: "known",
    State.FIXED: "fixed",
}


def _headline(report: FleetReport) -> str:
    counts = [(state, len(report.having(state))) for state in State]
    told = ", ".join(f"{count} {state}" for state, count in counts if count) or "none"
    targets = sum(program.targets for program in report.programs)
    return f"Goroutine leaks: {told}; {many(targets, 'target')} looked at"


def markdown_text(text: str | None) -> str:
    """Text in which nothing means anything to Markdown, and nothing ends a cell of a table."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~@&:$^=])", r"\\\1", visible(text))


def markdown_lines(report: FleetReport) -> Iterator[str]:
    """GitHub's Markdown: a table of the first leaks, and what is unusual about those that leak."""
    yield f"**{markdown_text(_headline(report))}**"
    yield ""
    for each in report.incomplete:
        yield f"- incomplete: {markdown_text(each)}"
    for warning in report.warnings:
        yield f"- {markdown_text(warning)}"
    shown = [leak for leak in report.leaks if leak.state is not State.FIXED][:FIRST]
    if shown:
        yield ""
        yield "| state | verdict | program | at | now | owner |"
        yield "|---|---|---|---|---|---|"
    for leak in shown:
        cells = [leak.program, what(leak), now_text(leak), " ".join(leak.owners)]
        texts = " | ".join(map(markdown_text, cells))
        yield f"| {leak.state} | {leak.verdict} | {texts} |"
    unusual = [(leak, leak.contrast[0]) for leak in shown if leak.contrast]
    if unusual:
        yield ""
        yield "What is unusual about those that leak:"
        yield ""
    for leak, one in unusual:
        yield f"- {markdown_text(what(leak))}: {markdown_text(sentence(one))}"
    for leak in report.having(State.FIXED)[:FIRST]:
        yield f"- fixed: {markdown_text(what(leak))}, {markdown_text(past_text(leak))}"


def slack_text(text: str) -> str:
    """Text of Slack's markup: these three alone mean something in what is sent."""
    text = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("`", "'")


def _slack_leak(leak: Leak) -> str:
    lines = [
        f"*{leak.state}* {leak.verdict} {slack_text(leak.program)}: `{slack_text(what(leak))}`",
        slack_text(f"{now_text(leak)}; {past_text(leak)}"),
    ]
    lines += [slack_text(" ".join(leak.owners))] * bool(leak.owners)
    lines += [f"unusual: {slack_text(sentence(one))}" for one in leak.contrast[:1]]
    return "\n".join(lines)[:SLACK_MOST]


def slack_message(report: FleetReport) -> str:
    """JSON for an incoming webhook of Slack: new leaks first."""
    order = {State.NEW: 0, State.CAME_BACK: 1, State.KNOWN: 2, State.FIXED: 3}
    shown = sorted(report.leaks, key=lambda leak: order[leak.state])[:FIRST]
    texts = [f"*{slack_text(_headline(report))}*"]
    texts += [f"incomplete: {slack_text(each)}"[:SLACK_MOST] for each in report.incomplete[:5]]
    texts += [_slack_leak(leak) for leak in shown]
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text}} for text in texts]
    return json.dumps({"text": slack_text(_headline(report)), "blocks": blocks})


def openmetrics(report: FleetReport) -> str:
    """OpenMetrics 1.0: gauges of the fleet, and of each leak but those that are fixed and gone."""
    from prometheus_client import CollectorRegistry, Gauge
    from prometheus_client.openmetrics.exposition import generate_latest

    registry = CollectorRegistry()

    def gauge(name: str, text: str, labels: tuple[str, ...]) -> Gauge:
        return Gauge(f"parked_fleet_{name}", text, labels, registry=registry)

    targets = gauge("targets", "targets in the window", ("program", "status"))
    for program in report.programs:
        for status in ("ok", "incomplete", "failed"):
            targets.labels(program.name, status).set(getattr(program, status))
    leaks = gauge("leaks", "leaks by state", ("program", "state"))
    for program in report.programs:
        for state in State:
            ours = [leak for leak in report.having(state) if leak.program == program.name]
            leaks.labels(program.name, str(state)).set(len(ours))
    names = ("program", "fingerprint", "function", "rule", "state", "verdict", "owner")
    hosts = gauge("leak_hosts", "hosts with the leak at their last look", names)
    found = gauge("leak_goroutines", "its goroutines at the last look at each host", names)
    kept = gauge("leak_retained_bytes", "what it keeps at the last look at each host", names)
    for leak in report.leaks:
        if leak.state is State.FIXED and not leak.hosts:
            continue
        words = (leak.program, leak.fingerprint, what(leak), leak.rule or "", str(leak.state))
        values = (*words, leak.verdict, " ".join(leak.owners))
        hosts.labels(*values).set(leak.hosts)
        found.labels(*values).set(leak.goroutines)
        if leak.retained_bytes is not None:
            kept.labels(*values).set(leak.retained_bytes)
    gauge("incomplete", "reasons why the report is not of all there should be", ()).set(
        len(report.incomplete)
    )
    text: bytes = generate_latest(registry)
    return text.decode()
