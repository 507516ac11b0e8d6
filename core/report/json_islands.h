// Islands of goroutines that nobody can stop as JSON (docs/json.md).
#pragma once

#include <cstddef>

#include "report/json_writer.h"
#include "report/model.h"

namespace parked::report {

/// One object of the array `islands`: those of one kind.
void putIslandKind(JsonWriter& json, const Report& report, std::size_t index);

}  // namespace parked::report
