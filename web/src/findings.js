// What the rules found: the pattern, its evidence, and what to change.

import { el, section } from "./dom.js";
import { place } from "./place.js";
import { badge, facts } from "./summary.js";
import { counted, number } from "./words.js";

const FIRST = 50;
const IDS = 20;

/** Ids of goroutines, a few; each leads to its group, but in that itself. */
export function goroutineIds(page, ids, most = IDS, own = null) {
  const listed = ids.slice(0, most).flatMap((id, i) => {
    const group = page.groupOf.get(id);
    const shown =
      group && group !== own
        ? el(
            "a",
            { href: `#group-${group.index}`, onclick: (event) => page.showGroup(group, event) },
            String(id),
          )
        : String(id);
    return i === 0 ? [shown] : [", ", shown];
  });
  return el(
    "span",
    { class: "ids" },
    listed,
    ids.length > most ? ` and ${number(ids.length - most)} more` : "",
  );
}

function card(page, finding) {
  const group = page.groups[finding.group];
  return el(
    "article",
    { class: `finding edge ${finding.verdict}`, id: `finding-${finding.number}` },
    el(
      "h3",
      null,
      el(
        "a",
        {
          href: safeUrl(finding.documentation),
          rel: "noreferrer",
          class: "rule",
          title: "What the rule is about",
        },
        finding.rule,
      ),
      " ",
      finding.title ?? "",
      badge(finding.verdict),
      finding.known
        ? el("span", { class: "badge known", title: "the baseline lists it" }, "known")
        : null,
    ),
    finding.sentence ? el("p", null, finding.sentence) : null,
    finding.fix ? el("p", { class: "fix" }, el("b", null, "Fix: "), finding.fix) : null,
    facts([
      ["at", place(finding.place)],
      [
        "evidence",
        finding.evidence.length > 0 &&
          el(
            "ul",
            { class: "evidence" },
            finding.evidence.map((each) => el("li", null, each)),
          ),
      ],
      ["who", finding.goroutines.length > 0 && goroutineIds(page, finding.goroutines)],
      [
        "group",
        group &&
          el(
            "a",
            { href: `#group-${group.index}`, onclick: (event) => page.showGroup(group, event) },
            `${counted(group.count, "goroutine")}, with stack`,
          ),
      ],
      ["fingerprint", el("code", { class: "long faint" }, finding.fingerprint)],
    ]),
  );
}

/** An address of documentation; nothing that would run. */
function safeUrl(url) {
  return /^https:\/\//.test(url ?? "") ? url : null;
}

export function findingsSection(page) {
  page.findings.forEach((finding, i) => {
    finding.number = i;
  });
  const cards = el("div", { class: "cards" });
  const more = el("button", { type: "button", onclick: () => grow(FIRST) });
  let shown = 0;
  function grow(by) {
    cards.append(...page.findings.slice(shown, shown + by).map((finding) => card(page, finding)));
    shown = Math.min(shown + by, page.findings.length);
    more.hidden = shown === page.findings.length;
    more.textContent = `Show more (${number(page.findings.length - shown)})`;
  }
  page.showFinding = (finding) => {
    grow(Math.max(0, finding.number + 1 - shown));
    document.getElementById(`finding-${finding.number}`).scrollIntoView({ block: "center" });
  };
  grow(FIRST);
  return section(
    "findings",
    "Findings",
    number(page.findings.length),
    page.findings.length === 0
      ? el("p", { class: "faint" }, "The rules found none of their patterns.")
      : null,
    cards,
    el("div", { class: "below" }, more),
  );
}
