// What "now" is on the target's monotonic clock, which a core does not say.
// Mirrors the users of runtime.nanotime: runtime/mstats.go, runtime/proc.go (sysmon),
// runtime/mgc.go.
#pragma once

#include <cstdint>
#include <string_view>

#include "golang/snapshot.h"

namespace parked::golang {

/// Clock::source where nothing but moments that have passed is known: `now` is a lower bound, so
/// that what is still to come comes no later than told.
inline constexpr std::string_view kLowerBound = "lower bound";
inline bool isLowerBound(const Clock& clock) { return clock.source == kLowerBound; }

/// Fills gomaxprocs, gcRunning and when the program started. Before the timers.
void readRuntimeState(Snapshot& snapshot);

/// A moment that has passed, on the target's clock; ignored if it cannot be one.
void notePassed(Clock& clock, std::int64_t time);

/// A moment, ns, at which a goroutine with this g.waitsince was already blocked; 0 if none is
/// known. waitsince itself is earlier than that: a collection that sees a goroutine blocked for the
/// first time notes when the one *before* it was about to end (work.tstart, which gcMark sets and
/// markroot takes), and the first collection of a program notes nothing.
std::int64_t blockedAt(const Clock& clock, std::int64_t waitSince);

/// Fills snapshot.clock. Goroutines and timers must have been read: they know of moments that have
/// passed. Each is a sound lower bound, and the latest of them the best where nothing measured the
/// clock: a collection, sysmon's ticks and the last poll of the network; what a ticker fired last,
/// or was made; the time at which whoever slept was to be woken.
void readClock(Snapshot& snapshot);

}  // namespace parked::golang
