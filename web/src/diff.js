// The page of two reports held against each other.

import { chips } from "./chips.js";
import { el, section } from "./dom.js";
import { place } from "./place.js";
import { badge, facts } from "./summary.js";
import { table } from "./table.js";
import { baseName, counted, gravity, number } from "./words.js";

const CHANGES = ["new", "grown", "shrunk", "gone", "same"];

const placeOf = (row) => place({ func: row.func, file: row.file, line: row.line });

function sideFacts(side) {
  return facts([
    ["read from", el("code", null, side.source ?? "")],
    ["program", [baseName(side.program), side.go_version ? `, ${side.go_version}` : ""]],
    ["build id", side.build_id && el("code", { class: "long faint" }, side.build_id)],
    ["process", side.pid],
    ["taken at", side.taken_at && `${side.taken_at.slice(0, 19).replace("T", " ")} UTC`],
    ["goroutines", number(side.goroutines)],
    ["proof", side.proved ? "given" : (side.withheld ?? "not given")],
    ["incomplete", side.incomplete ? "something could not be read" : null],
    ["in part", side.partial ? "filters or a limit left goroutines out" : null],
  ]);
}

/** Before and after as two bars, to one scale. */
function bars(row, most) {
  const bar = (value, kind) => {
    const part = el("div", { class: kind });
    part.style.width = `${most > 0 ? (100 * value) / most : 0}%`;
    return part;
  };
  return el(
    "div",
    { class: "pair", title: `${number(row.before)} before, ${number(row.after)} after` },
    bar(row.before, "before"),
    bar(row.after, `after ${row.verdict}`),
  );
}

function columns(rows, extra) {
  const most = Math.max(0, ...rows.map((row) => Math.max(row.before, row.after)));
  return [
    {
      title: "Change",
      of: (row) => CHANGES.indexOf(row.change),
      show: (row) =>
        el("span", { class: `change ${row.change}` }, row.change, row.known ? " (known)" : ""),
    },
    { title: "Verdict", of: (row) => -gravity(row.verdict), show: (row) => badge(row.verdict) },
    { title: "Before", number: true, of: (row) => row.before, show: (row) => number(row.before) },
    { title: "After", number: true, of: (row) => row.after, show: (row) => number(row.after) },
    {
      title: "By",
      number: true,
      of: (row) => row.after - row.before,
      show: (row) => signed(row.after - row.before),
    },
    { title: "", of: (row) => Math.max(row.before, row.after), show: (row) => bars(row, most) },
    ...extra,
    { title: "At", class: "wide", of: (row) => row.func, show: placeOf },
    { title: "Created by", class: "wide", of: (row) => row.created_by },
  ];
}

function changes(id, title, rows, extra) {
  const list = table({
    rows,
    label: title,
    columns: columns(rows, extra),
    search: (row) => Object.values(row).join("\n"),
  });
  const box = el("input", {
    type: "search",
    placeholder: "function, rule, change …",
    "aria-label": `Search ${title}`,
    oninput: update,
  });
  const of = (change) => rows.filter((row) => row.change === change);
  const kinds = chips(
    "change",
    CHANGES.filter((change) => of(change).length > 0),
    (change) => [
      el("span", { class: `change ${change}` }, change),
      ` ${number(of(change).length)}`,
    ],
    update,
  );
  function update() {
    list.filter(box.value, (row) => kinds.allows(row.change));
  }
  return section(
    id,
    title,
    number(rows.length),
    rows.length === 0
      ? el("p", { class: "faint" }, "Neither has any.")
      : [el("div", { class: "controls" }, box, kinds.element), list.element],
  );
}

const signed = (value) =>
  value > 0 ? `+${number(value)}` : value < 0 ? `−${number(-value)}` : "0";

function verdictOn(diff) {
  const worse = diff.findings.filter((row) => ["new", "grown"].includes(row.change) && !row.known);
  const gone = diff.findings.filter((row) => row.change === "gone");
  const words = [];
  if (worse.length > 0) words.push(`${counted(worse.length, "finding")} new or grown`);
  if (gone.length > 0) words.push(`${counted(gone.length, "finding")} gone`);
  return el(
    "p",
    { class: `notice ${worse.length > 0 ? "bad" : "good"}` },
    el("b", null, words.join(", ") || "No finding is new, has grown or is gone"),
  );
}

export function diffPage({ diff }) {
  const still = diff.still_parked;
  const name = baseName(diff.b.program ?? diff.a.program) || "two reports";
  return {
    title: `${name}, what changed: parked`,
    heading: [
      el(
        "h1",
        null,
        name,
        el("small", null, diff.same_process ? "one process, at two times" : "two processes"),
      ),
    ],
    sections: [
      section(
        "summary",
        "Summary",
        null,
        verdictOn(diff),
        el(
          "div",
          { class: "columns" },
          el("div", null, el("h3", null, "A, before"), sideFacts(diff.a)),
          el("div", null, el("h3", null, "B, after"), sideFacts(diff.b)),
        ),
        still.length > 0
          ? el(
              "p",
              null,
              `${counted(still.length, "goroutine")} still parked on the same object: ${still.slice(0, 40).join(", ")}${still.length > 40 ? ` and ${number(still.length - 40)} more` : ""}`,
            )
          : null,
      ),
      changes("findings", "Findings", diff.findings, [
        {
          title: "Rule",
          of: (row) => row.rule,
          show: (row) => el("span", null, el("b", null, row.rule ?? ""), ` ${row.title ?? ""}`),
        },
      ]),
      changes("groups", "Groups", diff.groups, [
        { title: "Waits in", of: (row) => row.title },
        {
          title: "Still parked",
          number: true,
          of: (row) => row.still_parked,
          show: (row) => (row.still_parked ? number(row.still_parked) : ""),
        },
      ]),
    ],
  };
}
