// database/sql.
#pragma once

#include <optional>

#include "report/section.h"
#include "resources/sql/model.h"
#include "rules/findings.h"

namespace parked::resources {

/// How long ago the connection was made or last given back, ns: how long it is idle, or at most in
/// use.
std::optional<std::int64_t> sqlConnAge(const golang::Snapshot& snapshot, const SqlConn& conn);
/// The way from what can still run to the Rows, Tx or Conn; "" if nothing tells.
std::string sqlHolderText(const report::Report& report, const SqlConn& conn);
void sqlRules(const rules::Context& context, std::vector<rules::Finding>& findings);
void renderSql(const report::Report& report, std::uint64_t limit, const report::TextStyle& style,
               const report::Sink& sink);
/// parked_sql_connections and parked_sql_waiters.
void putSqlMetrics(report::Metrics& metrics, const report::Report& report);
/// One object of the array `sql`: a pool.
void putSqlDb(report::JsonWriter& json, const report::Report& report, std::size_t index);

}  // namespace parked::resources
