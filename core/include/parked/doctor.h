// Whether a live process can be read, before anybody tries.
#pragma once

#include <cstdint>

#include "parked/parked.h"

namespace parked {

/// `parked doctor PID`: what reading the process would run into, and what to change. Nothing is
/// done to it. The exit code is 2 if it cannot be read as it is.
CommandResult doctor(std::int32_t pid);

}  // namespace parked
