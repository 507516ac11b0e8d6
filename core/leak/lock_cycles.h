// Circles of goroutines that wait for one another's locks.
#pragma once

#include <span>

#include "leak/lock_holders.h"

namespace parked::leak {

/// The lock the goroutine waits for; kNone if it waits for something else.
Index lockWaitedFor(const golang::Snapshot& snapshot, Index goroutine);

/// Fills in the circles that LockHolders::of makes; `locks` are those that may be in one.
void findLockCycles(const golang::Snapshot& snapshot, std::span<const Index> locks,
                    LockHolders& holders);

}  // namespace parked::leak
