// How values are written.

const whole = new Intl.NumberFormat("en-US");

export const number = (value) => (value === null || value === undefined ? "" : whole.format(value));

/** "3 goroutines". */
export const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;

export function bytes(value) {
  if (value === null || value === undefined) return "";
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let unit = 0;
  let rest = value;
  for (; rest >= 1024 && unit < units.length - 1; ++unit) rest /= 1024;
  const digits = unit === 0 || rest >= 10 ? 0 : 1;
  return `${rest.toFixed(digits)} ${units[unit]}`;
}

export function duration(ns) {
  if (ns === null || ns === undefined) return "";
  const sign = ns < 0 ? "-" : "";
  let rest = Math.abs(ns);
  if (rest < 1e3) return `${sign}${rest}ns`;
  if (rest < 1e6) return `${sign}${Math.round(rest / 1e3)}µs`;
  if (rest < 1e9) return `${sign}${Math.round(rest / 1e6)}ms`;
  rest = Math.round(rest / 1e9);
  const parts = [
    [Math.floor(rest / 86400), "d"],
    [Math.floor(rest / 3600) % 24, "h"],
    [Math.floor(rest / 60) % 60, "m"],
    [rest % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return (
    sign +
    parts
      .slice(first, first + 2)
      .filter(([count]) => count > 0)
      .map(([count, unit]) => `${count}${unit}`)
      .join("")
  );
}

export const baseName = (path) => (path ?? "").slice((path ?? "").lastIndexOf("/") + 1);

/** "main.go:24". */
export const where = (place) => (place?.file ? `${baseName(place.file)}:${place.line}` : "");

/** What JSON has in words of its own. */
export const plain = (text) => (text ?? "").replace(/_/g, " ");

/** The gravest first. */
export const VERDICTS = ["PROVED", "ORPHAN", "SUSPECT", "UNKNOWN", "WAITING", "RUNNING"];
export const gravity = (verdict) => VERDICTS.length - VERDICTS.indexOf(verdict);

export const MEANING = {
  PROVED: "can never run again",
  ORPHAN: "still runs, but nobody can stop it",
  SUSPECT: "many at one place, or blocked for long",
  UNKNOWN: "it could not be made sure on what it waits",
  WAITING: "blocked, and nothing speaks against it",
  RUNNING: "running, runnable or in a system call",
};
