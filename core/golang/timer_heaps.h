// The timer heaps of all Ps. Mirrors runtime/time.go: addtimer, dodeltimer, siftupTimer,
// adjusttimers (up to 1.22); timers.addHeap, deleteMin, adjust, siftUp (since 1.23).
#pragma once

#include "golang/access.h"
#include "golang/snapshot.h"

namespace parked::golang {

/// Fills Snapshot::timers from the heap of every P. Timers of synctest bubbles are not in them:
/// their clock is not the process's.
void readTimers(Snapshot& snapshot);

/// The same over any runtime (tests).
void readTimers(Snapshot& snapshot, Access& access);

}  // namespace parked::golang
