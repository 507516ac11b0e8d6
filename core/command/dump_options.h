// The options that `parked dump` alone has.
#pragma once

#include "base/error.h"
#include "command/option_table.h"
#include "command/options.h"

namespace parked::command {

/// -o and --level; of other commands nothing. Errors: usage.
Result<void> readDump(const Words& words, Invocation& out);

}  // namespace parked::command
