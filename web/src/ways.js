// Ways on which what can still run reaches what goroutines wait on, so that they are not proved.

import { el, section } from "./dom.js";
import { address } from "./place.js";
import { badge } from "./summary.js";
import { table } from "./table.js";
import { number } from "./words.js";

/** The steps of a way, from what can run to what is waited on. */
export function way(why) {
  return [
    el(
      "ol",
      { class: "way" },
      why.way.map((step) =>
        el(
          "li",
          null,
          el("code", null, step.what, step.field ? ` ${step.field}` : ""),
          " ",
          address(step.address),
          step.word ? el("span", { class: "faint" }, ` x/gx ${step.word}`) : null,
        ),
      ),
    ),
    why.uncounted
      ? el("p", { class: "faint" }, `For ORPHAN this way does not count: ${why.uncounted}`)
      : null,
  ];
}

function detail(page, group) {
  const why = page.ways.get(group.index);
  const kept = group.kept_by;
  return el(
    "div",
    null,
    kept
      ? el(
          "p",
          null,
          `${kept.holder}${kept.each ? `: ${kept.each}` : ""}, ${number(kept.goroutines)} of ${number(kept.of)}`,
        )
      : null,
    why ? way(why) : el("p", { class: "faint" }, `parked … why ${group.example} has the way.`),
  );
}

export function waysSection(page) {
  const rows = page.groups.filter(
    (group) => group.kept_by || page.ways.get(group.index)?.way.length > 0,
  );
  if (rows.length === 0) return null;
  const root = (group) => page.ways.get(group.index)?.way[0]?.what;
  const list = table({
    rows,
    label: "What keeps groups alive",
    columns: [
      {
        title: "Goroutines",
        number: true,
        of: (group) => group.count,
        show: (group) => number(group.count),
      },
      { title: "Verdict", of: (group) => group.verdict, show: (group) => badge(group.verdict) },
      {
        title: "At",
        class: "wide",
        of: (group) => group.user_frame?.func,
        show: (group) =>
          el(
            "a",
            { href: `#group-${group.index}`, onclick: (event) => page.showGroup(group, event) },
            group.user_frame?.func ?? "?",
          ),
      },
      { title: "Kept by", class: "wide", of: (group) => group.kept_by?.holder ?? root(group) },
      { title: "Steps", number: true, of: (group) => page.ways.get(group.index)?.way.length },
    ],
    key: (group) => `way-${group.index}`,
    search: () => "",
    detail: (group) => detail(page, group),
  });
  return section(
    "ways",
    "Kept alive by",
    number(rows.length),
    el(
      "p",
      { class: "faint" },
      "What can still run reaches what these wait on. A list that only grows shows here.",
    ),
    list.element,
  );
}
