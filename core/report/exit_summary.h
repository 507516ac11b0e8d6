// The renderers of `parked exec-summary`.
#pragma once

#include <cstdint>
#include <string>

#include "compare/exit_summary.h"
#include "report/render.h"

namespace parked::report {

inline constexpr std::string_view kExitSummarySchema = "parked-exec-summary/1";

/// What was looked at, what is not known, and `limit` of what was left behind, 0: all.
void renderExitSummaryText(const compare::ExitSummary& summary, const std::string& folder,
                           std::uint64_t limit, const TextStyle& style, const Sink& sink);
/// One document (docs/schema/parked-exec-summary-1.schema.json).
void renderExitSummaryJson(const compare::ExitSummary& summary, const std::string& folder,
                           const Sink& sink);

}  // namespace parked::report
