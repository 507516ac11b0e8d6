// The leaks of a fleet: a line each, and what it opens to.

import { chips } from "./chips.js";
import { el, section } from "./dom.js";
import { buildName, dayOf, nameOfLeak, perUnit, STATES, upFor } from "./fleet_words.js";
import { place } from "./place.js";
import { plot, spark } from "./plot.js";
import { badge, facts } from "./summary.js";
import { table } from "./table.js";
import { bytes, counted, gravity, number } from "./words.js";

const stateOf = (leak) =>
  el("span", { class: `state-of ${leak.past.state.replace(" ", "-")}` }, leak.past.state);

const placeOf = (leak) =>
  place({ func: nameOfLeak(leak), file: leak.file, line: leak.line, instance: null });

/** Points that were looked at, with their times. */
function known(page, leak) {
  const begin = Date.parse(page.fleet.since);
  const points = leak.series
    .map((value, i) => ({ value, time: new Date(begin + i * page.fleet.step_seconds * 1000) }))
    .filter((point) => point.value !== null);
  return { times: points.map((point) => point.time), counts: points.map((point) => point.value) };
}

/** A bar for each build: of the hosts that could have told, those that had the leak. */
function buildStrip(leak) {
  return el(
    "div",
    { class: "builds-strip" },
    leak.builds.map((each) => {
      const share = each.hosts > 0 ? Math.min(1, each.leaking / each.hosts) : 0;
      const fill = el("div", { class: "fill" });
      fill.style.height = `${100 * share}%`;
      const told =
        each.hosts === 0 && each.seen === 0
          ? "nobody looked at could have told"
          : `${number(each.leaking)} of ${counted(each.hosts, "host")} had it`;
      const kind = each.seen > 0 ? "has" : each.hosts > 0 ? "clean" : "blind";
      return el("div", { class: `one ${kind}`, title: `${buildName(each.build)}: ${told}` }, fill);
    }),
  );
}

const percent = (share) => `${(100 * share).toFixed(share < 0.1 && share > 0 ? 1 : 0)}%`;

function contrastTable(leak) {
  if (leak.contrast.length === 0) return null;
  return [
    el("h4", null, "What is unusual about the processes that leak"),
    table({
      rows: leak.contrast,
      label: "Contrast sets",
      search: () => "",
      columns: [
        {
          title: "They have",
          of: (one) => one.items.map((item) => `${item.attribute} ${item.value}`).join(" and "),
        },
        {
          title: "With it leak",
          number: true,
          of: (one) => one.leaking_with / one.all_with,
          show: (one) =>
            `${number(one.leaking_with)} of ${number(one.all_with)}, ${percent(one.leaking_with / one.all_with)}`,
        },
        {
          title: "Without leak",
          number: true,
          of: (one) => one.leaking_without,
          show: (one) =>
            `${number(one.leaking_without)} of ${number(one.all_without)}, ${percent(one.all_without ? one.leaking_without / one.all_without : 0)}`,
        },
        {
          title: "p",
          help: "Fisher's exact test, corrected for all sets that were tried",
          of: (one) => one.log_p,
          show: (one) => (one.p_value > 0 ? one.p_value.toExponential(0) : "< 1e-300"),
        },
      ],
    }).element,
  ];
}

function worstTable(page, leak) {
  if (leak.worst.length === 0) return null;
  return [
    el("h4", null, "Where it is largest, at the last look at each host"),
    table({
      rows: leak.worst,
      label: "Hosts",
      search: () => "",
      columns: [
        { title: "Host", of: (each) => each.host, show: (each) => page.targetLink(each) },
        { title: "Zone", of: (each) => each.zone },
        { title: "Build", of: (each) => each.build, show: (each) => buildName(each.build) },
        {
          title: "Up for",
          number: true,
          of: (each) => each.uptime_seconds,
          show: (each) => upFor(each.uptime_seconds),
        },
        { title: "Goroutines", number: true, of: (each) => each.goroutines },
        {
          title: "Retained",
          number: true,
          of: (each) => each.retained_bytes,
          show: (each) => bytes(each.retained_bytes),
        },
      ],
    }).element,
  ];
}

