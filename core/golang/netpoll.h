// File descriptors known to the network poller.
// Mirrors runtime/netpoll.go (pollDesc, pollCache) and the chunks of runtime/malloc.go's
// persistentalloc they live in, Go 1.18 to 1.27.
#pragma once

#include "golang/access.h"
#include "golang/snapshot.h"

namespace parked::golang {

/// Fills Snapshot::fds with the open descriptors, in order of their numbers.
void readPollFds(Snapshot& snapshot);

/// The same over any runtime (tests).
void readPollFds(Snapshot& snapshot, Access& access);

}  // namespace parked::golang
