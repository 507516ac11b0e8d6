// Reads the data that is in the page, and shows it.

import { diffPage } from "./diff.js";
import { el } from "./dom.js";
import { fleetPage } from "./fleet.js";
import { keys } from "./keys.js";
import { reportPage } from "./report.js";
import { themeButton } from "./theme.js";
import { visible } from "./visible.js";
import { watchPage } from "./watch.js";

const PAGES = { report: reportPage, diff: diffPage, watch: watchPage, fleet: fleetPage };

function show() {
  const block = document.getElementById("data");
  const data = JSON.parse(visible(block.textContent));
  block.remove(); // of a large report the text takes memory for nothing
  const { title, heading, sections } = PAGES[data.page](data);
  document.title = title;
  const nav = el(
    "nav",
    { "aria-label": "Parts of this page" },
    sections.map((section, i) =>
      el(
        "a",
        { href: `#${section.id}`, title: i < 9 ? `Key ${i + 1}` : null },
        section.dataset.title,
      ),
    ),
  );
  document
    .getElementById("top")
    .append(...heading, el("div", { class: "bar" }, nav, keys(sections), themeButton()));
  document.getElementById("page").replaceChildren(...sections);
  document.documentElement.dataset.ready = "";
}

show();
