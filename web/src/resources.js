// Timers, pools, connections, files, contexts, locks and islands as tables.

import { el, section } from "./dom.js";
import { goroutineIds } from "./findings.js";
import { address, place } from "./place.js";
import { table } from "./table.js";
import { bytes, counted, duration, number, plain } from "./words.js";

const yes = (value, words) => (value ? el("span", { class: "warn-text" }, words) : null);
const one = (page, id) => (id === null || id === undefined ? null : goroutineIds(page, [id]));
const ids = (page, list) => (list?.length > 0 ? goroutineIds(page, list, 5) : null);

const count = (title, of) => ({ title, number: true, of, show: (row) => number(of(row)) });
const time = (title, of) => ({ title, number: true, of, show: (row) => duration(of(row)) });
const size = (title, of) => ({ title, number: true, of, show: (row) => bytes(of(row)) });
const text = (title, of, more) => ({ title, of, ...more });
const hex = (title, of) => ({ title, of, show: (row) => address(of(row)) });

/** Whoever has thousands of locks finds the next part of the page all the same. */
const FIRST = 25;

/** What a table's rows say, for the search. */
const wordsOf = (row) => JSON.stringify(row);

function part(page, { id, title, rows, columns, ...options }) {
  if (!rows || rows.length === 0) return null;
  // A column that says nothing of any row is left out.
  const useful = columns.filter((column) =>
    rows.some((row) => ![null, undefined, "", false].includes(column.of(row))),
  );
  const total = page.cut[`report.${options.member ?? id}`]?.total ?? options.count ?? rows.length;
  const list = table({
    rows,
    columns: useful,
    label: title,
    search: wordsOf,
    first: FIRST,
    note: page.cutNote(`report.${options.member ?? id}`),
    ...options,
  });
  const search =
    rows.length > 20
      ? el(
          "div",
          { class: "controls" },
          el("input", {
            type: "search",
            placeholder: "search …",
            "aria-label": `Search ${title}`,
            oninput: (event) => list.filter(event.target.value),
          }),
        )
      : null;
  return section(id, title, number(total), search, list.element);
}

/** Timers that do the same, made at the same place. */
function alike(timers) {
  const kinds = new Map();
  for (const timer of timers ?? []) {
    const made = timer.made?.place ?? timer.made;
    const key = [
      timer.kind,
      timer.period_ns,
      timer.callback?.func,
      made?.func,
      made?.line,
      timer.nobody_can_stop,
    ].join("\n");
    if (!kinds.has(key)) kinds.set(key, { ...timer, made, all: [], bytes: 0 });
    const kind = kinds.get(key);
    kind.all.push(timer);
    kind.bytes += timer.retained_bytes ?? 0;
    if (kind.due_in_ns === null || (timer.due_in_ns !== null && timer.due_in_ns < kind.due_in_ns))
      kind.due_in_ns = timer.due_in_ns;
  }
  return [...kinds.values()].sort((a, b) => b.all.length - a.all.length);
}

const TIMERS = 100;

const timerList = (page, all) =>
  el(
    "ul",
    null,
    all
      .slice(0, TIMERS)
      .map((timer) =>
        el(
          "li",
          null,
          address(timer.address),
          timer.due_in_ns !== null ? ` due in ${duration(timer.due_in_ns)}` : "",
          timer.held_by ? `, held by ${timer.held_by}` : "",
          timer.goroutine !== null ? [" goroutine ", one(page, timer.goroutine)] : "",
          timer.retained_bytes ? `, keeps ${bytes(timer.retained_bytes)}` : "",
        ),
      ),
    all.length > TIMERS ? el("li", null, `and ${number(all.length - TIMERS)} more`) : null,
  );

const timers = (page) =>
  part(page, {
    id: "timers",
    title: "Timers",
    count: page.report.timers?.length,
    rows: alike(page.report.timers),
    columns: [
      count("Timers", (kind) => kind.all.length),
      text("Kind", (kind) => plain(kind.kind)),
      time("Every", (kind) => kind.period_ns || null),
      time("Next due in", (kind) => kind.due_in_ns),
      text("Calls", (kind) => kind.callback?.func, {
        class: "wide",
        show: (kind) => place(kind.callback),
      }),
      text("Made at", (kind) => kind.made?.func, {
        class: "wide",
        show: (kind) => place(kind.made),
      }),
      text("Lost", (kind) => kind.nobody_can_stop, {
        show: (kind) => yes(kind.nobody_can_stop, "nobody can stop them"),
      }),
      size("Keeps", (kind) => kind.bytes || null),
    ],
    key: (kind) => `timer-${kind.address}`,
    detail: (kind) => timerList(page, kind.all),
  });

