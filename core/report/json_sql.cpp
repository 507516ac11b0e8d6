#include "report/json_resources.h"
#include "report/json_text.h"
#include "report/resource_words.h"

namespace parked::report {

namespace {

using stdlib::SqlConn;
using stdlib::SqlDb;

std::optional<std::uint64_t> idOf(const golang::Snapshot& snapshot, Index goroutine) {
  return goroutine < snapshot.goroutines.size() ? std::optional(snapshot.goroutines[goroutine].id)
                                                : std::nullopt;
}

void putUserPlace(std::string& out, const Report& report, Index goroutine) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const leak::Place place =
      goroutine < snapshot.goroutines.size()
          ? report.analysis->place(
                report.analysis->stack(snapshot.goroutines[goroutine].stack).user)
          : leak::Place{};
  putPlaceOrNull(out, place);
}

void putConn(std::string& out, const Report& report, const SqlConn& conn) {
  const golang::Snapshot& snapshot = *report.snapshot;
  out += R"({"address":)";
  putAddress(out, conn.address);
  out += R"(,"driver_type":)";
  putStringOrNull(out, conn.driverType);
  put(out, FMT_COMPILE(R"(,"in_use":{},"since_ns_at_most":)"), boolText(conn.inUse));
  putNumberOrNull(out, sqlConnAge(snapshot, conn));
  out += R"(,"used_by":)";
  putStringOrNull(out, conn.use == stdlib::SqlUse::unknown ? "" : sqlUseName(conn.use));
  out += R"(,"user":)";
  putAddress(out, conn.user);
  out += R"(,"held_by":)";
  putStringOrNull(out, sqlHolderText(report, conn));
  out += R"(,"goroutine":)";
  putNumberOrNull(out, idOf(snapshot, conn.goroutine));
  out += R"(,"place":)";
  putUserPlace(out, report, conn.goroutine);
  out += R"(,"context_waiter":)";
  putNumberOrNull(out, idOf(snapshot, conn.waiter));
  out += R"(,"opened_by":)";
  putNumberOrNull(out, conn.openedBy == 0 ? std::nullopt : std::optional(conn.openedBy));
  put(out, FMT_COMPILE(R"(,"nobody_can_return":{},"only_context_returns":{}}})"),
      boolText(conn.lost), boolText(conn.contextOnly));
}

}  // namespace

void putSqlDb(std::string& out, const Report& report, std::size_t index) {
  const SqlDb& db = report.resources->sql.databases[index];
  out += R"({"address":)";
  putAddress(out, db.address);
  out += R"(,"driver":)";
  putStringOrNull(out, db.driver);
  put(out, FMT_COMPILE(R"(,"open":{},"in_use":{},"idle":{},"max_open":)"), db.open, db.inUse,
      db.idle);
  putNumberOrNull(out, db.maxOpen > 0 ? std::optional(db.maxOpen) : std::nullopt);
  put(out, FMT_COMPILE(R"(,"wait_count":{},"closed":{},"opener":)"), db.waitCount,
      boolText(db.closed));
  putNumberOrNull(out, idOf(*report.snapshot, db.opener));
  out += R"(,"opened_by":)";
  putNumberOrNull(out, db.openedBy == 0 ? std::nullopt : std::optional(db.openedBy));
  out += R"(,"connections":[)";
  for (std::size_t i = 0; i < db.conns.size(); ++i) {
    if (i != 0) out += ',';
    putConn(out, report, db.conns[i]);
  }
  out += R"(],"waiters":[)";
  for (std::size_t i = 0; i < db.waiters.size(); ++i) {
    if (i != 0) out += ',';
    put(out, FMT_COMPILE(R"({{"goroutine":{},"wait_ns_at_least":)"),
        report.snapshot->goroutines[db.waiters[i]].id);
    const std::int64_t wait = report.analysis->waitAtLeast(db.waiters[i]);
    putNumberOrNull(out, wait > 0 ? std::optional(wait) : std::nullopt);
    out += R"(,"place":)";
    putUserPlace(out, report, db.waiters[i]);
    out += '}';
  }
  out += "]}";
}

}  // namespace parked::report
