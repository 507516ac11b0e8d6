// What a dead program died of: the thread that was dying, and what it was about to print.
// Mirrors runtime/panic.go (throw, fatal, fatalpanic, startpanic_m), runtime/signal_unix.go
// (sighandler) and runtime/proc.go (checkdead), Go 1.18 to 1.27.
#pragma once

#include "golang/snapshot.h"
#include "schema/layouts.h"

namespace parked::golang {

/// Fills in Snapshot::crash. The goroutines and their panics must have been read.
void readCrash(Snapshot& snapshot, const schema::Layouts& layouts);

}  // namespace parked::golang
