// Timers: those of the snapshot, and what is to be known of them beyond the runtime's heaps.
#pragma once

#include "report/section.h"
#include "resources/timers/model.h"
#include "rules/findings.h"

namespace parked::resources {

void timerRules(const rules::Context& context, std::vector<rules::Finding>& findings);
void renderTimers(const report::Report& report, std::uint64_t limit, const report::TextStyle& style,
                  const report::Sink& sink);
void putTimersBrief(report::Page& page, const report::Report& report,
                    const report::TextStyle& style);
/// parked_timers: how many there are of each kind.
void putTimerMetrics(report::Metrics& metrics, const report::Report& report);
void addTimers(report::Document& document, std::uint64_t limit);

}  // namespace parked::resources
