// The JSON of what the standard library holds, and of ways (docs/json.md), each appended as one
// JSON value.
#pragma once

#include <cstddef>
#include <string>

#include "report/model.h"

namespace parked::report {

/// {"transports":[…],"servers":[…]}
void putHttp(std::string& out, const Report& report);
/// One object of the array `sql`: a pool.
void putSqlDb(std::string& out, const Report& report, std::size_t index);
/// One object of the array `files`.
void putFile(std::string& out, const Report& report, std::size_t index);

/// {"goroutine":7,"answer":…,"way":[…]}: what `parked why` tells of one goroutine.
void putWhy(std::string& out, const Report& report, Index goroutine);

/// {"semaphores":[…],"error_groups":[…]}
void putExtraSync(std::string& out, const Report& report);

}  // namespace parked::report
