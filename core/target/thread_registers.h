// The registers of a thread that this one traces.
#pragma once

#include <cstdint>

#include "target/registers.h"

namespace parked::target {

/// Of a thread in a ptrace stop, from the thread that traces it; without registers if they cannot
/// be read.
Thread readThread(std::int32_t tid, const Architecture& arch);

}  // namespace parked::target
