// The flame graph of stacks: as wide as there are goroutines, or as leaked ones retain bytes.

import flamegraph from "d3-flame-graph";
import { select } from "d3-selection";
import { el, section, whenSeen } from "./dom.js";
import { bytes, counted, gravity } from "./words.js";

/** Deeper stacks are cut at their inner end: nobody reads them, and each frame is a line. */
const DEEPEST = 256;
const CELL = 20;

const WEIGHTS = {
  goroutines: { of: (group) => group.count, text: (value) => counted(value, "goroutine") },
  retained: {
    of: (group) => (group.retained ? group.retained.stack_bytes + group.retained.heap_bytes : 0),
    text: bytes,
  },
};

/** Stacks that begin alike share their frames; each frame has the gravest verdict of what is above it. */
export function merged(groups, weigh) {
  const root = { name: "all", value: 0, verdict: "RUNNING", children: [], byName: new Map() };
  for (const group of groups) {
    const weight = weigh(group);
    if (weight <= 0) continue;
    let node = root;
    const frames = group.frames.slice(-DEEPEST);
    for (let i = frames.length; ; --i) {
      node.value += weight;
      if (gravity(group.verdict) > gravity(node.verdict)) node.verdict = group.verdict;
      if (i === 0) break;
      const name = frames[i - 1].func ?? frames[i - 1].pc ?? "?";
      let child = node.byName.get(name);
      if (!child) {
        child = { name, value: 0, verdict: "RUNNING", children: [], byName: new Map() };
        node.byName.set(name, child);
        node.children.push(child);
      }
      node = child;
    }
  }
  return root;
}

/** Puts the picture into `holder`, which is empty. */
function drawInto(holder, groups, width, weight, { hovered, clicked }) {
  const root = merged(groups, weight.of);
  const chart = flamegraph()
    .width(width)
    .cellHeight(CELL)
    .minFrameSize(3)
    .resetHeightOnZoom(true)
    .setSearchMatch((node, words) => node.data.name.toLowerCase().includes(words.toLowerCase()))
    .transitionDuration(0)
    .inverted(true)
    .sort((a, b) => b.data.value - a.data.value || (a.data.name < b.data.name ? -1 : 1))
    .setColorMapper((node) => (node.highlight ? "var(--mark)" : `var(--${node.data.verdict})`))
    .label((node) => `${node.data.name}\n${weight.text(node.data.value)}`)
    .setDetailsHandler(() => {})
    .onHover(hovered)
    .onClick(clicked);
  select(holder).datum(root).call(chart);
  for (const frame of holder.querySelectorAll("g.frame, svg > g")) {
    frame.setAttribute("tabindex", frame === holder.querySelector("svg > g") ? "0" : "-1");
    frame.setAttribute("role", "button");
  }
  return { chart, total: root.value };
}

/** Moves the focus from frame to frame: only the one that has it is reached with Tab. */
function walkWithKeys(holder, { focused, escaped }) {
  function focus(node) {
    if (!node) return;
    for (const frame of holder.querySelectorAll("svg > g")) {
      const same = select(frame).datum() === node;
      frame.setAttribute("tabindex", same ? "0" : "-1");
      if (same) {
        frame.focus();
        focused(node);
      }
    }
  }

  holder.addEventListener("keydown", (event) => {
    const frame = event.target.closest("g");
    const node = frame && select(frame).datum();
    if (!node) return;
    const siblings = node.parent?.children ?? [node];
    const at = siblings.indexOf(node);
    const next = {
      ArrowUp: node.parent,
      ArrowDown: node.children?.[0],
      ArrowLeft: siblings[at - 1],
      ArrowRight: siblings[at + 1],
    };
    if (event.key in next) {
      focus(next[event.key]);
    } else if (event.key === "Enter" || event.key === " ") {
      frame.dispatchEvent(new MouseEvent("click", { bubbles: true }));
      focus(node);
    } else if (event.key === "Escape") {
      escaped();
    } else {
      return;
    }
    event.preventDefault();
  });
}

/** `chart` gives the picture of now, if there is one. */
function controls(chart, choice, list) {
  const find = el("input", {
    type: "search",
    placeholder: "mark frames …",
    "aria-label": "Mark frames of the flame graph",
    oninput: () => (find.value ? chart()?.search(find.value) : chart()?.clear()),
    onkeydown: (event) => {
      if (event.key !== "Escape") return;
      find.value = "";
      chart()?.clear();
    },
  });
  const back = el("button", { type: "button", onclick: () => chart()?.resetZoom() }, "Zoom out");
  return el("div", { class: "controls" }, el("label", null, "Width: ", choice), find, back, list);
}

export function flameSection(page) {
  const groups = page.groups.filter((group) => !group.system);
  if (groups.length === 0) return null;
  const hasRetained = groups.some((group) => WEIGHTS.retained.of(group) > 0);
  const holder = el("div", { class: "flame" });
  const told = el("p", { class: "state", role: "status" });
  const list = el("button", { type: "button", hidden: true }, "Show its groups");
  const choice = el(
    "select",
    { "aria-label": "Width of frames", onchange: () => draw() },
    el("option", { value: "goroutines" }, "goroutines"),
    hasRetained ? el("option", { value: "retained" }, "retained bytes") : null,
  );
  let chart = null;
  let width = 0;

  function describe(node) {
    const total = node.ancestors().at(-1).data.value;
    told.textContent = `${node.data.name}: ${WEIGHTS[choice.value].text(node.data.value)}, ${((100 * node.data.value) / total).toFixed(1)}%`;
  }

  function click(node) {
    describe(node);
    list.hidden = node.parent === null;
    list.onclick = () => page.searchGroups(node.data.name);
  }

  function draw() {
    chart?.destroy();
    holder.replaceChildren();
    list.hidden = true;
    width = holder.clientWidth || 960;
    const weight = WEIGHTS[choice.value];
    const drawn = drawInto(holder, groups, width, weight, { hovered: describe, clicked: click });
    chart = drawn.chart;
    told.textContent = weight.text(drawn.total);
  }

  walkWithKeys(holder, { focused: describe, escaped: () => chart.resetZoom() });
  new ResizeObserver(() => {
    if (chart && holder.clientWidth > 0 && Math.abs(holder.clientWidth - width) > 8) draw();
  }).observe(holder);
  whenSeen(holder, draw);
  const say =
    "Callers above, callees below; the colour is the gravest verdict among the goroutines of a frame. A click zooms in.";
  return section(
    "flame",
    "Flame graph",
    null,
    controls(() => chart, choice, list),
    told,
    holder,
    el("p", { class: "faint" }, say),
  );
}
