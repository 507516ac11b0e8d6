// Light or dark: as the system has it, until somebody chooses.

import { el } from "./dom.js";

const NAME = "parked-theme";

/** Pages that are opened from a file may have no storage. */
function kept() {
  try {
    return localStorage.getItem(NAME);
  } catch {
    return null;
  }
}

function keep(theme) {
  try {
    localStorage.setItem(NAME, theme);
  } catch {
    // It lasts as long as the page then.
  }
}

const isDark = () =>
  (document.documentElement.dataset.theme ??
    (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

export function toggleTheme() {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  keep(theme);
}

export function themeButton() {
  const theme = kept();
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  return el(
    "button",
    { type: "button", class: "tool", title: "Light or dark (key t)", onclick: toggleTheme },
    "Light / dark",
  );
}
