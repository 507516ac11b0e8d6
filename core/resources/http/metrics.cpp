// Transports of net/http as metrics (docs/formats.md).
#include "report/metrics.h"

#include "resources/http/slice.h"
#include "resources/kit.h"

namespace parked::resources {

void putHttpMetrics(Metrics& metrics, const Report& report) {
  if (report.resources == nullptr) return;
  std::uint64_t idle = 0, used = 0, waiters = 0;
  for (const HttpTransport& transport : report.resources->of<Http>().transports) {
    waiters += transport.waiters.size();
    for (const HttpHost& host : transport.hosts) {
      idle += host.idle;
      used += host.busy + host.dialing;
    }
  }
  metrics.family("http_connections", "gauge", "Connections of net/http's Transports, by use.");
  metrics.sample({{"state", "idle"}}, idle);
  metrics.sample({{"state", "in_use"}}, used);
  metrics.family("http_waiters", "gauge", "Goroutines that wait for a connection of a Transport.");
  metrics.sample({}, waiters);
}

}  // namespace parked::resources
