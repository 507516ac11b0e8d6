// Where goroutines lie in memory, so that they can be copied before they are read.
#pragma once

#include <vector>

#include "golang/snapshot.h"
#include "target/address_space.h"

namespace parked::capture {

/// The array of pointers of runtime.allgs (runtime/proc.go); empty if it is not known where it is.
target::Range listOfGoroutines(image::Image& image);

/// What tells of the goroutines [first, last) of a snapshot, all of one before all of the next: its
/// g, the used part of its stack, and what it waits on.
std::vector<target::Range> memoryOf(const golang::Snapshot& snapshot, std::size_t first,
                                    std::size_t last);

}  // namespace parked::capture
