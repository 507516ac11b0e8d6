// What goroutines wait on, as JSON objects.
#pragma once

#include <string>

#include "golang/snapshot.h"

namespace parked::report {

/// One entry of `waiting_on`: the operation and the state of the object.
void putWait(std::string& out, const golang::Snapshot& snapshot, const golang::Wait& wait);
void putChannel(std::string& out, const golang::Snapshot& snapshot, const golang::Channel& channel);
void putLock(std::string& out, const golang::Lock& lock);

/// A moment of the target's monotonic clock as nanoseconds from now, null when the clock or the
/// moment is not known.
void putRelative(std::string& out, const golang::Clock& clock, std::int64_t when);

}  // namespace parked::report
