"""The HTML report, in Chromium: what it says, and what one can do with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from playwright.sync_api import Browser, Page, expect
from support.building import build_target
from support.commands import parked, patient, run
from support.matrix import Build
from support.page import PATIENCE_MS, data_of, open_browser, shown
from support.paths import BUILD_DIR, PARKED, ROOT
from support.running import Core, Running

GOS = ["1.18", "1.22", "1.26", "1.27"]
ROWS = {"go": {"quick": ["1.27"], "ci": [GOS[0], GOS[-1]], "full": GOS}}
NOTIFY = "main.(*server).notify"

expect.set_options(timeout=PATIENCE_MS)


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((ROOT / f"docs/schema/{name}.schema.json").read_text()))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


def written(path: Path, *words: object) -> Path:
    done = subprocess.run(
        [PARKED, *map(os.fsencode, patient(*words)), "--format", "html"],
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    path.write_bytes(done.stdout)
    return path


def rows(page: Page, section: str) -> list[list[str]]:
    """The cells of a table, without the lines that are opened."""
    return page.locator(f"#{section} tbody tr:not(.detail)").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )


def test_report(go: str, browser: Browser, tmp_path: Path) -> None:
    with Running(build_target("decisions", Build(go, "default")), tmp_path, "3") as target:
        html = written(tmp_path / "report.html", target.pid, "report")
        document = json.loads(parked(target.pid, "report", "--json").stdout)
    data = data_of(html)
    schema("parked-1").validate(data["report"])
    assert data["cut"] == {}
    with shown(browser, html) as page:
        expect(page).to_have_title("decisions: parked")
        verdicts = document["target"]["verdicts"]
        legend = page.locator(".legend li").all_inner_texts()
        assert [text.split()[:2] for text in legend] == [
            [verdict, str(verdicts[verdict])]
            for verdict in ("PROVED", "ORPHAN", "SUSPECT", "UNKNOWN", "WAITING", "RUNNING")
            if verdicts[verdict]
        ]
        cards = page.locator("#findings article")
        assert cards.count() == len(document["findings"]) > 0
        sender = cards.filter(has_text=NOTIFY)
        expect(sender.locator(".fix")).to_contain_text("Fix: ")
        searched(page)
        sorted_by_count(page, document)
        flame(page)


def searched(page: Page) -> None:
    everything = len(rows(page, "groups"))
    box = page.locator("#groups input[type=search]")
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type("NOTIFY chan")
    (row,) = rows(page, "groups")
    assert row[0] == "3"
    assert row[1] == "PROVED"
    assert row[2] == "chan send"
    assert row[3].startswith(NOTIFY)
    # With the keyboard alone: from the box to the line, and open it.
    page.locator("#groups .opener").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#groups tr.detail .stack")).to_contain_text(NOTIFY)
    expect(page.locator("#groups .opener")).to_be_focused()
    goroutine = page.locator("#groups tr.detail .ids").inner_text().split(",")[0]
    box.fill("no such words")
    assert rows(page, "groups") == []
    box.fill(goroutine)
    assert len(rows(page, "groups")) == 1
    box.press("Escape")
    assert len([r for r in rows(page, "groups") if r[0]]) == everything


def sorted_by_count(page: Page, document: dict) -> None:
    head = page.locator("#groups th", has_text="Goroutines")
    expected = sorted(g["count"] for g in document["groups"] if not g["system"])
    for direction in ("descending", "ascending"):
        head.get_by_role("button").click()
        expect(head).to_have_attribute("aria-sort", direction)
        counts = [int(row[0].replace(",", "")) for row in rows(page, "groups")]
        assert counts == (expected if direction == "ascending" else expected[::-1])


def flame(page: Page) -> None:
    """A click on a frame zooms in, and leads to its groups."""
    page.locator("#flame").scroll_into_view_if_needed()
    frame = page.locator(f'#flame g[name="{NOTIFY}"]')
    expect(frame).to_be_visible()
    before = frame.bounding_box()
    frame.click()
    after = frame.bounding_box()
    assert before is not None and after is not None and after["width"] > before["width"]
    expect(page.locator("#flame .state")).to_contain_text(f"{NOTIFY}: 3 goroutines")
    page.get_by_role("button", name="Show its groups").click()
    assert [row[0] for row in rows(page, "groups")] == ["3"]
    page.locator("#flame select").select_option("retained")
    expect(page.locator("#flame .state")).not_to_contain_text("goroutines")
    frame.focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#flame g:focus")).not_to_have_attribute("name", NOTIFY)


def test_themes_keys_and_print(browser: Browser, tmp_path: Path) -> None:
    with Running(build_target("decisions", Build("1.27", "default")), tmp_path, "3") as target:
        html = written(tmp_path / "report.html", target.pid, "report")

    def paper(page: Page) -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    with shown(browser, html, color_scheme="light") as page:
        light = paper(page)
        page.keyboard.press("t")
        dark = paper(page)
        assert dark != light
        page.keyboard.press("2")
        expect(page.locator("#findings h2")).to_be_focused()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        # On paper it is light, whatever was chosen, and what cannot be pressed is not there.
        page.emulate_media(media="print")
        assert paper(page) == "rgb(255, 255, 255)"
        expect(page.locator(".bar")).to_be_hidden()
        pdf = tmp_path / "report.pdf"
        page.pdf(path=pdf, print_background=True)
    with shown(browser, html, color_scheme="dark") as page:
        assert paper(page) == dark
    text = subprocess.run(
        ["pdftotext", pdf, "-"], capture_output=True, text=True, check=True
    ).stdout
    for words in ("Findings", "Groups", "Flame graph", NOTIFY):
        assert words in text


def test_who_holds_up_whom(kernel_core: Callable[..., Core], browser: Browser) -> None:
    core = kernel_core("locks", Build("1.27", "default"))
    html = written(core.core.parent / "locks.html", "core", core.binary, core.core, "report")
    data = data_of(html)
    between = [edge for edge in data["waits"]["edges"] if edge["from"] != edge["to"]]
    assert between
    with shown(browser, html) as page:
        page.locator("#waits").scroll_into_view_if_needed()
        arrows = page.locator("#waits .edge:not(.keeps)")
        expect(arrows).to_have_count(len(between))
        circles = sum(edge["circle"] for edge in between)
        assert circles > 0
        expect(page.locator("#waits .edge.circle")).to_have_count(circles)
        page.locator("#waits .node[role=button]").first.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#groups tr.detail")).to_have_count(1)
        # The first ones, so that the next part of the page is not far; all for whoever asks.
        assert len(rows(page, "locks")) == 25 < len(data["report"]["locks"])
        page.locator("#locks").get_by_role("button", name="Show more").click()
        assert len(rows(page, "locks")) == len(data["report"]["locks"])


def test_islands(kernel_core: Callable[..., Core], browser: Browser) -> None:
    core = kernel_core("orphans", Build("1.27", "default"))
    html = written(core.core.parent / "orphans.html", "core", core.binary, core.core, "report")
    data = data_of(html)
    kinds = {group["island"] for group in data["waits"]["groups"]} - {None}
    assert kinds
    with shown(browser, html) as page:
        assert len(rows(page, "islands")) == len(data["report"]["islands"])
        page.locator("#waits").scroll_into_view_if_needed()
        expect(page.locator("#waits .island")).to_have_count(len(kinds))


def test_ways(kernel_core: Callable[..., Core], browser: Browser) -> None:
    core = kernel_core("paths", Build("1.27", "default"))
    html = written(core.core.parent / "paths.html", "core", core.binary, core.core, "report")
    data = data_of(html)
    group = data["report"]["groups"][data["ways"][0]["group"]]
    told = parked("core", core.binary, core.core, "why", group["example"], "--json").stdout
    assert data["ways"][0]["why"] == json.loads(told)["why"]
    with shown(browser, html) as page:
        page.locator("#ways .opener").first.click()
        steps = page.locator("#ways tr.detail .way li")
        expect(steps.first).to_be_visible()


@pytest.mark.parametrize(
    ("program", "sections"), [("pool", ["sql"]), ("timers", ["timers"]), ("contexts", ["contexts"])]
)
def test_tables(
    kernel_core: Callable[..., Core], browser: Browser, program: str, sections: list[str]
) -> None:
    core = kernel_core(program, Build("1.27", "default"))
    html = written(core.core.parent / f"{program}.html", "core", core.binary, core.core, "report")
    with shown(browser, html) as page:
        for section in sections:
            told = parked("core", core.binary, core.core, section, "--json").stdout
            count = page.locator(f"#{section} h2 .count").inner_text()
            assert int(count.replace(",", "")) == len(json.loads(told)[section]) > 0
            assert rows(page, section)


MARKUP = "script><img src=x onerror=document.title=1>"


def made_of_markup(folder: Path) -> Path:
    """A program with </script> in its path, whose types and functions are called like elements."""
    folder = folder / "<" / MARKUP
    folder.mkdir(parents=True)
    binary = folder / "<b>&amp;'\""
    shutil.copy(build_target("hostile", Build("1.27", "default")), binary)
    content = binary.read_bytes()
    assert content.count(b"Evil0000") > 10 and content.count(b"main.channels.") > 5
    content = content.replace(b"Evil0000", b"<b>x</b>")
    # Without a slash: behind one the name of a package ends.
    content = content.replace(b"main.channels.", b"main.<b><img>.")
    # What is written behind this is turned around.
    assert content.count(b"main.contexts.") > 1
    content = content.replace(b"main.contexts.", "main.\u202e\x1b[31m.".encode())
    binary.write_bytes(content)
    return binary


# In texts and attributes: characters that steer what is around them, or cannot be seen.
STEERING = """() => {
  const found = [];
  const note = (text) => {
    if (/[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]/u.test(text.replace(/[\\n\\t]/g, ""))) found.push(text);
  };
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_ALL);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.parentNode.nodeName !== "SCRIPT") note(node.nodeValue ?? "");
    for (const attribute of node.attributes ?? []) note(attribute.value);
  }
  return found;
}"""


def test_nothing_of_the_target_is_markup(browser: Browser, tmp_path: Path) -> None:
    binary = made_of_markup(tmp_path)
    with Running(binary, binary.parent, "<!--</script>") as target:
        html = written(tmp_path / "report.html", target.pid, "report", "--all")
    report = data_of(html)["report"]
    assert report["target"]["path"] == str(binary)
    with shown(browser, html) as page:
        assert page.title() == f"{binary.name}: parked"
        for element in ("b", "img", "script"):
            markup = page.locator(f"main {element}")
            texts = set(markup.all_inner_texts())
            assert texts.isdisjoint({"x", ""}), (element, texts)
        assert page.locator("script").count() == 1  # the data is taken out when it is read
        page.keyboard.press("/")
        page.keyboard.type("main.<b>x</b>")
        assert rows(page, "groups")
        page.locator("#groups input[type=search]").fill("main.\\u202e\\x1b[31m")
        assert rows(page, "groups")
        page.locator("#groups .opener").first.click()
        assert page.evaluate(STEERING) == []
        for section in ("flame", "waits"):
            if page.locator(f"#{section}").count():
                page.locator(f"#{section}").scroll_into_view_if_needed()
        expect(page.locator("#flame g.frame").first).to_be_visible()
        expect(page.locator("#flame g b, #flame g img")).to_have_count(0)


def test_many(browser: Browser, tmp_path: Path) -> None:
    """Of what there are many of the page has groups; it does not grow with what is alike."""
    sizes = []
    for count in ("1000", "20000"):
        with Running(
            build_target("gen", Build("1.27", "default")), tmp_path, "-n", count
        ) as target:
            html = written(tmp_path / f"{count}.html", target.pid, "report")
        sizes.append(html.stat().st_size)
    assert (sizes[1] - sizes[0]) / 19000 < 40, sizes
    with shown(browser, html) as page:
        total = sum(group["count"] for group in data_of(html)["report"]["groups"])
        assert total > 20000
        assert page.locator("*").count() < 5000


def test_diff(go: str, browser: Browser, tmp_path: Path) -> None:
    binary = build_target("decisions", Build(go, "default"))
    with Running(binary, tmp_path, "3") as target:
        before = tmp_path / "before.json"
        before.write_text(parked(target.pid, "report", "--json").stdout)
    with Running(binary, tmp_path, "8") as target:
        html = written(tmp_path / "diff.html", "diff", before, target.pid)
        told = json.loads(parked("diff", before, target.pid, "--json").stdout)
    data = data_of(html)["diff"]
    schema("parked-diff-1").validate(data)
    assert [f["change"] for f in data["findings"]] == [f["change"] for f in told["findings"]]
    with shown(browser, html) as page:
        expect(page.locator("#summary .notice")).to_contain_text("1 finding new or grown")
        page.locator("#groups .chip", has_text="grown").click()
        (row,) = rows(page, "groups")
        assert row[:5] == ["grown", "PROVED", "3", "8", "+5"]
        assert any(cell.startswith(NOTIFY) for cell in row)


def watched(target: Running, html: Path, *options: object) -> list[dict]:
    """What each look said; the page is of the same looks."""
    words = ["--max-pause", "1m", target.pid, "watch", "--json", "--html", html, *options]
    done = parked(*words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_watch(go: str, browser: Browser, tmp_path: Path) -> None:
    html = tmp_path / "watch.html"
    with Running(build_target("growth", Build(go, "default")), tmp_path, "100") as target:
        looks = watched(target, html, "--every", "500ms", "--count", 8)
    watch = data_of(html)["watch"]
    assert watch["looks"] == len(looks) == 8
    assert watch["goroutines"] == [look["goroutines"] for look in looks]
    assert watch["since_first_ns"] == [look["since_first_ns"] for look in looks]
    for group in watch["groups"]:
        told = [
            next((g["count"] for g in look["groups"] if g["number"] == group["number"]), 0)
            for look in looks
        ]
        assert group["counts"] == told
        assert group["growing"] == (group["user"]["func"] == "main.leak"), group
    with shown(browser, html) as page:
        expect(page).to_have_title("growth, watched: parked")
        expect(page.locator("#summary .notice.bad")).to_contain_text("1 group grows, by ")
        lines = page.locator("#growth polyline.hue-0")
        expect(lines).to_have_attribute("data-name", "main.leak")
        assert lines.get_attribute("points").count(",") == 8
        # What is pointed at is told; the key takes the line out and brings it back.
        plot = page.locator("#growth .plot").first
        plot.hover(position={"x": 70, "y": 20})
        leaking = next(g for g in watch["groups"] if g["growing"])
        told = page.locator("#growth .state").first
        expect(told).to_contain_text(f"main.leak {leaking['counts'][0]}")
        key = page.locator("#growth .keys button")
        key.click()
        expect(lines).to_have_count(0)
        key.focus()
        page.keyboard.press("Enter")
        expect(lines).to_have_count(1)
        page.keyboard.press("/")
        page.keyboard.type("main.leak")
        (row,) = rows(page, "groups")
        assert row[0] == f"{leaking['count']:,}" and row[3].endswith("/min")
        page.locator("#groups .opener").click()
        expect(page.locator("#groups tr.detail .plot polyline")).to_have_count(1)
        page.emulate_media(media="print")
        expect(plot).to_be_visible()
        expect(key).to_be_visible()


def test_watch_ends(browser: Browser, tmp_path: Path) -> None:
    """The page stays, and says that nobody looks any more."""
    html = tmp_path / "watch.html"
    with Running(build_target("decisions", Build("1.27", "default")), tmp_path, "3") as target:
        words = ["--max-pause", "1m", target.pid, "watch", "--every", "100ms", "--html", html]
        watching = subprocess.Popen([PARKED, *map(str, words)], stdout=subprocess.PIPE)
        assert watching.stdout is not None
        watching.stdout.readline()
        assert data_of(html)["watch"]["ended"] is None
        refused = parked(target.pid, "watch", "--html", tmp_path / "no" / "x")
        assert refused.returncode == 2
        assert str(tmp_path / "no") in refused.stderr
        target.process.kill()
        watching.communicate(timeout=120)
    watch = data_of(html)["watch"]
    assert watch["ended"] == f"process {target.pid} has ended"
    assert len(watch["goroutines"]) == watch["looks"] > 0
    with shown(browser, html) as page:
        expect(page.locator("#summary .notice.warn")).to_contain_text(watch["ended"])
        expect(page.locator("#summary .notice.plain, #summary .notice.good")).to_have_count(1)


def test_watch_has_no_markup_of_the_target(browser: Browser, tmp_path: Path) -> None:
    binary = made_of_markup(tmp_path)
    html = tmp_path / "watch.html"
    with Running(binary, binary.parent, "<!--</script>") as target:
        watched(target, html, "--every", "100ms", "--count", 2)
    assert data_of(html)["watch"]["target"]["program"] == str(binary)
    with shown(browser, html) as page:
        assert page.title() == f"{binary.name}, watched: parked"
        assert page.locator("script").count() == 1
        page.keyboard.press("/")
        page.keyboard.type("main.<b><img>")
        assert rows(page, "groups")
        page.locator("#groups .opener").first.click()
        expect(page.locator("#growth code", has_text="<b><img>").first).to_be_visible()
        for element in ("b", "img"):
            texts = set(page.locator(f"main {element}").all_inner_texts())
            assert texts.isdisjoint({"x", ""}), (element, texts)


def test_where_it_is_asked_for(tmp_path: Path) -> None:
    with Running(build_target("decisions", Build("1.27", "default")), tmp_path, "3") as target:
        refused = parked(target.pid, "locks", "--format", "html")
        assert refused.returncode == 2
        assert "has no such format" in refused.stderr
        refused = parked("diff", target.pid, target.pid, "--format", "sarif")
        assert refused.returncode == 2
        assert "diff has no such format: expected text, json or html" in refused.stderr
        document = json.loads(parked(target.pid, "report", "--json").stdout)
        leaked = next(g for g in document["groups"] if g["verdict"] == "PROVED")
        one = data_of(
            written(tmp_path / "one.html", target.pid, "goroutine", leaked["goroutines"][0])
        )
    assert [g["fingerprint"] for g in one["report"]["groups"]] == [leaked["fingerprint"]]


def test_a_build_without_the_page_says_so(tmp_path: Path) -> None:
    """It is no error of the build; everything else is there."""
    program = BUILD_DIR / "tests/tools/parked_without_page"
    page = tmp_path / "page.html"
    with Running(build_target("decisions", Build("1.27", "default")), tmp_path, "3") as target:
        for words in (
            (target.pid, "report", "--format", "html"),
            ("diff", target.pid, target.pid, "--format", "html"),
            ("watch", target.pid, "--html", page),
        ):
            done = run(program, *words)
            assert done.returncode == 2
            assert done.stdout == ""
            assert done.stderr.startswith("parked: this build of parked has no HTML page")
            assert "without node and npm" in done.stderr
        assert not page.exists()
        done = run(program, "--max-pause", "1m", target.pid, "report", "--json")
        assert done.returncode == 0, done.stderr
        assert any(f["rule"] == "PK005" for f in json.loads(done.stdout)["findings"])
