// `parked sql`: pools of database/sql, their connections and who waits for one.
#include "base/text.h"

#include "report/page.h"
#include "report/phrases.h"
#include "resources/kit.h"
#include "resources/sql/slice.h"

namespace parked::resources {

namespace {

std::string connText(const Report& report, const SqlConn& conn) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const auto idOf = [&](Index goroutine) { return snapshot.goroutines[goroutine].id; };
  std::string text =
      fmt::format("{} {:#x} {}", conn.driverType, conn.address, conn.inUse ? "in use" : "idle");
  if (const auto age = sqlConnAge(snapshot, conn)) {
    text += fmt::format(" for {}{}", conn.inUse ? "at most " : "", humanDuration(*age));
  }
  if (conn.use != SqlUse::unknown) {
    text += fmt::format(" by {} {:#x}", sqlUseName(conn.use), conn.user);
  }
  if (conn.goroutine < snapshot.goroutines.size()) {
    text += fmt::format(", goroutine {} has it", idOf(conn.goroutine));
  }
  if (conn.waiter < snapshot.goroutines.size()) {
    text += fmt::format(", goroutine {} waits for its context", idOf(conn.waiter));
  }
  if (conn.openedBy != 0) text += fmt::format(", opened by goroutine {}", conn.openedBy);
  if (conn.lost) text += ", and nobody can give it back";
  if (conn.contextOnly) text += ", and only the end of its context can give it back";
  return text;
}

const leak::Place& placeOf(const Report& report, Index goroutine) {
  const Index stack = report.snapshot->goroutines[goroutine].stack;
  return report.analysis->place(report.analysis->stack(stack).user);
}

}  // namespace

void renderSql(const Report& report, std::uint64_t limit, const TextStyle& style,
               const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const Sql& sql = report.resources->of<Sql>();
  if (sql.databases.empty()) {
    page.line(0, {{"no database/sql pool is open"}});
    return;
  }
  bool first = true;
  for (const SqlDb& db : sql.databases) {
    if (!first) page.blank();
    first = false;
    std::string about = fmt::format(" {} {:#x}  {} open, {} in use, {} idle", db.driver, db.address,
                                    db.open, db.inUse, db.idle);
    about += db.maxOpen > 0 ? fmt::format(", at most {}", db.maxOpen) : ", no limit";
    if (!db.waiters.empty()) about += fmt::format(", {} waiting", db.waiters.size());
    if (db.waitCount > 0) about += fmt::format(" ({} waits so far)", db.waitCount);
    if (db.closed) about += ", closed";
    if (db.openedBy != 0) about += fmt::format(", opened by goroutine {}", db.openedBy);
    if (db.opener < report.snapshot->goroutines.size()) {
      about += fmt::format(", its connectionOpener is goroutine {}",
                           report.snapshot->goroutines[db.opener].id);
    }
    page.field(0, 2, "DB", about, Ink::strong);
    std::uint64_t shown = 0;
    for (const SqlConn& conn : db.conns) {
      if (limit != 0 && shown++ >= limit) break;
      page.field(4, 0, {}, connText(report, conn),
                 conn.lost || conn.contextOnly ? Ink::warn : Ink::faint);
      if (const std::string holder = sqlHolderText(report, conn); !holder.empty()) {
        page.field(8, 0, {}, "held by " + holder, Ink::faint);
      }
      if (conn.goroutine < report.snapshot->goroutines.size()) {
        putPlace(page, 8, 0, "in ", report, placeOf(report, conn.goroutine));
      }
    }
    if (limit != 0 && db.conns.size() > limit) {
      page.line(4, {{fmt::format("{} more connections", db.conns.size() - limit), Ink::faint}});
    }
    shown = 0;
    for (const Index waiter : db.waiters) {
      if (limit != 0 && shown++ >= limit) break;
      const std::string wait = waitText(report.analysis->waitAtLeast(waiter));
      putPlace(page, 4, 9,
               fmt::format("waiting: goroutine {}{}  ", report.snapshot->goroutines[waiter].id,
                           wait.empty() ? "" : " for " + wait),
               report, placeOf(report, waiter));
    }
    if (limit != 0 && db.waiters.size() > limit) {
      page.line(4, {{fmt::format("{} more waiting", db.waiters.size() - limit), Ink::faint}});
    }
  }
}

}  // namespace parked::resources
