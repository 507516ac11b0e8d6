// What "now" is on the target's monotonic clock, which a core does not say.
// Mirrors the users of runtime.nanotime: runtime/mstats.go, runtime/proc.go (sysmon),
// runtime/mgc.go.
#pragma once

#include "golang/layouts.h"
#include "golang/snapshot.h"

namespace parked::golang {

/// Fills snapshot.clock, gomaxprocs and gcRunning. Goroutines must have been read: their waitSince
/// are times that have passed.
void readClock(Snapshot& snapshot, const ClockLayout& layout);

}  // namespace parked::golang
