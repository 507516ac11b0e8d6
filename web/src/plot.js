// Counts over time, drawn as lines.

import { scaleLinear, scaleUtc } from "d3-scale";
import { svg } from "./dom.js";
import { number } from "./words.js";

const MARGIN = { top: 10, right: 16, bottom: 26, left: 64 };

const dayAndTime = new Intl.DateTimeFormat("en-GB", {
  timeZone: "UTC",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** "26 Nov, 11:13:41 UTC". */
export const timeText = (time) => `${dayAndTime.format(time)} UTC`;

function points(times, counts, x, y) {
  return times.map((time, i) => `${x(time).toFixed(1)},${y(counts[i]).toFixed(1)}`).join(" ");
}

/** As fine as what is shown: seconds of some minutes, days of some weeks. */
export function timeFormat([first, last]) {
  const minutes = (last - first) / 60_000;
  return minutes < 10 ? "%H:%M:%S" : minutes < 2 * 24 * 60 ? "%H:%M" : "%b %d %H:%M";
}

function axes(x, y, { width, height }) {
  const label = x.tickFormat(8, timeFormat(x.domain()));
  return [
    y
      .ticks(5)
      .map((count) =>
        svg(
          "g",
          { class: "tick", transform: `translate(0,${y(count)})` },
          svg("line", { x1: MARGIN.left, x2: width - MARGIN.right }),
          svg("text", { x: MARGIN.left - 8, dy: "0.32em", "text-anchor": "end" }, number(count)),
        ),
      ),
    x
      .ticks(8)
      .map((time) =>
        svg(
          "text",
          { class: "tick", x: x(time), y: height - 8, "text-anchor": "middle" },
          label(time),
        ),
      ),
  ];
}

/**
 * lines: [{counts, name, hue}], a count for each of the `times`; hue: which of the page's colours, none: ink.
 * onPoint(i): the point that is pointed at, null: none is.
 */
export function plot(times, lines, { width = 1100, height = 260, label, onPoint }) {
  const most = Math.max(1, ...lines.flatMap((line) => line.counts));
  const x = scaleUtc([times[0], times.at(-1)], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear([0, most], [height - MARGIN.bottom, MARGIN.top]).nice(5);
  const cursor = svg("line", { class: "cursor", y1: MARGIN.top, y2: height - MARGIN.bottom });
  cursor.style.visibility = "hidden";

  function pointAt(event) {
    const box = element.getBoundingClientRect();
    const time = x.invert(((event.clientX - box.left) * width) / box.width);
    let nearest = 0;
    times.forEach((each, i) => {
      if (Math.abs(each - time) < Math.abs(times[nearest] - time)) nearest = i;
    });
    cursor.setAttribute("x1", x(times[nearest]));
    cursor.setAttribute("x2", x(times[nearest]));
    cursor.style.visibility = "visible";
    onPoint?.(nearest);
  }

  const element = svg(
    "svg",
    {
      class: "plot",
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": label,
      onpointermove: pointAt,
      onpointerleave: () => {
        cursor.style.visibility = "hidden";
        onPoint?.(null);
      },
    },
    axes(x, y, { width, height }),
    lines.map((line) => {
      const hue = line.hue === undefined ? "" : `hue-${line.hue}`;
      // A line of one point is none.
      if (times.length === 1)
        return svg("circle", {
          class: `dot ${hue}`,
          cx: x(times[0]),
          cy: y(line.counts[0]),
          r: 3,
        });
      return svg("polyline", {
        class: `line ${hue}`,
        points: points(times, line.counts, x, y),
        "data-name": line.name,
      });
    }),
    cursor,
  );
  return element;
}

/** A line as small as a word, to its own scale. */
export function spark(times, counts) {
  const [width, height] = [110, 20];
  const x = scaleLinear([times[0], times.at(-1)], [2, width - 2]);
  const y = scaleLinear([0, Math.max(1, ...counts)], [height - 2, 2]);
  return svg(
    "svg",
    { class: "spark", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" },
    svg("polyline", { class: "line", points: points(times, counts, x, y) }),
  );
}
