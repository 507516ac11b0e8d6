// Starts a program under the eyes of a helper that looks at it as it exits.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "launch/exit_tracer.h"

namespace parked::launch {

struct Plan {
  std::vector<std::string> program;  ///< its name, found as a shell does, and its arguments
  When when;
  std::string goDebug;  ///< added to the program's GODEBUG
  /// The exit code may have to be another one than the program's: it then runs as a child of this
  /// process. Else this process becomes the program, and nothing stands between it and its parent.
  bool mayChangeCode = false;
  /// Go programs that it starts are looked at as well as they exit, while it runs itself.
  bool children = false;
};

/// The program as it stands still.
struct Standing {
  std::int32_t pid = 0;
  Moment moment = Moment::exit;
  int status = 0;  ///< at Moment::exit, as waitpid() will tell it
  const std::vector<target::Thread>& threads;
  bool child = false;  ///< it was started by the program
};

/// What the helper calls, in a process of its own, while a program stands: reads it through /proc,
/// writes what is to be told, and returns the exit code for a program whose own is 0. Of several
/// looks the lowest one that is not 0 counts.
using Look = std::function<int(const Standing&)>;

/// Says one line on stderr: what keeps the program from being observed.
using Say = std::function<void(const std::string&)>;

/// Does not return: the calling process, which must have one thread and have changed no signal,
/// becomes the program or stands in for it. Where it may not be traced it runs all the same. 127 is
/// the exit code if there is no such program, 126 if it cannot be started.
[[noreturn]] void launch(const Plan& plan, const Look& look, const Say& say);

}  // namespace parked::launch
