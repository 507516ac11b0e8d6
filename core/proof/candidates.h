// Which goroutines the proof asks about, and what each of them waits on.
#pragma once

#include <vector>

#include "golang/snapshot.h"
#include "proof/fate.h"

namespace parked::proof {

/// notAsked, undecided, or leaked: the last until something is found to reach it.
Fate firstFate(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine);

/// Whether the wait is one that reachability decides: on a channel, a lock, a coroutine.
bool isWatched(golang::ObjectKind kind);

/// Whether nobody at all can end the wait: on a nil channel, in a select without cases.
bool isForEver(golang::ObjectKind kind);

/// Of one that isWatched: nothing but somebody with a pointer to the object can end it. False also
/// where a waker may be in flight.
bool isCertain(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine,
               const golang::Wait& wait);

}  // namespace parked::proof
