// Contexts, and what is known of timers beyond the runtime's heaps, as JSON (docs/json.md).
#pragma once

#include <cstddef>

#include "report/json_writer.h"
#include "report/model.h"

namespace parked::report {

/// One object of the array `contexts`.
void putContext(JsonWriter& json, const Report& report, std::size_t index);
/// Members of a timer's object; nulls if nothing is known.
void putTimerDetail(JsonWriter& json, const Report& report, std::size_t index);

}  // namespace parked::report
