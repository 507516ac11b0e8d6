// The keyboard: what each key does, and a list of them.

import { el } from "./dom.js";
import { toggleTheme } from "./theme.js";

const HELP = [
  ["/", "search the groups"],
  ["1 … 9", "go to a part of the page"],
  ["Tab, Enter", "go through rows, frames and nodes, and open them"],
  ["Arrows", "in the flame graph: to callers, callees and neighbours"],
  ["Esc", "empty the search; zoom the flame graph out"],
  ["+ − 0", "in the wait-for graph: nearer, farther, all of it"],
  ["t", "light or dark"],
  ["?", "this list"],
];

/** Sets the keys up; the button that shows the list of them. */
export function keys(sections) {
  const dialog = el(
    "dialog",
    { "aria-label": "Keys" },
    el("h2", null, "Keys"),
    el(
      "dl",
      null,
      HELP.map(([key, what]) => [el("dt", null, el("kbd", null, key)), el("dd", null, what)]),
    ),
    el("form", { method: "dialog" }, el("button", null, "Close")),
  );
  document.body.append(dialog);
  const help = () => (dialog.open ? dialog.close() : dialog.showModal());
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select") !== null;
    if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
    const search = document.querySelector("input[type=search]");
    if (event.key === "/" && search) {
      search.scrollIntoView({ block: "center" });
      search.focus();
    } else if (event.key === "t") {
      toggleTheme();
    } else if (event.key === "?") {
      help();
    } else if (/^[1-9]$/.test(event.key) && sections[event.key - 1]) {
      const section = sections[event.key - 1];
      section.scrollIntoView();
      section.querySelector("h2").focus({ preventScroll: true });
    } else {
      return;
    }
    event.preventDefault();
  });
  return el(
    "button",
    { type: "button", class: "tool", title: "Keys (key ?)", onclick: help },
    "Keys",
  );
}
