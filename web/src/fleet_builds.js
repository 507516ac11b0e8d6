// Builds on a time line, with the leaks that came and went with each.

import { scaleUtc } from "d3-scale";
import { el, section, svg } from "./dom.js";
import { buildName, dayOf, nameOfLeak } from "./fleet_words.js";
import { timeFormat } from "./plot.js";
import { counted, number } from "./words.js";

const WIDTH = 1100;
const ROW = 20;
const NAMES = 140;
const BEHIND = 330; // room for words behind the last bar
const MOST = 15; // builds of a program

/** Which leaks came with a build, and which are gone in it. */
function changesOf(leaks, build) {
  const came = leaks.filter((leak) => leak.past.first_build === build);
  const back = leaks.filter((leak) => leak.past.back_in === build);
  const gone = leaks.filter((leak) => leak.past.fixed_in === build);
  return { came, back, gone };
}

function wordsOf({ came, back, gone }) {
  return [
    came.length > 0 && `+${came.length} new`,
    back.length > 0 && `+${back.length} back`,
    gone.length > 0 && `−${gone.length} fixed`,
  ]
    .filter(Boolean)
    .join("  ");
}

function titleOf(build, changes) {
  const list = (name, leaks) => leaks.map((leak) => `\n${name} ${nameOfLeak(leak)}`).join("");
  return (
    `${build.build}\n${counted(build.targets, "target")} on ${counted(build.hosts, "host")}, ` +
    `${dayOf(build.begins)} to ${dayOf(build.ends)}` +
    list("new:", changes.came) +
    list("back:", changes.back) +
    list("fixed:", changes.gone)
  );
}

function bar(build, i, x, leaks) {
  const changes = changesOf(leaks, build.build);
  const [left, right] = [x(new Date(build.begins)), x(new Date(build.ends))];
  const kind = changes.came.length + changes.back.length > 0 ? "worse" : "same";
  return svg(
    "g",
    { transform: `translate(0,${i * ROW})` },
    svg("title", null, titleOf(build, changes)),
    svg(
      "text",
      { class: "build-name", x: NAMES - 8, y: 14, "text-anchor": "end" },
      buildName(build.build),
    ),
    svg("rect", {
      class: `build ${changes.gone.length > 0 && kind === "same" ? "better" : kind}`,
      x: left,
      y: 3,
      width: Math.max(3, right - left),
      height: ROW - 6,
      rx: 3,
    }),
    svg("text", { class: "changes", x: Math.max(left + 3, right) + 6, y: 14 }, wordsOf(changes)),
  );
}

function timeLine(builds, leaks) {
  const begins = builds.map((build) => Date.parse(build.begins));
  const ends = builds.map((build) => Date.parse(build.ends));
  const days = Math.max(...ends) - Math.min(...begins) > 2 * 86_400_000;
  const x = scaleUtc([Math.min(...begins), Math.max(...ends)], [NAMES, WIDTH - BEHIND]);
  const height = builds.length * ROW + 26;
  const label = x.tickFormat(6, days ? "%b %d" : timeFormat(x.domain()));
  return svg(
    "svg",
    { class: "timeline", viewBox: `0 0 ${WIDTH} ${height}`, width: WIDTH, height, role: "img" },
    x
      .ticks(6)
      .map((time) =>
        svg(
          "g",
          { class: "tick", transform: `translate(${x(time)},0)` },
          svg("line", { y2: height - 22 }),
          svg("text", { y: height - 8, "text-anchor": "middle" }, label(time)),
        ),
      ),
    builds.map((build, i) => bar(build, i, x, leaks)),
  );
}

export function buildsSection(page) {
  const programs = page.fleet.programs.filter((program) => program.builds.length > 0);
  if (programs.length === 0) return null;
  return section(
    "builds",
    "Builds",
    null,
    programs.flatMap((program) => [
      el(
        "h3",
        null,
        program.name,
        program.builds.length > MOST
          ? el("span", { class: "count" }, `the last ${MOST} of ${number(program.builds.length)}`)
          : null,
      ),
      el(
        "div",
        { class: "scroll", tabindex: 0 },
        timeLine(
          program.builds.slice(-MOST),
          page.fleet.leaks.filter((leak) => leak.program === program.name),
        ),
      ),
    ]),
  );
}
