"""The page of a fleet: one HTML file without any network, by the kit of the report's page."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from .fleet_report import FleetReport, plain

MARK = "@PARKED_DATA@"
#: Leaks whose worst targets are on the page with all their groups, and how many of each leak.
MOST_LEAKS = 40
MOST_OF_LEAK = 3
#: Groups of a target, and leaks of a page.
MOST_GROUPS = 30
MOST_ON_PAGE = 1000


class PageError(Exception):
    """parked was built without its page."""


def template() -> str:
    """The page without data. `PageError` if parked was built without node and npm."""
    try:
        return resources.files("parked").joinpath("page.html").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PageError(
            "this build of parked has no HTML page: it was made without node and npm"
            " (scripts/setup installs them)"
        ) from None


def shown_targets(report: FleetReport) -> list[str]:
    """The targets whose groups are on the page: where the first leaks are largest."""
    found = {
        sighting.target: None
        for leak in report.leaks[:MOST_LEAKS]
        for sighting in leak.worst[:MOST_OF_LEAK]
    }
    return list(found)


def harmless(data: Any) -> str:
    """JSON in ASCII in which nothing means anything to an HTML parser."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    # DEL is ASCII, and json leaves it as it is.
    escapes = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\x7f": "\\u007f"}
    return re.sub("[<>&\x7f]", lambda found: escapes[found[0]], text)


def _shorten(fleet: dict[str, Any]) -> None:
    """Leaves the first leaks, and of the heat maps what shows them."""
    fleet["leaks"] = fleet["leaks"][:MOST_ON_PAGE]
    for heat in fleet["heat_maps"]:
        heat["leaks"] = [leak for leak in heat["leaks"] if leak < MOST_ON_PAGE]
        heat["cells"] = [cell for cell in heat["cells"] if cell[0] < MOST_ON_PAGE]
    fleet["heat_maps"] = [heat for heat in fleet["heat_maps"] if heat["cells"]]


@dataclass(frozen=True)
class PageData:
    """What a page is made of."""

    report: FleetReport
    #: Of each of `shown_targets` what is known of it, and its ``groups``.
    targets: list[dict[str, Any]]
    #: Where a target's own report is: a URL in which ``{target}`` is its key.
    link: str | None = None

    def html(self) -> str:
        """The page."""
        fleet = plain(self.report)
        _shorten(fleet)
        data = {
            "page": "fleet",
            "fleet": fleet,
            "leaks_total": len(self.report.leaks),
            "targets": plain(self.targets),
            "link": self.link,
        }
        before, mark, after = template().partition(MARK)
        if not mark:
            raise PageError("the HTML page has no place for its data")
        return before + harmless(data) + after


def write_page(path: str | Path, data: PageData) -> None:
    """Writes the page; who reads it meanwhile sees the old one. `OSError`, `PageError`."""
    html = data.html()
    new = Path(f"{path}.new")
    new.write_text(html, encoding="utf-8")
    os.replace(new, path)
