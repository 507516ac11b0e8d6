// The numbers behind the rules that cannot prove what they say, in one place.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "leak/analysis.h"

namespace parked::rules {

/// Of how many an evidence tells.
inline constexpr std::size_t kExamples = 3;

/// How long something that ends by itself in a healthy program may take: a handshake, a body that
/// is being looked at, a wait for a connection. Shorter when --suspect-age is.
inline std::int64_t hangAge(const leak::Analysis& analysis) {
  constexpr std::int64_t kHang = 60'000'000'000;  // ns
  return std::min<std::int64_t>(kHang, analysis.options().thresholds.age.count());
}

/// Transports that were dropped at the same time, with connections that will end by themselves.
inline constexpr std::size_t kManyTransports = 10;

/// AfterFuncs of one callback that start themselves again: one may well be meant to go on for ever.
inline constexpr std::size_t kManyRearming = 3;
/// Heap that a single one of them may keep alive.
inline constexpr std::uint64_t kMuchRetained = 1 << 20;
/// Timers nobody can stop any more, of one callback or of time.After.
inline constexpr std::size_t kManyTimers = 1000;
/// The same where each keeps alive something large, this much together.
inline constexpr std::size_t kSomeTimers = 100;
/// So many of one callback show a pace, in a process that has run for kFarAway at least.
inline constexpr std::size_t kTimersForPace = 32;
/// Timers and deadlines that are nearer than that go away by themselves.
inline constexpr std::int64_t kFarAway = 10'000'000'000;  // ns

/// Contexts of one parent whose cancel functions are lost.
inline constexpr std::size_t kManyContexts = 10;
/// context.AfterFuncs of one parent and function: a pool of workers may well leave that many.
inline constexpr std::size_t kManyAfterFuncs = 32;
/// Goroutines at one place that wait for signals: a program has one, or one for each of its parts.
inline constexpr std::uint64_t kManyNotified = 10;
/// gRPC streams that nobody has: a few may belong to calls that go on without them.
inline constexpr std::size_t kManyStreams = 10;
/// Contexts of one parent that somebody has: a large server may have thousands of requests.
inline constexpr std::size_t kManyChildren = 10000;

}  // namespace parked::rules
