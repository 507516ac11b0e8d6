// Who holds up whom: groups as boxes, an arrow to who could end their wait; islands in frames, and what keeps a group.

import dagre from "@dagrejs/dagre";
import { select } from "d3-selection";
import { zoom, zoomIdentity } from "d3-zoom";
import { el, section, svg, whenSeen } from "./dom.js";
import { counted, number, plain, where } from "./words.js";

/** More boxes than these nobody tells apart, and laying them out takes seconds. */
const MOST = 120;
const WIDTH = 264;
const HEIGHT = 62;
/** What is taller is moved about with the mouse. */
const TALLEST = 640;
const CUT = 34;

const shortened = (text, most = CUT) => (text.length > most ? `…${text.slice(1 - most)}` : text);

/** The groups that have something to do with another one, the most grave and largest first. */
function chosen(page) {
  const linked = new Set(page.waits.edges.flatMap((edge) => [edge.from, edge.to]));
  const related = page.waits.groups.filter(
    ({ group, island }) =>
      page.groups[group] && (linked.has(group) || island !== null || page.groups[group].kept_by),
  );
  return {
    all: related,
    shown: related.slice(0, MOST),
    alone: page.waits.groups.length - related.length,
  };
}

function layout(page, shown) {
  const graph = new dagre.graphlib.Graph({ compound: true, multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 70, marginx: 12, marginy: 26 });
  graph.setDefaultEdgeLabel(() => ({}));
  const here = new Set(shown.map(({ group }) => group));
  for (const { group, island } of shown) {
    graph.setNode(`g${group}`, { width: WIDTH, height: HEIGHT, group: page.groups[group] });
    if (island !== null) {
      const kind = page.report.islands?.[island];
      graph.setNode(`i${island}`, { island: kind });
      graph.setParent(`g${group}`, `i${island}`);
    }
    const kept = page.groups[group].kept_by;
    if (kept) {
      graph.setNode(`k${group}`, { width: WIDTH, height: 34, keeper: kept.holder });
      graph.setEdge(`k${group}`, `g${group}`, { keeps: true, width: 40, height: 14 });
    }
  }
  for (const edge of page.waits.edges) {
    if (!here.has(edge.from) || !here.has(edge.to)) continue;
    // dagre leaves no room for an arrow from a box to itself: it is told in the box.
    if (edge.from === edge.to) graph.node(`g${edge.from}`).itself = edge;
    else graph.setEdge(`g${edge.from}`, `g${edge.to}`, { edge, width: 70, height: 16 });
  }
  dagre.layout(graph);
  return graph;
}

const path = (points) =>
  `M${points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}`;

const box = (node, extra) => ({
  x: node.x - node.width / 2,
  y: node.y - node.height / 2,
  width: node.width,
  height: node.height,
  rx: 6,
  ...extra,
});

function lines(node, texts) {
  const top = node.y - ((texts.length - 1) * 15) / 2 + 4;
  return texts.map((text, i) =>
    svg(
      "text",
      { x: node.x - node.width / 2 + 10, y: top + i * 15, class: i === 0 ? "strong" : null },
      text,
    ),
  );
}

function groupNode(page, node) {
  const group = node.group;
  const show = () => page.showGroup(group);
  const itself = node.itself
    ? ` ⟲ ${node.itself.act}${node.itself.count > 1 ? ` ×${number(node.itself.count)}` : ""}`
    : "";
  return svg(
    "g",
    {
      class: `node ${group.verdict}${node.itself?.circle ? " circle" : ""}`,
      tabindex: 0,
      role: "button",
      onclick: show,
      onkeydown: (event) => {
        if (event.key !== "Enter") return;
        // The line of the group has the focus then, and the key would close it.
        event.preventDefault();
        show();
      },
    },
    svg(
      "title",
      null,
      `${group.user_frame?.func ?? ""}\n${group.user_frame?.file ?? ""}:${group.user_frame?.line ?? ""}\n${group.why ?? ""}`,
    ),
    svg("rect", box(node)),
    lines(node, [
      `${number(group.count)} × ${group.verdict}  ${group.reason ?? plain(group.state)}`,
      shortened(group.user_frame?.func ?? group.key ?? "?"),
      where(group.user_frame) + itself,
    ]),
  );
}

