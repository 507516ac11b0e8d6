// The options that `parked watch` alone has.
#pragma once

#include "base/error.h"
#include "command/option_table.h"
#include "command/options.h"

namespace parked::command {

/// --every, --count, --listen, --before-oom; of other commands nothing. Errors: usage.
Result<void> readWatch(const Words& words, Invocation& out);

}  // namespace parked::command
