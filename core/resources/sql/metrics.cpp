// Pools of database/sql as metrics (docs/formats.md).
#include "report/metrics.h"

#include "resources/kit.h"
#include "resources/sql/slice.h"

namespace parked::resources {

void putSqlMetrics(Metrics& metrics, const Report& report) {
  if (report.resources == nullptr) return;
  std::uint64_t idle = 0, used = 0, waiters = 0;
  for (const SqlDb& db : report.resources->of<Sql>().databases) {
    if (db.closed) continue;
    idle += db.idle;
    used += db.inUse;
    waiters += db.waiters.size();
  }
  metrics.family("sql_connections", "gauge", "Connections of database/sql's DBs, by use.");
  metrics.sample({{"state", "idle"}}, idle);
  metrics.sample({{"state", "in_use"}}, used);
  metrics.family("sql_waiters", "gauge", "Goroutines that wait for a connection of a DB.");
  metrics.sample({}, waiters);
}

}  // namespace parked::resources
