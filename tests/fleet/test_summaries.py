"""A fleet's report as text, Markdown, a message for Slack, metrics, JSON and a data frame."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from parked.fleet.fleet_report import FleetReport, plain
from parked.fleet.history import History, Options
from parked.fleet.owners import parse_owners
from parked.fleet.summaries import markdown_lines, openmetrics, slack_message
from parked.fleet.text_report import text_lines
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from support.fleet_plan import NOW, Plan, PlannedLeak
from support.fleet_rows import group, target, write
from support.fleet_tables import write_tables

PLAN = Plan(
    hosts=25,
    failed=0.03,
    leaks=(
        PlannedLeak("orders", "orders.ask", starts=0),
        PlannedLeak("orders", "orders.late", starts=9),
        PlannedLeak("stock", "stock.gone", starts=0, fixed=8),
        PlannedLeak("stock", "stock.some", 2, share=0.1, share_there=1.0, cause=(("zone", "b"),)),
    ),
)
HOSTILE = "<!channel> `x` | *b* [a](http://evil.example) \x1b[2J\u202e\n# head"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> FleetReport:
    folder = tmp_path_factory.mktemp("fleet")
    write_tables(PLAN, folder / "results")
    history = History(str(folder / "history.duckdb"))
    history.ingest(folder / "results")
    owners = parse_owners(["* @platform", "example.com/orders @orders"])
    return history.report(Options(until=NOW, owners=owners))


@pytest.fixture
def hostile(tmp_path: Path) -> FleetReport:
    row = target(1, program=HOSTILE, host=HOSTILE, build=HOSTILE)
    leak = group(1, function=HOSTILE, file=HOSTILE, created_by=HOSTILE, package=HOSTILE)
    folder = write(tmp_path / "results", [row], [leak], [])
    history = History(str(tmp_path / "history.duckdb"))
    history.ingest(folder)
    return history.report(Options(until=NOW, owners=parse_owners(["* @x"])))


def test_text(report: FleetReport) -> None:
    text = "\n".join(text_lines(report))
    assert "leaks       1 new, 0 came back, 2 known, 1 fixed" in text
    late = text[text.index("example.com/orders/orders.late") - 200 :]
    assert re.search(r"NEW +PROVED +orders +25 hosts, [\d,]+ goroutines, [\d.]+ (KB|MB)", late)
    assert re.search(r"unusual +zone b: \d+ of \d+ processes leak \(100%\)", text)
    assert re.search(r"owner +@orders\n", text)
    assert re.search(r"fixed in \w{19,20}… \(\d+ hosts of later builds|fixed in \w+ \(", text)
    assert "failed" in text


def test_markdown(report: FleetReport) -> None:
    lines = list(markdown_lines(report))
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + 3
    assert {line.count(" | ") for line in (table[0], *table[2:])} == {5}
    assert any(re.search(r"zone b\\: \d+ of", line) for line in lines)
    assert any(line.startswith("- fixed: ") for line in lines)


def test_slack(report: FleetReport) -> None:
    message = json.loads(slack_message(report))
    assert message["text"].startswith("Goroutine leaks: 1 new, 2 known, 1 fixed; ")
    texts = [block["text"]["text"] for block in message["blocks"]]
    assert texts[1].startswith("*new* PROVED orders: `example.com/orders/orders.late`")
    assert len(texts) <= 50 and max(map(len, texts)) <= 3000


def test_openmetrics(report: FleetReport) -> None:
    text = openmetrics(report)
    assert text.endswith("# EOF\n")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    leaks = {
        (sample.labels["program"], sample.labels["state"]): sample.value
        for sample in families["parked_fleet_leaks"].samples
    }
    assert leaks["orders", "new"] == leaks["stock", "fixed"] == 1
    hosts = {
        sample.labels["function"]: (sample.value, sample.labels["owner"])
        for sample in families["parked_fleet_leak_hosts"].samples
    }
    assert hosts["example.com/orders/orders.late"] == (25, "@orders")
    assert "example.com/stock/stock.gone" not in hosts
    failed = [
        sample.value
        for sample in families["parked_fleet_targets"].samples
        if sample.labels["status"] == "failed"
    ]
    assert sum(failed) > 0


def test_json_and_frame(report: FleetReport) -> None:
    document = json.loads(json.dumps(plain(report), allow_nan=False))
    assert [leak["past"]["state"] for leak in document["leaks"]] == [
        str(leak.state) for leak in report.leaks
    ]
    assert document["since"] == "2026-11-21T12:00:00Z"
    frame = report.frame()
    assert list(frame["function"]) == [leak.function for leak in report.leaks]
    assert frame[frame["state"] == "new"]["hosts"].sum() == 25


def test_names_mean_nothing_anywhere(hostile: FleetReport) -> None:
    for text in ("\n".join(text_lines(hostile)), "\n".join(markdown_lines(hostile))):
        assert not re.search("[\x1b\u202e]", text)
        assert "\n# head" not in text
    markdown = "\n".join(markdown_lines(hostile))
    (line,) = [line for line in markdown.splitlines() if line.startswith("|") and "channel" in line]
    assert len(re.findall(r"(?<!\\)\|", line)) == 7
    assert "<!channel>" not in line and "](" not in line and "`x`" not in line
    message = slack_message(hostile)
    assert "<!channel>" not in message and "&lt;!channel&gt;" in message
    families = list(text_string_to_metric_families(openmetrics(hostile)))
    names = {sample.labels.get("program") for family in families for sample in family.samples}
    assert HOSTILE in names
