// Timers as metrics (docs/formats.md).
#include "report/metrics.h"

#include <map>

#include "resources/kit.h"
#include "resources/timers/groups.h"
#include "resources/timers/slice.h"

namespace parked::resources {

void putTimerMetrics(Metrics& metrics, const Report& report) {
  std::map<std::string_view, std::uint64_t> counts;
  for (const golang::Timer& timer : timersOf(report)) ++counts[traitsOf(timer.kind).id];
  metrics.family("timers", "gauge", "Timers, by kind.");
  for (const auto& [kind, count] : counts) metrics.sample({{"kind", kind}}, count);
}

}  // namespace parked::resources
