// What a redacted dump keeps: what the commands read.
#pragma once

#include <optional>

#include "base/error.h"
#include "capture/dump.h"
#include "command/reading.h"
#include "target/read_log.h"

namespace parked::command {

/// Runs the commands about a target that was opened with `log`, notes its pointers, and ends the
/// recording. nullopt: the target is a redacted dump already. `reading` and `log` must outlive what
/// comes back. Errors: interrupted, and those of commands.
Result<std::optional<capture::Redaction>> redact(Reading& reading, target::ReadLog& log,
                                                 const Host& host);

}  // namespace parked::command
