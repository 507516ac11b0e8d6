// Circles of goroutines each of which waits for what only the next can give: not of locks alone,
// but of a lock and a channel, say, or of a WaitGroup and what its goroutines send. See
// docs/verdicts.md.
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/observer.h"
#include "base/progress.h"
#include "golang/snapshot.h"
#include "leak/code.h"
#include "leak/lock_holders.h"
#include "leak/places.h"
#include "leak/wake_sites.h"
#include "proof/proof.h"

namespace parked::leak {

struct WaitCircle {
  struct Member {
    Index goroutine = kNone;
    Index wait = kNone;             ///< into Snapshot::waits: for what it waits
    Index next = kNone;             ///< the goroutine that could end that wait, a member as well
    WakeAct act = WakeAct::unlock;  ///< by doing what
    std::uint64_t others = 0;       ///< that could as well, all of them in the circle or behind it
    bool handed = false;            ///< of a lock: it did not lock, it will unlock at `place`
    Place place;                    ///< where it would; of a lock, where it locked it
    Place now;                      ///< where that one's frame stands
  };
  /// Those on the circle in its order, then those that wait for one of them and are waited for.
  std::vector<Member> members;
  std::size_t round = 0;  ///< how many are on it
};

struct WaitCircles {
  std::vector<WaitCircle> circles;
  struct InCircle {
    std::size_t circle = 0, member = 0;
  };
  std::unordered_map<Index, InCircle> of;  ///< by goroutine: it is in one at most
};

/// Looks for them among goroutines whose waits are certain. Needs the proof; without it there are
/// none. A goroutine waits for others if all who could end its wait are known: the holder of a
/// lock; of a WaitGroup those that have deferred Done; of a channel those whose code comes to the
/// other end of it from where they stand, if nobody else has the channel at hand (proof/near.h).
/// Circles of locks alone are LockHolders::cycles. `timed` are channels that a timer will send to.
/// Nothing if the user asks to stop.
WaitCircles findWaitCircles(const golang::Snapshot& snapshot, const Code& code,
                            const LockHolders& holders, const proof::Proof* proof,
                            const std::unordered_set<Addr>& timed, Observer* observer);

}  // namespace parked::leak
