// Chips of which at most one is pressed: it chooses what a table shows.

import { el } from "./dom.js";

/** `name` is the data attribute that has a chip's value; `changed` is called after each choice. */
export function chips(name, values, show, changed) {
  let chosen = null;
  const buttons = values.map((value) =>
    el(
      "button",
      {
        type: "button",
        class: "chip",
        "aria-pressed": "false",
        [`data-${name}`]: value,
        onclick: () => choose(chosen === value ? null : value),
      },
      show(value),
    ),
  );

  function choose(value) {
    chosen = value;
    for (const button of buttons)
      button.setAttribute("aria-pressed", String(button.dataset[name] === chosen));
    changed();
  }

  return {
    element: el("span", { class: "chips" }, buttons),
    choose,
    allows: (value) => chosen === null || value === chosen,
  };
}
