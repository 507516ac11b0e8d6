// The JSON of what the standard library holds (docs/json.md), each appended as one JSON value.
#pragma once

#include <string>

#include "report/model.h"

namespace parked::report {

/// {"transports":[…],"servers":[…]}
void putHttp(std::string& out, const Report& report);

/// {"semaphores":[…],"error_groups":[…]}
void putExtraSync(std::string& out, const Report& report);

/// "idle", "body not closed" …
std::string_view httpStateName(stdlib::HttpState state);

}  // namespace parked::report
