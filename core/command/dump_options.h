// The options that `parked dump` has.
#pragma once

#include "base/error.h"
#include "command/option_table.h"
#include "command/options.h"

namespace parked::command {

/// --memory-limit, which others have as well. Errors: usage.
Result<void> readMemoryLimit(const Words& words, Invocation& out);

/// --keep, which watch and handler have. Errors: usage.
Result<void> readKeep(const Words& words, Invocation& out);

/// -o and --level; of other commands nothing. Errors: usage.
Result<void> readDump(const Words& words, Invocation& out);

}  // namespace parked::command
