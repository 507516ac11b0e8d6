#include "report/json_text.h"
#include "resources/kit.h"
#include "resources/sql/slice.h"

namespace parked::resources {

namespace {

void putUserPlace(JsonWriter& json, const Report& report, Index goroutine) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const leak::Place place =
      goroutine < snapshot.goroutines.size()
          ? report.analysis->place(
                report.analysis->stack(snapshot.goroutines[goroutine].stack).user)
          : leak::Place{};
  putPlaceOrNull(json, "place", place);
}

void putConn(JsonWriter& json, const Report& report, const SqlConn& conn) {
  const golang::Snapshot& snapshot = *report.snapshot;
  json.object([&] {
    json.address("address", conn.address);
    json.text("driver_type", conn.driverType);
    json.member("in_use", conn.inUse);
    json.member("since_ns_at_most", sqlConnAge(snapshot, conn));
    json.text("used_by", conn.use == SqlUse::unknown ? "" : sqlUseName(conn.use));
    json.address("user", conn.user);
    json.text("held_by", sqlHolderText(report, conn));
    json.member("goroutine", idOf(snapshot, conn.goroutine));
    putUserPlace(json, report, conn.goroutine);
    json.member("context_waiter", idOf(snapshot, conn.waiter));
    json.member("opened_by", unlessZero(conn.openedBy));
    json.member("nobody_can_return", conn.lost);
    json.member("only_context_returns", conn.contextOnly);
  });
}

}  // namespace

void putSqlDb(JsonWriter& json, const Report& report, std::size_t index) {
  const SqlDb& db = report.resources->of<Sql>().databases[index];
  json.object([&] {
    json.address("address", db.address);
    json.text("driver", db.driver);
    json.member("open", db.open);
    json.member("in_use", db.inUse);
    json.member("idle", db.idle);
    json.member("max_open", ifPositive(db.maxOpen));
    json.member("wait_count", db.waitCount);
    json.member("closed", db.closed);
    json.member("opener", idOf(*report.snapshot, db.opener));
    json.member("opened_by", unlessZero(db.openedBy));
    json.array("connections", db.conns, [&](const SqlConn& conn) { putConn(json, report, conn); });
    json.array("waiters", db.waiters, [&](Index waiter) {
      json.object([&] {
        json.member("goroutine", report.snapshot->goroutines[waiter].id);
        json.member("wait_ns_at_least", ifPositive(report.analysis->waitAtLeast(waiter)));
        putUserPlace(json, report, waiter);
      });
    });
  });
}

}  // namespace parked::resources
