// Who holds up whom: for every blocked goroutine of which that is known, one that could end its
// wait. As in the lock trees of databases, who holds up others stands above them.
#pragma once

#include <vector>

#include "leak/forest.h"
#include "leak/wake_sites.h"

namespace parked::leak {

/// Why a goroutine stands below another one.
struct BlockedBy {
  enum class Kind : std::uint8_t {
    nobody,   ///< it is not known who could wake it
    holder,   ///< holds the lock it waits for
    waker,    ///< its code comes to the other end of what it waits on
    partner,  ///< it is the live goroutine it belongs to (leak/pairs.h)
  };
  Kind kind = Kind::nobody;
  WakeAct act = WakeAct::unlock;  ///< of holder and waker: what that one would do
  bool circle = false;            ///< both are in a circle of waits, or of locks, that is told
  std::uint32_t place = 0;        ///< into BlockingLinks::places: where it would, or has locked
  std::uint32_t others = 0;       ///< that could as well
  Index wait = kNone;             ///< into Snapshot::waits
  Index goroutine = kNone;        ///< who it is
};

struct BlockingLinks {
  ForestLinks links;          ///< chosen are those that wait for somebody, or are waited for
  std::vector<BlockedBy> by;  ///< by goroutine
  std::vector<Place> places;  ///< the first is the empty one
  std::uint64_t unknown = 0;  ///< goroutines asked for that wait, nobody knows for whom
};

/// `chosen` by goroutine. Links are incomplete if the user asks to stop.
BlockingLinks blockingLinks(const Analysis& analysis, std::vector<bool> chosen, Observer* observer);

}  // namespace parked::leak
