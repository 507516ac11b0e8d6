// Whether the kernel lets us read and stop a process, and what is in the way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace parked::target {

/// Why the kernel may refuse us a process.
struct Obstacle {
  std::string reason;  ///< "it runs as user 1000"
  std::string remedy;  ///< "run as that user or as root"; may be empty
};

/// What, by all that /proc tells of the process and of us, keeps us from its memory: ptrace(2),
/// "Ptrace access mode checking". The most likely first; never empty, as it is asked once the
/// kernel has refused.
std::vector<Obstacle> obstacles(std::int32_t pid);

/// ErrorCode::permission: `error` came back when we tried to `what` ("stop", "read") the process.
/// Names the first obstacle.
Error notAllowed(std::int32_t pid, std::string_view what, int error);

}  // namespace parked::target
