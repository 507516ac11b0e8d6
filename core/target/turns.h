// Two that look at one process at the same time: a `watch` beside it, and somebody's report.
#pragma once

#include <cstdint>
#include <functional>

#include "base/error.h"

namespace parked::target {

/// Calls `stop`, which stops the process; where another parked holds it just then, again once that
/// one is done. A look is short; one that takes longer than five seconds is not waited for.
Result<void> stopInTurn(std::int32_t pid, const std::function<Result<void>()>& stop);

}  // namespace parked::target
