// What goroutines wait on, as JSON objects.
#pragma once

#include <cstdint>
#include <optional>

#include "golang/snapshot.h"
#include "report/json_writer.h"

namespace parked::report {

/// One entry of `waiting_on`: the operation and the state of the object.
void putWait(JsonWriter& json, const golang::Snapshot& snapshot, const golang::Wait& wait);
void putChannel(JsonWriter& json, const golang::Snapshot& snapshot, const golang::Channel& channel);
/// The members of a lock's object, but for who holds it.
void putLockMembers(JsonWriter& json, const golang::Lock& lock);

/// A moment of the target's monotonic clock as nanoseconds from now; none when the clock or the
/// moment is not known.
std::optional<std::int64_t> fromNow(const golang::Clock& clock, std::int64_t when);

}  // namespace parked::report
