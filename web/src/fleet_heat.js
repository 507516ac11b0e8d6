// Which leaks are on which hosts: a cell is as dark as the leak is large there.

import { el, section, svg } from "./dom.js";
import { nameOfLeak } from "./fleet_words.js";
import { counted, number } from "./words.js";

const CELL = 16;
const NAMES = 300;
const LONGEST = 18; // of a host's name, in characters

/** 0.12 to 1, by the logarithm: one leak of a million goroutines does not make all others pale. */
const strength = (count, most) => 0.12 + 0.88 * (Math.log1p(count) / Math.log1p(Math.max(1, most)));

const shortened = (text, most) => (text.length <= most ? text : `…${text.slice(1 - most)}`);

function leakNames(page, shown, top) {
  return shown.map((leak, i) =>
    svg(
      "text",
      {
        class: "leak-name",
        x: NAMES - 8,
        y: top + i * CELL + 12,
        "text-anchor": "end",
        tabindex: 0,
        role: "link",
        onclick: (event) => page.showLeak(event, leak),
        onkeydown: (event) => event.key === "Enter" && page.showLeak(event, leak),
      },
      svg("title", null, `${nameOfLeak(leak)}, ${leak.program}`),
      shortened(nameOfLeak(leak), 40),
    ),
  );
}

const hostNames = (hosts, top) =>
  hosts.map((host, i) =>
    svg(
      "text",
      {
        class: "host-name",
        transform: `translate(${NAMES + i * CELL + 11},${top - 6}) rotate(-60)`,
      },
      shortened(host, LONGEST),
    ),
  );

function cellOf(leak, host, count, { x, y, most }) {
  const cell = svg(
    "rect",
    { class: "cell", x, y, width: CELL - 1, height: CELL - 1 },
    svg("title", null, `${counted(count, "goroutine")} in ${nameOfLeak(leak)} on ${host}`),
  );
  cell.style.fillOpacity = strength(count, most);
  return cell;
}

function drawing(page, heat) {
  const width = NAMES + heat.hosts.length * CELL + 60;
  const longest = Math.max(...heat.hosts.map((host) => host.length));
  const top = 16 + 6 * Math.min(LONGEST, longest);
  const height = top + heat.leaks.length * CELL + 4;
  const most = Math.max(...heat.cells.map((cell) => cell[2]));
  const shown = heat.leaks.map((index) => page.fleet.leaks[index]);
  const row = new Map(heat.leaks.map((index, i) => [index, i]));
  return svg(
    "svg",
    { class: "heat", width, height, viewBox: `0 0 ${width} ${height}`, role: "group" },
    leakNames(page, shown, top),
    hostNames(heat.hosts, top),
    shown.map((_, i) =>
      svg("rect", {
        class: "lane",
        x: NAMES,
        y: top + i * CELL,
        width: heat.hosts.length * CELL,
        height: CELL - 1,
      }),
    ),
    heat.cells.map(([leak, host, count]) =>
      cellOf(page.fleet.leaks[leak], heat.hosts[host], count, {
        x: NAMES + host * CELL,
        y: top + row.get(leak) * CELL,
        most,
      }),
    ),
  );
}

export function heatSection(page) {
  const maps = page.fleet.heat_maps;
  if (maps.length === 0) return null;
  return section(
    "hosts",
    "Hosts",
    null,
    el("p", { class: "faint" }, "Goroutines at the last look at each host; stronger is more."),
    maps.flatMap((heat) => [
      el(
        "h3",
        null,
        heat.program,
        heat.of_hosts > heat.hosts.length
          ? el(
              "span",
              { class: "count" },
              `the worst ${number(heat.hosts.length)} of ${counted(heat.of_hosts, "host")} with leaks`,
            )
          : null,
      ),
      el("div", { class: "scroll", tabindex: 0 }, drawing(page, heat)),
    ]),
  );
}
