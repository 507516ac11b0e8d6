// The page of `parked watch --html`: what there was at each look, and what grows.

import { el, section } from "./dom.js";
import { place } from "./place.js";
import { plot, spark, timeText } from "./plot.js";
import { badge, facts } from "./summary.js";
import { table } from "./table.js";
import { baseName, counted, duration, gravity, number, plain } from "./words.js";

/** As many lines as there are colours to tell them apart. */
const HUES = 6;

const signed = (value) =>
  value > 0 ? `+${number(value)}` : value < 0 ? `−${number(-value)}` : "0";

const rate = (perMinute) =>
  `${perMinute >= 10 ? number(Math.round(perMinute)) : perMinute.toFixed(1)}/min`;

const waitsIn = (group) => group.reason ?? plain(group.state);

const nameOf = (group) => group.user?.func ?? group.created_by?.func ?? waitsIn(group);

/** Those that grow; else those that changed most, of which there may be none. */
function worthDrawing(groups) {
  const growing = groups.filter((group) => group.growing);
  const spread = (group) => Math.max(...group.counts) - Math.min(...group.counts);
  const chosen =
    growing.length > 0
      ? growing
      : groups.filter((group) => spread(group) > 0).sort((a, b) => spread(b) - spread(a));
  return (chosen.length > 0 ? chosen : groups).slice(0, HUES);
}

function growthNotice(watch) {
  const growing = watch.groups.filter((group) => group.growing);
  if (growing.length > 0) {
    const all = growing.reduce((sum, group) => sum + group.per_minute, 0);
    return el(
      "p",
      { class: "notice bad" },
      el(
        "b",
        null,
        `${counted(growing.length, "group")} ${growing.length === 1 ? "grows" : "grow"}`,
      ),
      `, by ${rate(all)}`,
    );
  }
  return watch.looks < 4
    ? el("p", { class: "notice plain" }, "What grows can be told from look 4 on.")
    : el("p", { class: "notice good" }, el("b", null, "Nothing grows."));
}

function summary(watch) {
  const { target } = watch;
  const times = watch.since_first_ns;
  const incomplete = watch.incomplete.map((each) => el("li", null, each.what, ": ", each.detail));
  return section(
    "summary",
    "Summary",
    null,
    growthNotice(watch),
    watch.ended ? el("p", { class: "notice warn" }, "No look after this one: ", watch.ended) : null,
    watch.no_proof
      ? el("p", { class: "notice warn" }, el("b", null, "Nothing was proved: "), watch.no_proof)
      : null,
    incomplete.length > 0
      ? el(
          "div",
          { class: "notice warn" },
          el("b", null, "Not everything could be read at the last look"),
          el("ul", null, incomplete),
        )
      : null,
    facts([
      ["process", target.pid],
      ["program", target.program],
      ["build id", target.build_id && el("code", { class: "long" }, target.build_id)],
      [
        "looks",
        `${number(watch.looks)}, every ${duration(watch.every_ns)}, for ${duration(times.at(-1))}`,
      ],
      ["last look", target.taken_at && timeText(new Date(target.taken_at))],
      ["stopped for", duration(target.pause_ns)],
      [
        "goroutines",
        `${number(watch.goroutines.at(-1))}, ${signed(watch.goroutines.at(-1) - watch.goroutines[0])} since the first look`,
      ],
      [
        "points",
        watch.looks_a_point > 1
          ? `one of ${number(watch.looks_a_point)} looks is drawn, and the last one`
          : null,
      ],
    ]),
  );
}

/** The plot of some groups, with a key that takes lines out, and what is pointed at. */
function groupsPlot(watch, times) {
  const drawn = worthDrawing(watch.groups);
  const off = new Set();
  const holder = el("div");
  const told = el("p", { class: "state", role: "status" });
  const buttons = drawn.map((group, hue) =>
    el(
      "button",
      {
        type: "button",
        class: "chip",
        "aria-pressed": "true",
        title: "Show or hide this line",
        onclick: () => {
          off.has(group) ? off.delete(group) : off.add(group);
          draw();
        },
      },
      el("span", { class: `key hue-${hue}` }),
      el("code", null, nameOf(group)),
      ` ${waitsIn(group)}`,
    ),
  );

  function tell(i) {
    const parts =
      i === null ? [] : drawn.map((group) => `${nameOf(group)} ${number(group.counts[i])}`);
    told.textContent = i === null ? "" : `${timeText(times[i])}: ${parts.join(", ")}`;
  }

  function draw() {
    const lines = drawn
      .map((group, hue) => ({ counts: group.counts, name: nameOf(group), hue }))
      .filter((_, hue) => !off.has(drawn[hue]));
    buttons.forEach((button, hue) => {
      button.setAttribute("aria-pressed", String(!off.has(drawn[hue])));
    });
    holder.replaceChildren(plot(times, lines, { label: "Goroutines of groups", onPoint: tell }));
  }

  draw();
  return [el("div", { class: "chips keys" }, buttons), holder, told];
}

