// What is told at a glance: the program, how it was read, its goroutines by verdict, and what is not known.

import { el, link, section } from "./dom.js";
import { bytes, counted, duration, MEANING, number, plain, VERDICTS } from "./words.js";

export const titleOf = (target) =>
  [target.go_version, target.arch && `linux/${target.arch}`].filter(Boolean).join(", ");

/** A bar with a segment for each verdict that there is, and the same as a list. */
export function verdictBar(counts, choose) {
  const all = VERDICTS.filter((verdict) => counts[verdict] > 0);
  const total = all.reduce((sum, verdict) => sum + counts[verdict], 0);
  if (total === 0) return el("p", { class: "faint" }, "no goroutines of the program");
  const share = (verdict) => `${((100 * counts[verdict]) / total).toFixed(1)}%`;
  const bar = el(
    "div",
    { class: "verdicts", "aria-hidden": "true" },
    all.map((verdict) => {
      const part = el("div", {
        class: `part ${verdict}`,
        title: `${number(counts[verdict])} ${verdict}`,
      });
      part.style.flexGrow = counts[verdict];
      return part;
    }),
  );
  const legend = el(
    "ul",
    { class: "legend" },
    all.map((verdict) =>
      el(
        "li",
        null,
        el(
          "button",
          {
            type: "button",
            title: `${MEANING[verdict]}: show these groups`,
            onclick: () => choose(verdict),
          },
          badge(verdict),
          el("b", null, number(counts[verdict])),
          el("span", { class: "faint" }, share(verdict)),
        ),
      ),
    ),
  );
  return [bar, legend];
}

export const badge = (verdict) =>
  el("span", { class: `badge ${verdict}`, title: MEANING[verdict] }, verdict);

/** Terms with what they are; those without are left out. */
export const facts = (pairs) =>
  el(
    "dl",
    { class: "facts" },
    pairs
      .filter(([, what]) => ![null, undefined, false, ""].includes(what))
      .map(([term, what]) => [el("dt", null, term), el("dd", null, what)]),
  );

function readFrom(target) {
  const parts = [target.source ?? plain(target.kind)];
  if (target.signal) parts.push(target.signal);
  if (target.taken_at) parts.push(`${target.taken_at.slice(0, 19).replace("T", " ")} UTC`);
  if (target.uptime_ns) parts.push(`up ${duration(target.uptime_ns)}`);
  if (target.pause_ns) parts.push(`stopped for ${duration(target.pause_ns)}`);
  return parts.join(", ");
}

const notice = (kind, ...content) => el("p", { class: `notice ${kind}` }, content);

/** What a reader must not overlook. */
function notices({ report }) {
  const all = [];
  const crash = report.target.crash;
  if (crash)
    all.push(
      crash.from_outside
        ? notice("plain", el("b", null, "Ended by "), crash.text)
        : notice("bad", el("b", null, "Died of "), el("span", { class: "lines" }, crash.text)),
    );
  if (report.proof.state === "withheld") {
    all.push(
      notice(
        "warn",
        el("b", null, "Nothing was proved: "),
        `${report.proof.withheld}. WAITING is no clean bill then.`,
      ),
    );
  } else if (report.proof.state === "not_asked") {
    all.push(
      notice("warn", el("b", null, "No proof was asked for."), " WAITING is no clean bill then."),
    );
  }
  if (report.incomplete.length > 0) {
    all.push(
      el(
        "div",
        { class: "notice warn" },
        el("b", null, "Not everything could be read"),
        el(
          "ul",
          null,
          report.incomplete.map((each) => el("li", null, incompleteText(each))),
        ),
      ),
    );
  }
  if (report.fail_on) {
    const { groups, findings, verdict } = report.fail_on;
    const failing = groups.length + findings.length;
    all.push(
      failing > 0
        ? notice(
            "bad",
            `--fail-on ${verdict.toLowerCase()}: ${counted(groups.length, "group")} and ${counted(findings.length, "finding")} about resources fail.`,
          )
        : notice("good", `--fail-on ${verdict.toLowerCase()}: nothing fails.`),
    );
  }
  return all;
}

const incompleteText = (each) =>
  [each.what, each.detail, each.count > 1 ? `${number(each.count)} times` : ""]
    .filter(Boolean)
    .join(": ");

/** Lists that were cut when the page was written. */
const cutText = (cut) =>
  Object.entries(cut)
    .map(
      ([path, { kept, total }]) =>
        `${number(kept)} of ${number(total)} ${plain(path.replace(/^report\./, ""))}`,
    )
    .join(", ");

export function summarySection(page) {
  const { report } = page;
  const { target } = report;
  const states = target.goroutines;
  const retained = page.groups.map((group) => group.retained).filter(Boolean);
  const sum = (name) => retained.reduce((all, each) => all + each[name], 0);
  const leaking = page.findings.filter((each) => each.group === null).length;
  return section(
    "summary",
    "Summary",
    null,
    notices(page),
    verdictBar(target.verdicts, page.chooseVerdict),
    facts([
      ["read from", readFrom(target)],
      ["build id", target.build_id && el("code", { class: "long" }, target.build_id)],
      ["goroutines", states && statesText(states)],
      [
        "retained",
        retained.length > 0
          ? `${bytes(sum("stack_bytes") + sum("heap_bytes"))} by leaked goroutines: stacks ${bytes(sum("stack_bytes"))}, heap ${bytes(sum("heap_bytes"))}`
          : null,
      ],
      [
        "findings",
        page.findings.length > 0
          ? [
              link("findings", counted(page.findings.length, "finding")),
              leaking > 0 ? `, ${number(leaking)} about resources` : "",
            ]
          : "none",
      ],
      [
        "on this page",
        Object.keys(page.cut).length > 0 && `${cutText(page.cut)}; parked … report --json has all`,
      ],
    ]),
  );
}

function statesText(states) {
  const parts = ["blocked", "running", "runnable", "syscall", "other"]
    .filter((state) => states[state] > 0)
    .map((state) => `${number(states[state])} ${state === "syscall" ? "in system calls" : state}`);
  const system = states.system > 0 ? `; ${number(states.system)} of the runtime` : "";
  return `${number(states.total)}: ${parts.join(", ")}${system}`;
}
