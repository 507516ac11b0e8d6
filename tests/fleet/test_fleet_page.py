"""The page of a fleet in a browser, and that no name can do more than be read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from parked.fleet.history import FleetReport, History, Options
from parked.fleet.owners import parse_owners
from parked.fleet.schema import Finding
from playwright.sync_api import Browser, Page, expect
from support.fleet_plan import NOW, Plan, PlannedLeak
from support.fleet_rows import group, target, write
from support.fleet_tables import write_tables
from support.page import PATIENCE_MS, data_of, open_browser, shown

expect.set_options(timeout=PATIENCE_MS)

PLAN = Plan(
    hosts=25,
    failed=0.03,
    leaks=(
        PlannedLeak("orders", "orders.ask", starts=0, bytes_each=30000),
        PlannedLeak("orders", "orders.(*poller).run", starts=8, verdict="ORPHAN"),
        PlannedLeak("orders", "orders.back", starts=1, fixed=4, back=8),
        PlannedLeak("stock", "stock.gone", starts=0, fixed=8),
        PlannedLeak("stock", "stock.some", 2, share=0.1, share_there=1.0, cause=(("zone", "b"),)),
    ),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> tuple[FleetReport, Path]:
    folder = tmp_path_factory.mktemp("fleet")
    write_tables(PLAN, folder / "results")
    history = History(str(folder / "history.duckdb"))
    history.ingest(folder / "results")
    owners = parse_owners(["example.com/orders @orders-team"])
    report = history.report(Options(until=NOW, owners=owners))
    history.write_page(report, folder / "fleet.html")
    return report, folder / "fleet.html"


def rows(page: Page, section: str) -> list[list[str]]:
    """Cells of a table, without what its lines open to."""
    lines = f"#{section} > .table > .scroll > table > tbody > tr:not(.detail)"
    return page.locator(lines).evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )  # fmt: skip


def test_leaks_are_ranked_and_open(fleet: tuple[FleetReport, Path], browser: Browser) -> None:
    report, html = fleet
    with shown(browser, html) as page:
        expect(page).to_have_title("fleet: parked")
        found = [(row[0].split()[0], row[1]) for row in rows(page, "leaks")]
        assert found == [(leak.function, str(leak.state)) for leak in report.leaks]
        assert found[0][0] == "example.com/orders/orders.ask"
        kept = [leak.retained_bytes or 0 for leak in report.leaks]
        assert kept == sorted(kept, reverse=True)
        assert page.locator("#leaks svg.spark").count() == len(report.leaks)
        page.locator("#leaks .opener").first.click()
        detail = page.locator("#leaks tr.detail")
        expect(detail).to_contain_text("@orders-team")
        assert detail.locator(".builds-strip .has").count() == PLAN.builds
        host = report.leaks[0].worst[0].host
        detail.locator("a", has_text=re.compile(f"^{host}$")).click()
        opened = page.locator("#targets tr.detail")
        expect(opened).to_contain_text(report.leaks[0].worst[0].source)
        expect(opened).to_contain_text("example.com/orders/orders.ask")


def test_what_an_island_keeps_is_summed_up_once(browser: Browser, tmp_path: Path) -> None:
    """Both the workers and the finding about them are ranked by it."""
    finding = Finding(
        target=target(1).target,
        fingerprint="00000000000000bb",
        rule="PK111",
        verdict="ORPHAN",
        function="shop/orders.Watch",
        count=4,
        retained_bytes=40_000,
    )
    workers = group(1, verdict="ORPHAN", retained_bytes=40_000)
    history = History(str(tmp_path / "history.duckdb"))
    history.ingest(write(tmp_path / "results", [target(1)], [workers], [finding]))
    history.write_page(history.report(Options(until=NOW)), tmp_path / "fleet.html")
    with shown(browser, tmp_path / "fleet.html") as page:
        sizes = {row[3] for row in rows(page, "leaks")}
        assert len(sizes) == 1 and len(rows(page, "leaks")) == 2
        expect(page.locator("#summary")).to_contain_text(f"{sizes.pop()} at the last look")


def test_search_states_and_headline(fleet: tuple[FleetReport, Path], browser: Browser) -> None:
    report, html = fleet
    with shown(browser, html) as page:
        page.locator("#summary .legend button", has_text="came back").click()
        assert [row[0].split()[0] for row in rows(page, "leaks")] == [
            "example.com/orders/orders.back"
        ]
        page.locator("#leaks .chip", has_text="came back").click()
        page.locator("#leaks input").fill("stock gone")
        assert [row[1] for row in rows(page, "leaks")] == ["fixed"]
        unusual = page.locator("#summary li", has_text="zone b")
        expect(unusual).to_contain_text("processes leak")
        unusual.locator("a").click()
        expect(page.locator("#leaks tr.detail")).to_contain_text("zone b")
        (some,) = [leak for leak in report.leaks if (leak.function or "").endswith("some")]
        assert [str(item) for one in some.contrast for item in one.items] == ["zone b"]


def test_heat_map_and_time_line(fleet: tuple[FleetReport, Path], browser: Browser) -> None:
    report, html = fleet
    with shown(browser, html) as page:
        cells = sum(len(heat.cells) for heat in report.heat_maps)
        assert page.locator("#hosts rect.cell").count() == cells > 50
        page.locator("#hosts text.leak-name").first.click()
        expect(page.locator("#leaks tr.detail")).to_be_visible()
        bars = page.locator("#builds rect.build")
        assert bars.count() == sum(len(program.builds) for program in report.programs)
        expect(page.locator("#builds")).to_contain_text("+1 new  +1 back")
        assert page.locator("#problems tbody tr").count() == len(report.problems) > 0


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_page(
    width: int, scheme: str, fleet: tuple[FleetReport, Path], browser: Browser
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme  # type: ignore[arg-type]
    )  # fmt: skip
    page = context.new_page()
    page.goto(fleet[1].as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    page.locator("#leaks .opener").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    context.close()


HOSTILE = [
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=document.title='owned'>",
    "javascript:document.title='owned'",
    "@PARKED_DATA@ {{constructor}} ${document.title='owned'}",
    "a\u202egnp.exe\u2066\u200b\x1b[31m\x7f\u2028",
    "\"'`\\&lt;&#60;<!--",
]


def test_names_are_text(browser: Browser, tmp_path: Path) -> None:
    """Of functions, files, hosts, zones, builds, labels, programs, rules and sources."""
    targets, groups, findings = [], [], []
    for i in range(12):
        name = HOSTILE[i % len(HOSTILE)]
        targets.append(
            target(i, source=name, program=name, build=name, host=f"{name}{i}", zone=name,
                   go_version=name, labels={name: name}, problem=name)
        )  # fmt: skip
        groups.append(
            group(i, fingerprint=name, function=name, file=name, reason=name, object=name,
                  created_by=name, package=name)
        )  # fmt: skip
        findings.append(
            Finding(target=targets[-1].target, fingerprint=f"{name}f", rule=name, verdict="PROVED",
                    title=name, sentence=name, fix=name, count=1, group_fingerprint=name)
        )  # fmt: skip
    targets.append(target(99, status="failed", problem=HOSTILE[1], source=HOSTILE[0], program=None))
    history = History(str(tmp_path / "history.duckdb"))
    history.ingest(write(tmp_path / "results", targets, groups, findings))
    report = history.report(Options(until=NOW, owners=parse_owners([f"* {HOSTILE[2]}"])))
    assert len(report.leaks) == len(HOSTILE)
    for link in (None, "javascript:document.title='owned'//{target}"):
        history.write_page(report, tmp_path / "fleet.html", link)
        data_of(tmp_path / "fleet.html")
        with shown(browser, tmp_path / "fleet.html") as page:
            expect(page).to_have_title("fleet: parked")
            for opener in page.locator("#leaks .opener").all():
                opener.click()
            for opener in page.locator("#targets .opener").all():
                opener.click()
            page.locator("#page").click()
            expect(page).to_have_title("fleet: parked")
            assert page.locator("script").count() <= 1
            assert page.locator("img").count() == 0
            links = page.locator("#page a").evaluate_all("all => all.map(a => a.href)")
            assert all(link.startswith("file://") for link in links)
            shows = page.locator("#leaks").inner_text()
            assert "<img src=x onerror=document.title='owned'>" in shows
            assert not re.search(
                "[\u202e\u2066\u200b\u2028\x1b\x7f]", page.locator("#page").inner_text()
            )
            assert "\\u202egnp.exe" in shows


def test_links_to_a_targets_own_report(browser: Browser, tmp_path: Path) -> None:
    history = History(str(tmp_path / "history.duckdb"))
    remote = "https://reports.example.com/7.json"
    folder = write(
        tmp_path / "results", [target(1), target(2, source=remote)], [group(1), group(2)], []
    )
    history.ingest(folder)
    report = history.report(Options(until=NOW))
    for link, expected in (
        (
            "https://example.com/r/{target}.html",
            [f"https://example.com/r/{i:064x}.html" for i in (1, 2)],
        ),
        ("reports/{target}.html", [(tmp_path / f"reports/{i:064x}.html").as_uri() for i in (1, 2)]),
        (None, [remote]),
    ):
        history.write_page(report, tmp_path / "fleet.html", link)
        with shown(browser, tmp_path / "fleet.html") as page:
            for opener in page.locator("#targets .opener").all():
                opener.click()
            links = page.locator("#targets tr.detail a").evaluate_all("all => all.map(a => a.href)")
            assert sorted(links) == sorted(expected)


def test_a_page_without_leaks(browser: Browser, tmp_path: Path) -> None:
    history = History(str(tmp_path / "history.duckdb"))
    history.ingest(write(tmp_path / "results", [target(1, proved=0)], [], []))
    report = history.report(Options(until=NOW))
    history.write_page(report, tmp_path / "fleet.html")
    with shown(browser, tmp_path / "fleet.html") as page:
        expect(page.locator("#leaks")).to_contain_text("There are none.")
    data = data_of(tmp_path / "fleet.html")
    assert json.loads(json.dumps(data))["fleet"]["leaks"] == []


def test_the_first_leaks_of_many(
    fleet: tuple[FleetReport, Path],
    browser: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And what else would show those that are not on the page leaves them out."""
    report, html = fleet
    monkeypatch.setattr("parked.fleet.page.MOST_ON_PAGE", 1)
    history = History(str(html.parent / "history.duckdb"))
    history.write_page(report, tmp_path / "fleet.html")
    with shown(browser, tmp_path / "fleet.html") as page:
        assert len(rows(page, "leaks")) == 1
        expect(page.locator("#leaks .below")).to_contain_text(
            f"the first 1 of {len(report.leaks)} are on this page"
        )
        assert page.locator("#hosts text.leak-name").count() == 1