function drawn(page, graph) {
  const islands = [];
  const edges = [];
  const nodes = [];
  for (const name of graph.nodes()) {
    const node = graph.node(name);
    if (name[0] === "i") {
      const text = node.island
        ? `${counted(node.island.count, "island")} that nobody can stop`
        : "nobody can stop these";
      islands.push(
        svg(
          "g",
          { class: "island" },
          svg("rect", box(node)),
          svg("text", { x: node.x - node.width / 2 + 8, y: node.y - node.height / 2 - 5 }, text),
        ),
      );
    } else if (node.keeper) {
      nodes.push(
        svg(
          "g",
          { class: "node keeper" },
          svg("title", null, node.keeper),
          svg("rect", box(node)),
          lines(node, [shortened(node.keeper)]),
        ),
      );
    } else {
      nodes.push(groupNode(page, node));
    }
  }
  for (const name of graph.edges()) {
    const { points, edge, keeps, x, y } = graph.edge(name);
    const kind = keeps ? "keeps" : edge.circle ? "circle" : "";
    const label = keeps ? "keeps" : `${edge.act}${edge.count > 1 ? ` ×${number(edge.count)}` : ""}`;
    edges.push(
      svg(
        "g",
        { class: `edge ${kind}` },
        svg("path", {
          d: path(points),
          "marker-end": `url(#arrow${kind === "circle" ? "-circle" : ""})`,
        }),
        svg("text", { x, y: y - 4, "text-anchor": "middle" }, label),
      ),
    );
  }
  return [islands, edges, nodes];
}

const arrow = (id) =>
  svg(
    "marker",
    {
      id,
      viewBox: "0 0 10 10",
      refX: 9,
      refY: 5,
      markerWidth: 7,
      markerHeight: 7,
      orient: "auto-start-reverse",
    },
    svg("path", { d: "M0,0L10,5L0,10z" }),
  );

/** Lets the picture be moved and scaled with mouse, keys and the buttons that it gives. */
function zoomable(picture, content, { width, height }) {
  const zoomed = zoom()
    .scaleExtent([0.1, 8])
    // The wheel scrolls the page unless Ctrl says that it is meant for the picture.
    .filter((event) => (event.type === "wheel" ? event.ctrlKey : !event.button))
    .on("zoom", (event) => content.setAttribute("transform", event.transform));
  select(picture).call(zoomed);
  const scale = (by) => select(picture).call(zoomed.scaleBy, by);
  const whole = () => {
    const fit = Math.min(picture.clientWidth / width, picture.clientHeight / height, 1);
    select(picture).call(zoomed.transform, zoomIdentity.scale(fit));
  };
  picture.addEventListener("keydown", (event) => {
    if (event.key === "+") scale(1.4);
    else if (event.key === "-") scale(1 / 1.4);
    else if (event.key === "0") whole();
  });
  // On paper nobody moves it: there it is whole.
  window.addEventListener("beforeprint", () => {
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    select(picture).call(zoomed.transform, zoomIdentity);
  });
  window.addEventListener("afterprint", () => picture.removeAttribute("viewBox"));
  return [
    el("button", { type: "button", onclick: () => scale(1.4) }, "Nearer"),
    el("button", { type: "button", onclick: () => scale(1 / 1.4) }, "Farther"),
    el("button", { type: "button", onclick: whole }, "All"),
  ];
}

export function graphSection(page) {
  const { all, shown, alone } = chosen(page);
  if (all.length === 0) return null;
  const holder = el("div", { class: "graph" });
  const buttons = el("span", { class: "chips" });

  function draw() {
    const graph = layout(page, shown);
    const size = graph.graph();
    const content = svg("g", null, drawn(page, graph));
    const picture = svg(
      "svg",
      { tabindex: 0, role: "group", "aria-label": "Who holds up whom" },
      svg("defs", null, arrow("arrow"), arrow("arrow-circle")),
      content,
    );
    picture.style.height = `${Math.min(Math.max(size.height, 120), TALLEST)}px`;
    holder.replaceChildren(picture);
    buttons.replaceChildren(...zoomable(picture, content, size));
  }

  whenSeen(holder, draw);
  const rest = all.length - shown.length;
  return section(
    "waits",
    "Who holds up whom",
    null,
    el("div", { class: "controls" }, buttons),
    holder,
    el(
      "p",
      { class: "faint" },
      "An arrow leads to who could end the wait, with what that one would do; red in circles. Dashed frames are islands, dashed boxes what keeps a group. Drag to move, Ctrl and wheel to zoom.",
      rest > 0 ? ` ${counted(rest, "more group")} not drawn.` : "",
      alone > 0 ? ` Of ${counted(alone, "more group")} nobody is known who could.` : "",
    ),
  );
}
