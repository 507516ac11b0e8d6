// The options that `parked exec` alone has.
#pragma once

#include "base/error.h"
#include "command/option_table.h"
#include "command/options.h"

namespace parked::command {

/// --at and --after. Errors: usage.
Result<void> readExec(const Words& words, Invocation& out);

}  // namespace parked::command
