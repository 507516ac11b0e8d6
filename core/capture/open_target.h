// The three ways to a target.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "target/target.h"

namespace parked::capture {

/// A core, a process, or what a debugger holds.
struct Source {
  std::string core;          ///< path; empty: none
  int pid = 0;               ///< 0: none
  bool heldStopped = false;  ///< the debugger holds the process stopped: it is read as it is
  target::DebuggerHost* debugger = nullptr;
};

/// Errors as the room target has them; usage if the source is none of the three. Of a process that
/// is held the debugger tells the threads, unless the options have them.
Result<std::unique_ptr<target::Target>> openTarget(const Source& source,
                                                   target::OpenOptions options);

}  // namespace parked::capture
