// Groups of goroutines with the same stack and the same kind of wait.

import { chips } from "./chips.js";
import { el, section } from "./dom.js";
import { goroutineIds } from "./findings.js";
import { place } from "./place.js";
import { badge, facts } from "./summary.js";
import { table } from "./table.js";
import { way } from "./ways.js";
import { bytes, counted, duration, gravity, number, plain, VERDICTS, where } from "./words.js";

const retainedBytes = (group) =>
  group.retained ? group.retained.stack_bytes + group.retained.heap_bytes : null;

const reasonOf = (group) => group.reason ?? plain(group.state);

function columns(page) {
  const findings = new Map();
  for (const finding of page.findings) {
    if (finding.group !== null) findings.set(finding.group, finding);
  }
  page.findingOf = (group) => findings.get(group.index);
  return [
    {
      title: "Goroutines",
      number: true,
      of: (group) => group.count,
      show: (group) => number(group.count),
    },
    {
      title: "Verdict",
      of: (group) => -gravity(group.verdict),
      show: (group) => [
        badge(group.verdict),
        group.known ? el("span", { class: "badge known" }, "known") : "",
      ],
    },
    { title: "Waits in", of: reasonOf },
    {
      title: "At",
      class: "wide",
      of: (group) => group.user_frame?.func ?? group.key,
      show: (group) => place(group.user_frame) ?? group.key ?? "",
    },
    {
      title: "Created by",
      class: "wide",
      of: (group) => group.created_by?.func,
      show: (group) => place(group.created_by),
    },
    {
      title: "For at least",
      number: true,
      of: (group) => group.wait_ns_at_least,
      show: (group) => duration(group.wait_ns_at_least),
    },
    {
      title: "Retains",
      number: true,
      of: retainedBytes,
      show: (group) => bytes(retainedBytes(group)),
    },
    {
      title: "Rule",
      of: (group) => findings.get(group.index)?.rule,
      show: (group) => ruleLink(page, findings.get(group.index)),
    },
  ].map((column) => ({
    ...column,
    show: column.show && ((group) => wrap(column.show(group))),
  }));
}

const wrap = (content) => (Array.isArray(content) ? el("span", null, content) : content);

function ruleLink(page, finding) {
  if (!finding) return null;
  return el(
    "a",
    {
      href: `#finding-${finding.number}`,
      title: finding.title,
      onclick: (event) => {
        event.preventDefault();
        page.showFinding(finding);
      },
    },
    finding.rule,
  );
}

function stack(group) {
  const frames = group.frames.map((frame) =>
    el(
      "li",
      { class: /^(runtime|internal\/runtime)[./]/.test(frame.func ?? "") ? "faint" : null },
      place(frame) ?? el("code", null, frame.pc ?? "?"),
      frame.inlined ? el("span", { class: "faint" }, " inlined") : null,
    ),
  );
  if (!group.stack_complete)
    frames.push(el("li", { class: "faint" }, "the rest could not be read"));
  return el("ol", { class: "stack" }, frames);
}

