// How leaks of a fleet are named and their numbers written.

import { duration } from "./words.js";

/** As the report has them, the worst first. */
export const STATES = ["new", "came back", "known", "fixed"];

export const nameOfLeak = (leak) => leak.function ?? leak.title ?? leak.reason ?? leak.fingerprint;

/** As much of a build id as tells it from others. */
export const buildName = (build) =>
  build === "" ? "not known" : build.length <= 14 ? build : `${build.slice(0, 12)}…`;

/** An uptime in seconds. */
export const upFor = (seconds) => (seconds === null ? "" : duration(Math.round(seconds) * 1e9));

export const dayOf = (time) => time.slice(0, 10);

export function perUnit(value) {
  if (value === null) return "";
  const size = Math.abs(value);
  const text = size >= 100 ? Math.round(size).toLocaleString("en-US") : size.toFixed(1);
  return text === "0.0" ? "0" : `${value < 0 ? "−" : "+"}${text}`;
}
