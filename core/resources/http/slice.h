// net/http.
#pragma once

#include "report/section.h"
#include "resources/http/model.h"
#include "rules/findings.h"

namespace parked::resources {

void httpRules(const rules::Context& context, std::vector<rules::Finding>& findings);
void renderHttp(const report::Report& report, std::uint64_t limit, const report::TextStyle& style,
                const report::Sink& sink);
/// parked_http_connections and parked_http_waiters.
void putHttpMetrics(report::Metrics& metrics, const report::Report& report);
/// {"transports":[…],"servers":[…]}
void putHttp(report::JsonWriter& json, const report::Report& report);

}  // namespace parked::resources
