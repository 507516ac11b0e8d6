// Which goroutines the proof asks about, and what each of them waits on.
#pragma once

#include <vector>

#include "golang/snapshot.h"
#include "proof/proof.h"

namespace parked::proof {

/// notAsked, undecided, or leaked: the last until something is found to reach it.
Fate firstFate(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine);

/// Whether the wait is one that reachability decides: on a channel, a lock, a coroutine.
bool isWatched(golang::ObjectKind kind);

}  // namespace parked::proof
