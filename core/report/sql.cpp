// `parked sql`: pools of database/sql, their connections and who waits for one.
#include "leak/numbers.h"
#include "report/lists.h"
#include "report/page.h"
#include "report/phrases.h"

namespace parked::report {

using leak::counted;
using leak::humanDuration;

std::string_view sqlUseName(stdlib::SqlUse use) {
  switch (use) {
    case stdlib::SqlUse::rows:
      return "Rows";
    case stdlib::SqlUse::tx:
      return "Tx";
    case stdlib::SqlUse::conn:
      return "Conn";
    case stdlib::SqlUse::unknown:
      break;
  }
  return "unknown";
}

namespace {

std::string connText(const Report& report, const stdlib::SqlConn& conn) {
  const golang::Snapshot& snapshot = *report.snapshot;
  std::string text =
      fmt::format("{} {:#x} {}", conn.driverType, conn.address, conn.inUse ? "in use" : "idle");
  if (conn.returnedAt != 0 && snapshot.clock.now > conn.returnedAt) {
    text += fmt::format(fmt::runtime(conn.inUse ? ", last given back {} ago" : " for {}"),
                        humanDuration(snapshot.clock.now - conn.returnedAt));
  }
  if (conn.use != stdlib::SqlUse::unknown) {
    text += fmt::format(" by {} {:#x}", sqlUseName(conn.use), conn.user);
  }
  if (conn.goroutine < snapshot.goroutines.size()) {
    text += fmt::format(", held by goroutine {}", snapshot.goroutines[conn.goroutine].id);
  }
  if (conn.waiter < snapshot.goroutines.size()) {
    text +=
        fmt::format(", goroutine {} waits for its context", snapshot.goroutines[conn.waiter].id);
  }
  if (conn.lost) text += ", and nobody can give it back";
  return text;
}

}  // namespace

void renderSql(const Report& report, std::uint64_t limit, const TextStyle& style,
               const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const stdlib::Sql& sql = report.resources->sql;
  if (sql.databases.empty()) {
    page.line(0, {{"no database/sql pool is open"}});
    return;
  }
  bool first = true;
  for (const stdlib::SqlDb& db : sql.databases) {
    if (!first) page.blank();
    first = false;
    std::string about = fmt::format(" {} {:#x}  {} open, {} in use, {} idle", db.driver, db.address,
                                    db.open, db.inUse, db.idle);
    about += db.maxOpen > 0 ? fmt::format(", at most {}", db.maxOpen) : ", no limit";
    if (!db.waiters.empty()) about += fmt::format(", {} waiting", db.waiters.size());
    if (db.waitCount > 0) about += fmt::format(" ({} waits so far)", db.waitCount);
    page.field(0, 2, "DB", about, Ink::strong);
    std::uint64_t shown = 0;
    for (const stdlib::SqlConn& conn : db.conns) {
      if (limit != 0 && shown++ >= limit) break;
      page.field(4, 0, {}, connText(report, conn), conn.lost ? Ink::warn : Ink::faint);
    }
    for (const Index waiter : db.waiters) {
      page.placeField(
          4, 9, fmt::format("waiting: goroutine {}  ", report.snapshot->goroutines[waiter].id),
          report.analysis->place(
              report.analysis->stack(report.snapshot->goroutines[waiter].stack).user));
    }
  }
}

}  // namespace parked::report
