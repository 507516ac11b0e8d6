// Looks at a process from outside, before anything is tried on it: what a report would run into.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "target/permission.h"

namespace parked::target {

/// One thing that reading a live process depends on.
struct Check {
  enum class State : std::uint8_t {
    fine,
    note,    ///< it can be read, but something is not as one would expect
    refused  ///< it cannot be read, or not be stopped
  };
  State state = State::fine;
  std::string found;  ///< "its threads can be stopped"
  std::vector<Obstacle>
      obstacles;  ///< of what is refused: what may be in the way, the most likely first
};

struct Preflight {
  std::string command;  ///< of the process; "" if it is not told
  std::vector<Check> checks;
};

/// Changes nothing: no thread is stopped, no memory is read but one byte. Errors: gone (there is no
/// such process).
Result<Preflight> preflight(std::int32_t pid);

}  // namespace parked::target
