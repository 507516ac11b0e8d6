// Tables that are searched and sorted. Only so many rows are put on the page at first; more come when asked for.

import { el } from "./dom.js";
import { number } from "./words.js";

const FIRST = 100;
const MORE = 400;

/** The rows in the order of what `of` gives of them. */
function sorted(rows, of, down) {
  const sign = down ? -1 : 1;
  return rows
    .map((row, i) => [of(row), i, row])
    .sort(([a, i], [b, j]) => {
      // What is not known comes last, in either order.
      const none =
        Number(a === null || a === undefined || a === "") -
        Number(b === null || b === undefined || b === "");
      if (none !== 0) return none;
      if (typeof a === "string" ? a !== b : Number(a) !== Number(b)) return (a < b ? -1 : 1) * sign;
      return i - j;
    })
    .map((each) => each[2]);
}

/** Which rows have all of some words. What is searched in is made once for each row. */
function matcher(search) {
  const texts = new Map();
  const textOf = (row) => {
    let text = texts.get(row);
    if (text === undefined) {
      text = search(row).toLowerCase();
      texts.set(row, text);
    }
    return text;
  };
  return (words) => {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    return (row) => wanted.every((word) => textOf(row).includes(word));
  };
}

class Table {
  #rows;
  #shown;
  #columns;
  #order;
  #first;
  #limit;
  #detail;
  #key;
  #note;
  #matching;
  #open = new Set();
  #heads;
  #body = el("tbody");
  #state = el("p", { class: "state", role: "status" });
  #more = el("button", { type: "button", onclick: () => this.#grow(MORE) }, "Show more");

  constructor({ rows, columns, sort = null, down = true, first = FIRST, ...rest }) {
    this.#rows = this.#shown = rows;
    this.#columns = columns;
    this.#order = { column: sort, down };
    this.#first = this.#limit = first;
    this.#detail = rest.detail;
    this.#key = rest.key;
    this.#note = rest.note;
    this.#matching = matcher(rest.search);
    this.#heads = columns.map((column, i) => this.#head(column, i));
    const head = el("thead", null, el("tr", null, this.#heads));
    this.element = el(
      "div",
      { class: "table" },
      el("div", { class: "scroll" }, el("table", { "aria-label": rest.label }, head, this.#body)),
      el("div", { class: "below" }, this.#state, this.#more),
    );
    this.#update();
  }

  /** Leaves the rows that have all words, and of which `test` is true. */
  filter(words, test = () => true) {
    const matches = this.#matching(words);
    this.#shown = this.#rows.filter((row) => test(row) && matches(row));
    this.#limit = this.#first;
    this.#update();
  }

  /** Opens the row and brings it into view. */
  reveal(row) {
    if (!this.#shown.includes(row)) return false;
    this.#open.add(row);
    this.#limit = Math.max(this.#limit, this.#arranged().indexOf(row) + 1);
    this.#update();
    const line = document.getElementById(this.#key(row));
    line?.scrollIntoView({ block: "center" });
    line?.querySelector("button")?.focus({ preventScroll: true });
    return true;
  }

  #head(column, i) {
    return el(
      "th",
      { scope: "col", class: column.number ? "number" : null, "aria-sort": "none" },
      el(
        "button",
        { type: "button", title: column.help, onclick: () => this.#sortBy(i) },
        column.title,
      ),
    );
  }

  #sortBy(column) {
    const number = this.#columns[column].number === true;
    this.#order = { column, down: this.#order.column === column ? !this.#order.down : number };
    this.#update();
  }

  #arranged() {
    const { column, down } = this.#order;
    return column === null ? this.#shown : sorted(this.#shown, this.#columns[column].of, down);
  }

  #toggle(row) {
    const focused = document.activeElement?.closest("tr")?.id;
    this.#open.has(row) ? this.#open.delete(row) : this.#open.add(row);
    this.#update();
    if (focused) document.getElementById(focused)?.querySelector("button")?.focus();
  }

  #grow(by) {
    this.#limit += by;
    this.#update();
  }

  #cell(column, row, opens) {
    const content = (column.show ?? column.of)(row);
    const value = (typeof content === "number" ? number(content) : content) ?? "";
    const opener = () =>
      el(
        "button",
        {
          type: "button",
          class: "opener",
          "aria-expanded": this.#open.has(row) ? "true" : "false",
          onclick: (event) => {
            event.stopPropagation();
            this.#toggle(row);
          },
        },
        value,
      );
    const kind = [column.number && "number", column.class].filter(Boolean).join(" ");
    const cell = el("td", { class: kind });
    cell.append(opens ? opener() : value);
    return cell;
  }

  /** The line of a row, and below it what it opens to. */
  #lines(row) {
    const detail = this.#detail;
    const click = (event) => {
      // A click that ends a selection of text, or goes to a link, is none on the row.
      if (event.target.closest("a, button") || !getSelection().isCollapsed) return;
      this.#toggle(row);
    };
    const line = el(
      "tr",
      {
        id: this.#key?.(row),
        class: detail ? "opens" : null,
        onclick: detail ? click : null,
      },
      this.#columns.map((column, i) => this.#cell(column, row, i === 0 && detail)),
    );
    if (!detail || !this.#open.has(row)) return [line];
    const cell = el("td", { colspan: this.#columns.length }, detail(row));
    return [line, el("tr", { class: "detail" }, cell)];
  }

  #update() {
    const all = this.#arranged();
    this.#body.replaceChildren(...all.slice(0, this.#limit).flatMap((row) => this.#lines(row)));
    this.#heads.forEach((head, i) => {
      const { column, down } = this.#order;
      const way = column === i ? (down ? "descending" : "ascending") : "none";
      head.setAttribute("aria-sort", way);
    });
    const rest = all.length - Math.min(this.#limit, all.length);
    this.#more.hidden = rest === 0;
    const parts = [];
    if (all.length !== this.#rows.length)
      parts.push(`${number(all.length)} of ${number(this.#rows.length)} match`);
    if (rest > 0) parts.push(`${number(rest)} more not shown`);
    if (this.#note) parts.push(this.#note);
    this.#state.textContent = parts.join("; ");
  }
}

/**
 * columns: {title, of: what it is sorted by, show: text or element (of, unless given), number, hidden in print…}
 * options: rows, columns, sort: index of the column, down, detail: row → elements, key: row → id of its line,
 *          search: row → text, note: text of how many there are besides, first: rows that are there at first,
 *          label.
 * Has element, filter(words, test) and reveal(row).
 */
export const table = (options) => new Table(options);
