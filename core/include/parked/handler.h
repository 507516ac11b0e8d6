// `parked handler`: what is kept of a process that dies.
#pragma once

#include <string>
#include <vector>

#include "parked/parked.h"

namespace parked {

/// {"handler", "--dir", "DIR", "PID", "SIGNAL", "TIME", "NAME"}, as the kernel calls it by
/// core_pattern. The core comes in by the descriptor `input`, which is closed as soon as nothing of
/// it is needed any more: the process is gone then. What was done, or why nothing was, is in the
/// log in DIR, and in CommandResult::output or error. Exit codes: 0, it was kept, or is no program
/// of Go; 2, nothing was kept; 3, not all.
CommandResult handle(const std::vector<std::string>& words, int input, const Host& host);

}  // namespace parked
