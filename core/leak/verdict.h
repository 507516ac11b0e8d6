// What is said about a goroutine, and the rules that say it without reachability.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "golang/snapshot.h"
#include "leak/why.h"

namespace parked::leak {

/// In order of gravity; `--fail-on` compares them.
enum class Verdict : std::uint8_t {
  running,  ///< running, runnable, in a system call
  waiting,  ///< blocked, and nothing speaks against it
  unknown,  ///< blocked, but on what could not be made sure, or a waker is in flight
  suspect,  ///< too many or too old at one place
  orphan,   ///< still runs, but nobody can stop it any more
  proved,   ///< can never run again
};

inline constexpr std::size_t kVerdicts = static_cast<std::size_t>(Verdict::proved) + 1;

/// "PROVED", "SUSPECT", …
std::string_view verdictName(Verdict verdict);
/// The reverse, any case; false if `name` is none.
bool parseVerdict(std::string_view name, Verdict& out);

/// When blocked goroutines become SUSPECT: the older they are, the fewer it takes. A group is the
/// goroutines with the same stack and the same kind of object.
///
/// Never SUSPECT: system goroutines, IO wait, sleep, system calls. SUSPECT by `count` only, because
/// they are meant to be old: well-known goroutines (leak/known.h), those a timer in their select
/// will wake, idle workers, and who waits for the end of something (leak/idle.h). Who has a live
/// goroutine of his own, as the writer of a connection has its reader, does not count
/// (leak/pairs.h).
struct Thresholds {
  /// `--suspect-count`: so many at one place, however young.
  std::uint64_t count = 1000;
  /// So many that have each been blocked for `someAge`. No request that is still being served
  /// should be that old, a hundred times at the same place.
  std::uint64_t some = 100;
  std::chrono::nanoseconds someAge = std::chrono::minutes(1);
  /// So many that have each been blocked for `age` (`--suspect-age`). Fewer are what a program
  /// starts once and keeps.
  std::uint64_t few = 10;
  std::chrono::nanoseconds age = std::chrono::minutes(10);
  /// And a single one that waits for a Mutex, RWMutex or Once for `age`: nobody holds a lock so
  /// long.

  /// `--orphan-count`: so many islands of one kind that nobody can stop. Fewer may be what a
  /// program starts once and keeps.
  std::uint64_t orphans = 5;

  bool operator==(const Thresholds&) const = default;
};

/// The verdict of one goroutine by itself, before count and age of its group are known. A pure
/// function of the snapshot. `proofs` is false when the process was read while it ran.
struct Judgement {
  Verdict verdict = Verdict::unknown;
  Why why = Why::none;
};
Judgement judge(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine, bool proofs);

}  // namespace parked::leak
