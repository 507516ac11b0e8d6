// Contexts, and what is known of timers beyond the runtime's heaps, as JSON (docs/json.md).
#pragma once

#include <string>

#include "report/model.h"

namespace parked::report {

/// One object of the array `contexts`.
void putContext(std::string& out, const Report& report, std::size_t index);
/// Members of a timer's object, a comma in front of each; nulls if nothing is known.
void putTimerDetail(std::string& out, const Report& report, std::size_t index);

}  // namespace parked::report
