// Elements. Text becomes text nodes, never markup: names come from the program that is looked at.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined));
  return element;
}

/** An HTML element; `on…` are listeners, children are elements or text. */
export const el = (tag, attributes, ...children) =>
  fill(document.createElement(tag), attributes, children);

/** An SVG element. */
export const svg = (tag, attributes, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

/** A part of the page with a heading; `id` is where links lead. */
export function section(id, title, count, ...children) {
  const heading = el("h2", { tabindex: -1 }, title);
  if (count !== null && count !== undefined) heading.append(el("span", { class: "count" }, count));
  return el("section", { id, "data-title": title }, heading, children);
}

/** Draws once `element` comes into view, or the page is printed. */
export function whenSeen(element, draw) {
  let drawn = false;
  const now = () => {
    if (drawn) return;
    drawn = true;
    observer.disconnect();
    draw();
  };
  const observer = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) now();
    },
    { rootMargin: "400px" },
  );
  observer.observe(element);
  window.addEventListener("beforeprint", now);
}

/** Leads to another part of the page. */
export const link = (id, text, before) =>
  el("a", { href: `#${id}`, onclick: before ? () => before() : undefined }, text);
