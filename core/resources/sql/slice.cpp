#include "resources/sql/slice.h"

#include "leak/keep_alive.h"
#include "report/json_text.h"
#include "resources/kit.h"
#include "resources/resource.h"
#include "resources/sql/reader.h"

namespace parked::resources {

std::optional<std::int64_t> sqlConnAge(const golang::Snapshot& snapshot, const SqlConn& conn) {
  if (conn.returnedAt == 0 || snapshot.clock.now <= conn.returnedAt) return std::nullopt;
  return saturatingDifference(snapshot.clock.now, conn.returnedAt);
}

std::string sqlHolderText(const Report& report, const SqlConn& conn) {
  if (!conn.inUse || conn.lost || conn.user == 0) return {};
  const auto way = leak::wayTo(*report.analysis, conn.user);
  // That its own goroutine has it, which waits for its context, tells nothing.
  if (way.empty() || (way.front().goroutine != kNone && way.front().goroutine == conn.waiter)) {
    return {};
  }
  return leak::keepAliveLine(way);
}

extern const Resource kSql = {
    .reader = makeReader<ModelReader<Sql, SqlReader>>,
    .rules = {.find = sqlRules, .explains = true},
    .section =
        {
            .name = "sql",
            .summary = "database/sql pools and who holds their connections",
            .text = "Every DB with its limits, its connections, what they are used for, and who "
                    "waits for one.",
            .showsSource = true,
            .render = renderSql,
            .members =
                [](Document& document, std::uint64_t limit) {
                  const Report& report = document.report();
                  if (report.resources == nullptr) return;
                  document.array(
                      "sql", "sql", atMost(report.resources->of<Sql>().databases.size(), limit),
                      [&report](JsonWriter& json, std::size_t i) { putSqlDb(json, report, i); });
                },
            .metrics = putSqlMetrics,
        },
};

}  // namespace parked::resources
