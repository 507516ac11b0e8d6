// Panics in progress, of goroutines that have one: their values, and which frames raised them.
// Mirrors runtime/runtime2.go (_panic) and runtime/panic.go (gopanic, printpanics), Go 1.18 to
// 1.27.
#pragma once

#include "golang/snapshot.h"

namespace parked::golang {

/// Reads the chains whose heads the walk of the goroutines left in Snapshot::panicking. What is no
/// panic is left out, and counted in Snapshot::incomplete.
void readPanics(Snapshot& snapshot);

}  // namespace parked::golang
