// The JSON of what the standard library holds, and of ways (docs/json.md), each appended as one
// JSON value.
#pragma once

#include <cstddef>

#include "report/json_writer.h"
#include "report/model.h"

namespace parked::report {

/// {"transports":[…],"servers":[…]}
void putHttp(JsonWriter& json, const Report& report);
/// One object of the array `sql`: a pool.
void putSqlDb(JsonWriter& json, const Report& report, std::size_t index);
/// One object of the array `files`.
void putFile(JsonWriter& json, const Report& report, std::size_t index);

/// {"goroutine":7,"answer":…,"way":[…]}: what `parked why` tells of one goroutine.
void putWhy(JsonWriter& json, const Report& report, Index goroutine);

/// {"semaphores":[…],"error_groups":[…]}
void putExtraSync(JsonWriter& json, const Report& report);

}  // namespace parked::report
