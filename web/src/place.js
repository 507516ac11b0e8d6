// A place in the source.

import { el } from "./dom.js";
import { where } from "./words.js";

/** Function and line; the whole path when it is pointed at. */
export function place(at, { instance = true } = {}) {
  if (!at?.func) return null;
  return el(
    "span",
    { class: "place", title: at.file ? `${at.file}:${at.line}` : null },
    el("code", null, (instance && at.instance) || at.func),
    at.file ? [" ", el("span", { class: "line" }, where(at))] : null,
  );
}

export const address = (value) => (value ? el("code", { class: "address" }, value) : null);
