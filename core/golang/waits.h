// What every blocked goroutine waits on.
#pragma once

#include "base/observer.h"
#include "golang/access.h"
#include "golang/snapshot.h"

namespace parked::golang {

/// Fills Snapshot::waits, channels and locks, and each goroutine's firstWait and waitCount; adds
/// the timers of timer channels that no P's heap holds. Goroutines, stacks, timers and fds must be
/// there already. Returns early when the observer is cancelled.
///
/// A wait's `kind` is never a guess: a channel or lock kind has its `object`; whatever could not be
/// determined is ObjectKind::unknown and `note` says why.
void resolveWaits(Snapshot& snapshot, Observer* observer);

/// The same over any runtime (tests).
void resolveWaits(Snapshot& snapshot, Access& access, Observer* observer);

}  // namespace parked::golang
