// The page of `parked-fleet report --html`: the leaks of many hosts and builds.

import { el, section } from "./dom.js";
import { buildsSection } from "./fleet_builds.js";
import { heatSection } from "./fleet_heat.js";
import { fleetLeaksSection } from "./fleet_leaks.js";
import { problemsSection, targetsSection } from "./fleet_targets.js";
import { nameOfLeak, STATES } from "./fleet_words.js";
import { facts } from "./summary.js";
import { bytes, counted, number } from "./words.js";

const day = (time) => `${time.slice(0, 16).replace("T", " ")} UTC`;

const notice = (kind, ...content) => el("p", { class: `notice ${kind}` }, content);

function notices(fleet) {
  return [
    ...fleet.incomplete.map((each) => notice("warn", el("b", null, "Incomplete: "), each)),
    ...fleet.warnings.map((each) => notice("plain", each)),
  ];
}

/** What is unusual about those that leak: of each leak the surest set. */
function headlines(page) {
  const told = page.fleet.leaks.filter((leak) => leak.contrast.length > 0).slice(0, 8);
  if (told.length === 0)
    return el(
      "p",
      { class: "faint" },
      "Nothing: no attribute is more frequent among processes that leak than chance would have it.",
    );
  return el(
    "ul",
    { class: "evidence" },
    told.map((leak) =>
      el(
        "li",
        null,
        el(
          "a",
          { href: `#${page.idOf(leak)}`, onclick: (event) => page.showLeak(event, leak) },
          el("code", null, nameOfLeak(leak)),
        ),
        " ",
        leak.contrast[0].sentence,
      ),
    ),
  );
}

function summarySection(page) {
  const { fleet } = page;
  const sum = (name) => fleet.programs.reduce((all, program) => all + program[name], 0);
  // What islands keep is dealt to groups, and told of the finding about them once more.
  const groups = fleet.leaks.filter((leak) => leak.kind === "group");
  const kept = groups.map((leak) => leak.retained_bytes).filter((each) => each !== null);
  const states = STATES.map((state) => [
    state,
    fleet.leaks.filter((leak) => leak.past.state === state).length,
  ]);
  return section(
    "summary",
    "Summary",
    null,
    notices(fleet),
    el(
      "ul",
      { class: "legend" },
      states.map(([state, count]) =>
        el(
          "li",
          null,
          el(
            "button",
            { type: "button", disabled: count === 0, onclick: () => page.chooseState(state) },
            el("span", { class: `state-of ${state.replace(" ", "-")}` }, state),
            el("b", null, number(count)),
          ),
        ),
      ),
    ),
    facts([
      ["window", `${day(fleet.since)} to ${day(fleet.until)}`],
      [
        "looked at",
        `${counted(sum("targets"), "target")} of ${counted(fleet.programs.length, "program")} on ${counted(sum("hosts"), "host")}`,
      ],
      [
        "not read",
        sum("incomplete") + sum("failed") > 0 &&
          `${number(sum("failed"))} failed, ${number(sum("incomplete"))} incomplete: these are never evidence that a leak is gone`,
      ],
      [
        "retained",
        kept.length > 0 &&
          `${bytes(kept.reduce((all, each) => all + each, 0))} at the last look at each host`,
      ],
    ]),
    el("h3", null, "What is unusual about those that leak"),
    headlines(page),
  );
}

/** What the parts of the page tell each other. */
class Page {
  constructor(data) {
    this.fleet = data.fleet;
    this.targets = data.targets;
    this.link = data.link;
    this.leaksTotal = data.leaks_total;
  }

  idOf(leak) {
    return `leak-${this.fleet.leaks.indexOf(leak)}`;
  }

  showLeak(event, leak) {
    event?.preventDefault();
    this.reveal(leak);
  }
}

export function fleetPage(data) {
  const page = new Page(data);
  const leaks = fleetLeaksSection(page);
  page.reveal = leaks.reveal;
  page.chooseState = leaks.choose;
  const targets = targetsSection(page);
  return {
    title: "fleet: parked",
    heading: [
      el(
        "h1",
        null,
        "Fleet",
        el("small", null, page.fleet.programs.map((program) => program.name).join(", ")),
      ),
    ],
    sections: [
      summarySection(page),
      leaks.section,
      heatSection(page),
      buildsSection(page),
      targets,
      problemsSection(page),
    ].filter(Boolean),
  };
}
