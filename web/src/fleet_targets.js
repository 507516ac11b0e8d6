// Single targets: what was found in those that leak most, and those that could not be read.

import { el, section } from "./dom.js";
import { buildName, upFor } from "./fleet_words.js";
import { place } from "./place.js";
import { badge, facts } from "./summary.js";
import { table } from "./table.js";
import { bytes, number } from "./words.js";

/** Links lead to pages and files, never to a script that a name might hold. */
const harmless = (url) => /^(https?:\/\/|[\w.-]+\/|[\w.-]+$)/i.test(url);

/** Where a target's own report is, if the one who made the page said so or it is on the web. */
function reportOf(page, target) {
  const url = page.link?.replace("{target}", encodeURIComponent(target.target)) ?? target.source;
  const known = page.link !== null || /^https?:\/\//i.test(target.source);
  return known && harmless(url)
    ? el("a", { href: url, rel: "noreferrer" }, page.link ? "its own report" : target.source)
    : null;
}

const groupsOf = (target) =>
  table({
    rows: target.groups,
    label: "Groups",
    search: () => "",
    first: 30,
    columns: [
      { title: "Goroutines", number: true, of: (group) => group.goroutines },
      {
        title: "Verdict",
        of: (group) => group.verdict,
        show: (group) => (group.verdict ? badge(group.verdict) : "none"),
      },
      { title: "Waits in", of: (group) => group.reason },
      {
        title: "Retained",
        number: true,
        of: (group) => group.retained_bytes,
        show: (group) => bytes(group.retained_bytes),
      },
      {
        title: "At",
        class: "wide",
        of: (group) => group.function ?? group.title,
        show: (group) =>
          place({ func: group.function ?? group.title, file: group.file, line: group.line }),
      },
    ],
  }).element;

const detailOf = (page, target) =>
  el(
    "div",
    null,
    facts([
      ["source", el("code", null, target.source)],
      ["report", reportOf(page, target)],
      ["look again", el("code", null, `parked ${target.source} report`)],
      ["build", target.build && el("code", { class: "long" }, target.build)],
      ["target", el("code", { class: "long" }, target.target)],
    ]),
    groupsOf(target),
  );

const columns = [
  { title: "Host", of: (target) => target.host ?? "not known" },
  { title: "Program", of: (target) => target.program },
  { title: "Zone", of: (target) => target.zone },
  { title: "Build", of: (target) => target.build, show: (target) => buildName(target.build) },
  {
    title: "Up for",
    number: true,
    of: (target) => target.uptime_seconds,
    show: (target) => upFor(target.uptime_seconds),
  },
  { title: "Goroutines", number: true, of: (target) => target.goroutines },
  {
    title: "Retained",
    number: true,
    of: (target) => target.retained_bytes,
    show: (target) => bytes(target.retained_bytes),
  },
];

export function targetsSection(page) {
  const targets = page.targets;
  const known = new Map(targets.map((target) => [target.target, target]));
  const list = table({
    rows: targets,
    label: "Targets",
    key: (target) => `target-${target.target}`,
    detail: (target) => detailOf(page, target),
    search: (target) =>
      [target.host, target.zone, target.program, target.source, target.build].join("\n"),
    first: 25,
    columns,
  });
  const box = el("input", {
    type: "search",
    placeholder: "host, zone, source …",
    "aria-label": "Search targets",
    oninput: () => list.filter(box.value),
  });
  const reveal = (event, target) => {
    event.preventDefault();
    box.value = "";
    list.filter("");
    list.reveal(known.get(target));
  };
  page.targetLink = ({ target, host }) =>
    known.has(target)
      ? el("a", { href: `#target-${target}`, onclick: (event) => reveal(event, target) }, host)
      : host;
  if (targets.length === 0) return null;
  return section(
    "targets",
    "Targets",
    number(targets.length),
    el("p", { class: "faint" }, "Those in which leaks are largest, with what else is in them."),
    el("div", { class: "controls" }, box),
    list.element,
  );
}

export function problemsSection(page) {
  const { problems } = page.fleet;
  if (problems.length === 0) return null;
  return section(
    "problems",
    "Not read",
    null,
    el("p", { class: "faint" }, "The latest targets of which nothing, or not all, could be read."),
    table({
      rows: problems,
      label: "Targets that could not be read",
      search: (each) => each.source,
      columns: [
        { title: "Status", of: (each) => each.status },
        { title: "Program", of: (each) => each.program },
        { title: "Source", class: "wide", of: (each) => each.source },
        { title: "Problem", class: "wide", of: (each) => each.problem },
      ],
    }).element,
  );
}