/** Connections of Transports and servers in one list. */
function connections(page) {
  const http = page.report.http;
  if (!http) return null;
  const of = (owner, kind, name) =>
    owner.connections.map((each) => ({ ...each, owner: kind, name }));
  return part(page, {
    id: "http",
    title: "HTTP connections",
    rows: [
      ...http.transports.flatMap((each) => of(each, "Transport", each.address)),
      ...http.servers.flatMap((each) => of(each, "Server", each.listen ?? each.address)),
    ],
    columns: [
      text("Of", (row) => row.owner, {
        show: (row) =>
          el(
            "span",
            null,
            `${row.owner} `,
            row.name.startsWith("0x") ? address(row.name) : el("code", null, row.name),
          ),
      }),
      text("State", (row) => row.state),
      text("Host", (row) => row.host ?? row.remote),
      text("Protocol", (row) => row.protocol),
      text("Request", (row) => row.request?.url, {
        class: "wide",
        show: (row) => (row.request ? `${row.request.method} ${row.request.url}` : null),
      }),
      count("fd", (row) => row.fd),
      text("Local", (row) => row.local),
      text("Remote", (row) => row.remote),
      time("Idle for", (row) => row.idle_ns),
      text("Body lost", (row) => row.body_lost, {
        show: (row) => yes(row.body_lost, "nobody can close the body"),
      }),
      text("Goroutine", (row) => row.user ?? row.reader, {
        show: (row) => one(page, row.user ?? row.reader),
      }),
    ],
  });
}

const transports = (page) =>
  part(page, {
    id: "transports",
    member: "http.transports",
    title: "Transports",
    rows: page.report.http?.transports,
    columns: [
      hex("Address", (row) => row.address),
      text("Default", (row) => row.default, {
        show: (row) => (row.default ? "http.DefaultTransport" : null),
      }),
      text("Dropped", (row) => !row.referenced, {
        show: (row) => yes(!row.referenced, "nobody has it"),
      }),
      count("Connections", (row) => row.connections.length),
      count("Waiting for one", (row) => row.waiters.length),
      count("Most per host", (row) => row.max_conns_per_host),
      time("IdleConnTimeout", (row) => row.idle_conn_timeout_ns),
      time("ResponseHeaderTimeout", (row) => row.response_header_timeout_ns),
    ],
  });

const databases = (page) =>
  part(page, {
    id: "sql",
    title: "SQL pools",
    rows: page.report.sql,
    key: (db) => `sql-${db.address}`,
    columns: [
      text("Driver", (db) => db.driver ?? "?"),
      count("Open", (db) => db.open),
      count("In use", (db) => db.in_use),
      count("Idle", (db) => db.idle),
      count("Most", (db) => db.max_open),
      count("Waiting", (db) => db.waiters.length),
      count("Have waited", (db) => db.wait_count),
      text("Closed", (db) => db.closed, { show: (db) => (db.closed ? "closed" : null) }),
      hex("Address", (db) => db.address),
    ],
    detail: (db) =>
      el(
        "ul",
        null,
        db.connections.map((each) =>
          el(
            "li",
            null,
            each.in_use ? `in use${each.used_by ? ` by ${each.used_by}` : ""} ` : "idle ",
            address(each.address),
            each.held_by ? ` held by ${each.held_by}` : "",
            " ",
            one(page, each.goroutine),
            " ",
            place(each.place),
            " ",
            yes(each.nobody_can_return, "nobody can return it"),
          ),
        ),
      ),
  });

const contexts = (page) =>
  part(page, {
    id: "contexts",
    title: "Contexts",
    rows: page.report.contexts,
    columns: [
      text("Kind", (row) => plain(row.kind)),
      text("Type", (row) => row.context_type, { class: "wide" }),
      count("Children", (row) => row.children),
      count("End with it", (row) => row.ending_with_it),
      time("Due in", (row) => row.due_in_ns),
      text("State", (row) => (row.cancelled ? "cancelled" : "open")),
      text("Cancel lost", (row) => row.nobody_can_cancel, {
        show: (row) => yes(row.nobody_can_cancel, "nobody can cancel it"),
      }),
      {
        title: "Wait for it",
        of: (row) => row.goroutines.length || null,
        show: (row) => ids(page, row.goroutines),
      },
      text("Parent", (row) => page.report.contexts[row.parent]?.address, {
        show: (row) => address(page.report.contexts[row.parent]?.address),
      }),
      hex("Address", (row) => row.address),
    ],
  });

