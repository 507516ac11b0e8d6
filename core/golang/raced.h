// What changed while a running process was read.
#pragma once

#include <cstddef>

#include "golang/snapshot.h"

namespace parked::golang {

/// Of a process that was read while it ran: looks at every g once more, and marks those goroutines
/// inFlux that went on in between, as what was read of them may be of two moments. (One that came
/// back to the same place in between is not noticed.) Returns how many there are; 0 for other
/// targets.
std::size_t markRaced(Snapshot& snapshot);

}  // namespace parked::golang
