// The page of one report.

import { el } from "./dom.js";
import { findingsSection } from "./findings.js";
import { flameSection } from "./flame.js";
import { graphSection } from "./graph.js";
import { groupsSection } from "./groups.js";
import { resourceSections } from "./resources.js";
import { summarySection, titleOf } from "./summary.js";
import { waysSection } from "./ways.js";
import { baseName } from "./words.js";

/** What the parts of the page tell each other. */
class Page {
  constructor(data) {
    this.report = data.report;
    this.waits = data.waits;
    this.ways = new Map(data.ways.map((each) => [each.group, each.why]));
    this.cut = data.cut;
    this.groups = data.report.groups;
    this.findings = data.report.findings;
    this.groupOf = new Map();
    for (const group of this.groups) {
      for (const id of group.goroutines) this.groupOf.set(id, group);
    }
  }

  /** "2,000 of 5,000" where the list was cut when the page was written. */
  cutNote(name) {
    const cut = this.cut[name];
    return cut ? `the first ${cut.kept} of ${cut.total} are on this page` : "";
  }
}

export function reportPage(data) {
  const page = new Page(data);
  const groups = groupsSection(page);
  page.showGroup = groups.show;
  page.searchGroups = groups.search;
  page.chooseVerdict = groups.choose;
  const sections = [
    summarySection(page),
    findingsSection(page),
    groups.section,
    flameSection(page),
    graphSection(page),
    waysSection(page),
    ...resourceSections(page),
  ].filter(Boolean);
  const program = baseName(page.report.target.program) || "a Go program";
  return {
    title: `${program}: parked`,
    heading: [el("h1", null, program, el("small", null, titleOf(page.report.target)))],
    sections,
  };
}
