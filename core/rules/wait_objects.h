// What a wait is on, where it was found.
#pragma once

#include "golang/snapshot.h"

namespace parked::rules {

/// Null if it is no channel that was read.
inline const golang::Channel* channelOf(const golang::Snapshot& snapshot,
                                        const golang::Wait& wait) {
  return wait.kind == golang::ObjectKind::channel && wait.object < snapshot.channels.size()
             ? &snapshot.channels[wait.object]
             : nullptr;
}

/// Of a wait on a sync object.
inline const golang::Lock* lockOf(const golang::Snapshot& snapshot, const golang::Wait& wait) {
  return wait.object < snapshot.locks.size() ? &snapshot.locks[wait.object] : nullptr;
}

}  // namespace parked::rules