function detail(page, group) {
  const retained = group.retained;
  const cause = page.groups[group.root_cause_group];
  const kept = group.kept_by;
  const why = page.ways.get(group.index);
  const finding = page.findingOf(group);
  return el(
    "div",
    { class: "columns" },
    el(
      "div",
      null,
      facts([
        ["because", group.why],
        ["waits on", group.waits_on && el("span", { class: "lines" }, group.waits_on)],
        ["finding", finding && [ruleLink(page, finding), ` ${finding.title ?? ""}`]],
        ["fix", finding?.fix],
        ["in", place(group.library_frame)],
        [
          "created by",
          [
            place(group.created_by),
            group.creators > 1 ? ` and ${counted(group.creators - 1, "other place")}` : "",
          ],
        ],
        ["led there", group.origin && [plain(group.origin.how), " by ", place(group.origin)]],
        [
          "retains",
          retained &&
            `${bytes(retainedBytes(group))}: stacks ${bytes(retained.stack_bytes)}, ${counted(retained.heap_objects, "heap object")} (${bytes(retained.heap_bytes)})`,
        ],
        [
          "root cause",
          cause &&
            cause !== group &&
            el(
              "a",
              { href: `#group-${cause.index}`, onclick: (event) => page.showGroup(cause, event) },
              `${counted(cause.count, "goroutine")} at ${cause.user_frame?.func ?? "?"}`,
            ),
        ],
        [
          "kept by",
          kept &&
            `${kept.holder}${kept.each ? `: ${kept.each}` : ""} (${number(kept.goroutines)} of ${number(kept.of)})`,
        ],
        ["known as", group.known_as],
        ["goroutines", goroutineIds(page, group.goroutines, 60, group)],
        [
          "fingerprint",
          group.fingerprint && el("code", { class: "long faint" }, group.fingerprint),
        ],
      ]),
      why && why.way.length > 0 ? [el("h4", null, "Kept alive on this way"), way(why)] : null,
    ),
    el("div", null, el("h4", null, `Stack of goroutine ${group.example}`), stack(group)),
  );
}

const textOf = (group) =>
  [
    group.verdict,
    reasonOf(group),
    group.key,
    group.why,
    group.waits_on,
    group.known_as,
    group.fingerprint,
    group.kept_by?.holder,
    group.created_by?.func,
    where(group.created_by),
    ...group.frames.map((frame) => `${frame.func} ${where(frame)}`),
  ].join("\n");

/** What is searched for, and whether the runtime's own groups are listed. */
function inputs(page, { changed, cleared }) {
  const words = el("input", {
    type: "search",
    placeholder: "function, file, reason, verdict, goroutine id …",
    "aria-label": "Search the groups",
    oninput: changed,
    onkeydown: (event) => {
      if (event.key !== "Escape") return;
      words.value = "";
      cleared();
    },
  });
  const system = el("input", { type: "checkbox", onchange: changed });
  const hasSystem = page.groups.some((group) => group.system);
  return {
    words,
    system,
    choice: hasSystem ? el("label", null, system, " the runtime's own") : null,
  };
}

export function groupsSection(page) {
  const list = table({
    rows: page.groups,
    columns: columns(page),
    label: "Groups of goroutines",
    detail: (group) => detail(page, group),
    key: (group) => `group-${group.index}`,
    search: textOf,
    note: page.cutNote("report.groups"),
  });
  const used = VERDICTS.filter((each) => page.groups.some((group) => group.verdict === each));
  const verdicts = chips("verdict", used, badge, update);
  const { words, system, choice } = inputs(page, {
    changed: () => update(),
    cleared: () => verdicts.choose(null),
  });

  function update() {
    const wanted = words.value.trim();
    // A number is the id of a goroutine first of all.
    const owner = /^\d+$/.test(wanted) ? page.groupOf.get(Number(wanted)) : undefined;
    const chosen = (group) => verdicts.allows(group.verdict) && (system.checked || !group.system);
    if (owner) list.filter("", (group) => group === owner);
    else list.filter(wanted, chosen);
  }

  update();
  const part = section(
    "groups",
    "Groups",
    number(page.groups.length),
    el("div", { class: "controls" }, words, verdicts.element, choice),
    list.element,
  );
  return {
    section: part,
    choose(wanted) {
      verdicts.choose(wanted);
      part.scrollIntoView();
    },
    search(wanted) {
      words.value = wanted;
      verdicts.choose(null);
      part.scrollIntoView();
    },
    /** Opens the group, whatever was searched for. */
    show(group, event) {
      event?.preventDefault();
      if (list.reveal(group)) return;
      words.value = "";
      system.checked = system.checked || group.system;
      verdicts.choose(null);
      list.reveal(group);
    },
  };
}
