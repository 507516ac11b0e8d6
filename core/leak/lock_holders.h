// Who holds a lock that others wait for. Go's locks do not say who holds them; stacks do: a frame
// whose function has locked, has not unlocked, and has the address of the lock in its words. And
// the circles of goroutines that wait for one another's locks.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/progress.h"
#include "golang/snapshot.h"
#include "leak/code.h"
#include "leak/places.h"

namespace parked::leak {

using golang::Index;
using golang::kNone;

/// A goroutine that may hold a lock.
struct LockHolder {
  Index goroutine = kNone;
  Place locked;          ///< where its frame called Lock, or a helper did for it
  Place now;             ///< where that frame stands
  bool exact = false;    ///< the frame has kept the lock's own address, and locked on every way
  bool unlocks = false;  ///< it did not lock, it will unlock (at `locked`): handed over to it
  bool reads = false;    ///< of an RWMutex: it holds it for reading
};

/// Goroutines each of which waits for a lock that the next one holds, the last for the first.
struct LockCycle {
  struct Member {
    Index goroutine = kNone;
    Index lock = kNone;  ///< what it waits for
    LockHolder holder;   ///< the next member, and why it holds that lock
  };
  std::vector<Member> members;
};

struct LockHolders {
  /// By lock (Snapshot::locks), the most likely first; a few at most.
  std::vector<std::vector<LockHolder>> of;
  /// Circles in which every lock has but one possible holder.
  std::vector<LockCycle> cycles;
  struct InCycle {
    std::size_t cycle = 0, member = 0;
  };
  /// The circle a goroutine is in, into `cycles`: there is one at most.
  std::unordered_map<Index, InCycle> cycleOf;
};

/// Looks for the holders of every locked mutex and RWMutex that somebody waits for. Nothing if it
/// is stopped: whom a goroutine that was not looked at holds up is not known, and with it no
/// circle.
std::optional<LockHolders> findLockHolders(const golang::Snapshot& snapshot, const Code& code,
                                           Progress& progress);

}  // namespace parked::leak
