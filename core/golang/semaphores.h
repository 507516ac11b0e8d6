// The runtime's semaphores: who waits on which semaphore word.
// Mirrors runtime/sema.go (semaRoot, semtable, sudog treaps), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/incomplete.h"
#include "golang/access.h"
#include "golang/addr_map.h"
#include "schema/sudog.h"

namespace parked::golang {

/// A goroutine found in the semaphore table.
struct SemaphoreWaiter {
  Addr sudog = 0;
  Addr goroutine = 0;
  Addr semaphore = 0;     ///< address of the u32 it waits on
  bool inFlux = false;    ///< the table's lock was held: the entry may be about to leave
  bool doubtful = false;  ///< the goroutine is found elsewhere, too: one entry is damaged
};

/// Every waiter of runtime.semtable: 251 treaps of sudogs, one node per semaphore, further waiters
/// of the same semaphore linked behind it.
class SemaphoreTable {
 public:
  /// Walks the whole table. `limit` bounds the number of waiters (there cannot be more than
  /// goroutines); damage is counted in the snapshot.
  void read(Access& access, const schema::SudogLayout& sudogs, std::size_t limit,
            Snapshot& snapshot);

  /// True if the table was found and walked (perhaps with damage).
  bool known() const { return known_; }

  /// The entry of a goroutine, nullptr if it is in no treap.
  const SemaphoreWaiter* of(Addr goroutine) const {
    const auto index = byGoroutine_.find(goroutine);
    return index == AddrMap::kMissing ? nullptr : &waiters_[index];
  }

  const std::vector<SemaphoreWaiter>& waiters() const { return waiters_; }

 private:
  bool walkRoot(Access& access, const schema::SudogLayout& sudogs, Addr treap, std::uint64_t bucket,
                std::uint64_t buckets, bool inFlux, std::size_t limit);

  bool known_ = false;
  std::vector<SemaphoreWaiter> waiters_;
  AddrMap byGoroutine_;
  std::vector<Addr> pending_;  // treap nodes still to visit
};

}  // namespace parked::golang