function detailOf(page, leak) {
  const { past } = leak;
  const { times, counts } = known(page, leak);
  return el(
    "div",
    null,
    facts([
      ["rule", leak.rule && `${leak.rule} ${leak.title ?? ""}`],
      ["fix", leak.fix],
      ["created by", leak.created_by && el("code", null, leak.created_by)],
      ["waits on", [leak.reason, leak.object].filter(Boolean).join(", ")],
      ["first seen", `${dayOf(past.first_seen)} in build ${buildName(past.first_build)}`],
      ["last seen", `${dayOf(leak.last_seen)} in build ${buildName(past.last_build)}`],
      ["back in", past.back_in && buildName(past.back_in)],
      [
        "fixed in",
        past.fixed_in &&
          `${buildName(past.fixed_in)}${leak.hosts > 0 ? `, still on ${counted(leak.hosts, "host")} with older builds` : ""}`,
      ],
      ["note", past.note],
      ["owner", leak.owners.join(" ")],
      ["fingerprint", el("code", null, leak.fingerprint)],
    ]),
    contrastTable(leak),
    times.length > 1
      ? [
          el("h4", null, "Goroutines of a target, on average"),
          plot(times, [{ counts, name: nameOfLeak(leak), hue: 0 }], {
            height: 180,
            label: `Goroutines in ${nameOfLeak(leak)}`,
          }),
        ]
      : null,
    el("h4", null, "Builds, the oldest first: share of hosts that had it"),
    buildStrip(leak),
    worstTable(page, leak),
  );
}

function columns(page) {
  return [
    { title: "Leak", class: "wide", of: nameOfLeak, show: placeOf },
    { title: "State", of: (leak) => STATES.indexOf(leak.past.state), show: stateOf },
    {
      title: "Verdict",
      of: (leak) => -gravity(leak.verdict),
      show: (leak) => badge(leak.verdict),
    },
    { title: "Retained", number: true, of: (leak) => leak.retained_bytes, show: retained },
    { title: "Hosts", number: true, of: (leak) => leak.hosts },
    { title: "Goroutines", number: true, of: (leak) => leak.goroutines },
    {
      title: "Window",
      help: "Goroutines of a target on average, over the window",
      of: (leak) => leak.growth_per_day,
      show: (leak) => {
        const { times, counts } = known(page, leak);
        return times.length > 1 ? spark(times, counts) : "";
      },
    },
    {
      title: "Per day",
      number: true,
      help: "By how much that grows in a day",
      of: (leak) => leak.growth_per_day,
      show: (leak) => perUnit(leak.growth_per_day),
    },
    {
      title: "Per hour up",
      number: true,
      help: "How many goroutines a target gains with each hour of uptime",
      of: (leak) => leak.growth_per_uptime_hour,
      show: (leak) => perUnit(leak.growth_per_uptime_hour),
    },
    { title: "Program", of: (leak) => leak.program },
    { title: "Owner", of: (leak) => leak.owners.join(" ") },
  ].filter((column) => column.title !== "Owner" || page.fleet.leaks.some((l) => l.owners.length));
}

function retained(leak) {
  if (leak.hosts === 0) return "";
  return leak.retained_bytes === null ? "not known" : bytes(leak.retained_bytes);
}

export function fleetLeaksSection(page) {
  const { leaks } = page.fleet;
  const list = table({
    rows: leaks,
    label: "Leaks",
    key: (leak) => page.idOf(leak),
    note:
      page.leaksTotal > leaks.length
        ? `the first ${number(leaks.length)} of ${number(page.leaksTotal)} are on this page`
        : null,
    detail: (leak) => detailOf(page, leak),
    search: (leak) =>
      [
        ...["program", "function", "file", "created_by", "reason", "rule", "title", "fingerprint"],
        ...["package", "verdict"],
      ]
        .map((name) => leak[name] ?? "")
        .concat(leak.past.state, leak.owners, leak.past.first_build, leak.past.last_build)
        .join("\n"),
    columns: columns(page),
  });
  const box = el("input", {
    type: "search",
    placeholder: "function, program, owner, rule …",
    "aria-label": "Search leaks",
    oninput: update,
  });
  const states = chips(
    "state",
    STATES.filter((state) => leaks.some((leak) => leak.past.state === state)),
    (state) => state,
    update,
  );
  function update() {
    list.filter(box.value, (leak) => states.allows(leak.past.state));
  }
  return {
    section: section(
      "leaks",
      "Leaks",
      number(page.leaksTotal),
      leaks.length === 0
        ? el("p", { class: "faint" }, "There are none.")
        : [el("div", { class: "controls" }, box, states.element), list.element],
    ),
    reveal: (leak) => {
      box.value = "";
      states.choose(null);
      list.reveal(leak);
    },
    choose: (state) => {
      states.choose(state);
      document.getElementById("leaks").scrollIntoView();
    },
  };
}
