"""The HTML report in a browser without a screen, as a person would use it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

# On a busy machine everything takes long; nothing here measures how long.
PATIENCE_MS = 120_000


@contextmanager
def open_browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium is not None, "scripts/setup test installs chromium"
    with sync_playwright() as playwright:
        # Chromium's sandbox does not work for root; the page has no network all the same.
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"], timeout=PATIENCE_MS
        )
        yield browser
        browser.close()


def data_of(html: Path) -> dict[str, Any]:
    """What the page has of the target: the one block that is no script."""
    blocks = re.findall(
        r'<script id="data" type="application/json">(.*?)</script>', html.read_text(), re.DOTALL
    )
    assert len(blocks) == 1
    assert not re.search(r"[<>&\u2028\u2029]", blocks[0])
    return json.loads(blocks[0])


@contextmanager
def shown(browser: Browser, html: Path, **options: Any) -> Iterator[Page]:
    """The page once it is there. What it complains of, or asks of the network, fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    wrong: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(html.absolute().as_uri())
    page.wait_for_selector("html[data-ready]", state="attached")
    yield page
    assert wrong == []
    assert [url for url in asked if not url.startswith("data:")] == [page.url.split("#")[0]]
    context.close()