const files = (page) =>
  part(page, {
    id: "files",
    title: "Files",
    rows: page.report.files,
    columns: [
      count("fd", (row) => row.fd),
      text("Kind", (row) => plain(row.kind)),
      text("Name", (row) => row.name, { class: "wide" }),
      text("Local", (row) => row.local),
      text("Remote", (row) => row.remote),
      text("Reads", (row) => row.reader?.goroutine, {
        show: (row) => one(page, row.reader?.goroutine),
      }),
      text("Writes", (row) => row.writer?.goroutine, {
        show: (row) => one(page, row.writer?.goroutine),
      }),
      text("Held by leaked", (row) => row.held_by_leaked?.length || null, {
        show: (row) => ids(page, row.held_by_leaked),
      }),
      text("Lost", (row) => row.nobody_can_close, {
        show: (row) => yes(row.nobody_can_close, "nobody can close it"),
      }),
    ],
  });

const locks = (page) =>
  part(page, {
    id: "locks",
    title: "Locks",
    rows: page.report.locks,
    columns: [
      text("Kind", (row) => plain(row.kind)),
      text("State", lockState),
      count("Waiting", (row) => row.waiters),
      text("Held by", (row) => row.holders?.length || null, {
        class: "wide",
        show: (row) =>
          row.holders?.map((each) =>
            el("div", null, one(page, each.goroutine), " locked at ", place(each.locked)),
          ),
      }),
      hex("Address", (row) => row.address),
    ].map((column) => ({ ...column, show: column.show && ((row) => spanned(column.show(row))) })),
  });

const spanned = (content) => (Array.isArray(content) ? el("div", null, content) : content);

function lockState(row) {
  if (row.decoded === false) return "could not be read";
  const parts = [];
  if (row.locked) parts.push("locked");
  if (row.starving) parts.push("starving");
  if (row.readers > 0) parts.push(counted(row.readers, "reader"));
  if (row.writer_pending) parts.push("a writer waits");
  if (row.counter !== undefined) parts.push(`counter ${row.counter}`);
  return parts.join(", ");
}

const islands = (page) =>
  part(page, {
    id: "islands",
    title: "Islands",
    rows: page.report.islands,
    columns: [
      count("Islands", (row) => row.count),
      count("Goroutines", (row) => row.goroutine_count),
      text("Meant to be", (row) => row.background && plain(row.background)),
      text("Made at", (row) => row.made_at?.func, {
        class: "wide",
        show: (row) => place(row.made_at),
      }),
      text("Handle", (row) => row.handle?.type, {
        show: (row) =>
          row.handle
            ? `${row.handle.type}${row.handle.method ? `, ${row.handle.method}` : ""}`
            : null,
      }),
      text("Woken by", (row) => row.woken_by.map(wakerText).join(", ")),
      count("Connections", (row) => row.connections || null),
      size("Keeps", (row) => row.stack_bytes + row.heap_bytes),
      {
        title: "Who",
        of: (row) => row.islands.flat().length,
        show: (row) => ids(page, row.islands.flat()),
      },
    ],
  });

const wakerText = (waker) =>
  `${plain(waker.kind)}${waker.period_ns ? ` every ${duration(waker.period_ns)}` : ""}${waker.count > 1 ? ` (${number(waker.count)})` : ""}`;

const channels = (page) =>
  part(page, {
    id: "channels",
    title: "Channels",
    rows: page.report.channels,
    columns: [
      hex("Address", (row) => row.address),
      text("Of", (row) => row.element_type, { class: "wide" }),
      count("Cap", (row) => row.cap),
      count("Len", (row) => row.len),
      text("State", (row) => (row.closed ? "closed" : "open")),
      count("Senders", (row) => row.senders),
      count("Receivers", (row) => row.receivers),
      hex("Timer", (row) => row.timer),
    ],
  });

/** Those of which there is something. */
export const resourceSections = (page) =>
  [islands, timers, transports, connections, databases, contexts, files, locks, channels]
    .map((each) => each(page))
    .filter(Boolean);