function growth(watch, times) {
  const told = el("p", { class: "state", role: "status" });
  const all = [{ counts: watch.goroutines, name: "all" }];
  const onPoint = (i) => {
    told.textContent =
      i === null ? "" : `${timeText(times[i])}: ${counted(watch.goroutines[i], "goroutine")}`;
  };
  return section(
    "growth",
    "Growth",
    null,
    el(
      "h3",
      null,
      watch.groups.some((group) => group.growing) ? "Groups that grow" : "Groups that changed most",
    ),
    watch.groups.length > 0
      ? groupsPlot(watch, times)
      : el("p", { class: "faint" }, "There are none."),
    el("h3", null, "All goroutines"),
    plot(times, all, { height: 180, label: "All goroutines", onPoint }),
    told,
  );
}

function detailOf(group, times) {
  return el(
    "div",
    null,
    facts([
      ["created by", place(group.created_by)],
      ["new", number(group.new)],
      ["gone", number(group.gone)],
      ["parked anew", number(group.parked_anew)],
      ["still there", `${number(group.same)}, ${number(group.same_as_first)} since the first look`],
      ["seen first", `at look ${number(group.first_look)}`],
      ["e.g.", `goroutine ${group.example}`],
      ["waits for", group.wait_at_least_ns && `at least ${duration(group.wait_at_least_ns)}`],
    ]),
    plot(times, [{ counts: group.counts, name: nameOf(group), hue: 0 }], {
      height: 180,
      label: `Goroutines in ${nameOf(group)}`,
    }),
  );
}

function columns(times) {
  return [
    { title: "Goroutines", number: true, of: (group) => group.count },
    {
      title: "Change",
      number: true,
      help: "Against the look before",
      of: (group) => group.change,
      show: (group) => signed(group.change),
    },
    {
      title: "Since the first",
      number: true,
      of: (group) => group.counts.at(-1) - group.counts[0],
      show: (group) => signed(group.counts.at(-1) - group.counts[0]),
    },
    {
      title: "Grows by",
      number: true,
      of: (group) => (group.growing ? group.per_minute : null),
      show: (group) =>
        group.growing ? el("b", { class: "warn-text" }, rate(group.per_minute)) : "",
    },
    {
      title: "",
      of: (group) => group.counts.at(-1),
      show: (group) => spark(times, group.counts),
    },
    {
      title: "Verdict",
      of: (group) => -gravity(group.verdict),
      show: (group) =>
        el(
          "span",
          null,
          badge(group.verdict),
          group.known ? el("span", { class: "badge known" }, "known") : null,
        ),
    },
    { title: "Waits in", of: waitsIn },
    {
      title: "At",
      class: "wide",
      of: nameOf,
      show: (group) => place(group.user) ?? nameOf(group),
    },
  ];
}

function groups(watch, times) {
  const list = table({
    rows: watch.groups,
    label: "Groups",
    key: (group) => `group-${group.number}`,
    note:
      watch.groups_total > watch.groups.length
        ? `${number(watch.groups_total)} groups in all; those that grow and the largest are on this page`
        : null,
    detail: (group) => detailOf(group, times),
    search: (group) =>
      [nameOf(group), group.user?.file, group.created_by?.func, waitsIn(group), group.verdict].join(
        "\n",
      ),
    columns: columns(times),
  });
  const box = el("input", {
    type: "search",
    placeholder: "function, file, wait reason …",
    "aria-label": "Search groups",
    oninput: () => list.filter(box.value),
  });
  return section(
    "groups",
    "Groups",
    number(watch.groups.length),
    el("div", { class: "controls" }, box),
    list.element,
  );
}

export function watchPage({ watch }) {
  const { target } = watch;
  const name = baseName(target.program) || `process ${target.pid}`;
  // Looks are dated by the last one: the clock of those between does not jump.
  const last = target.taken_at ? Date.parse(target.taken_at) : 0;
  const elapsed = watch.since_first_ns.at(-1);
  const times = watch.since_first_ns.map((since) => new Date(last - (elapsed - since) / 1e6));
  return {
    title: `${name}, watched: parked`,
    heading: [
      el(
        "h1",
        null,
        name,
        el("small", null, `watched for ${duration(elapsed)}, ${counted(watch.looks, "look")}`),
      ),
    ],
    sections: [summary(watch), growth(watch, times), groups(watch, times)],
  };
}
