// Circles of waits that lead through pools of connections without one left.
#pragma once

#include <span>
#include <unordered_set>

#include "leak/wait_circles.h"
#include "leak/wait_needs.h"

namespace parked::leak {

/// As findWaitCircles(), with `gates` besides: of who waits for a place of a pool nothing else is
/// asked, and those who have one may give it back. Such a member waits for kNone. Not all circles
/// that are found have a pool.
WaitCircles findPoolCircles(const golang::Snapshot& snapshot, const Code& code,
                            const LockHolders& holders, const proof::Proof* proof,
                            const std::unordered_set<Addr>& timed,
                            std::span<const WaitNeeds::Gate> gates, Observer* observer);

}  // namespace parked::leak
