// golang.org/x/sync, the module nearly every service has beside the standard library: weighted
// semaphores and error groups, each only where a goroutine waits on it. Mirrors
// semaphore/semaphore.go and errgroup/errgroup.go.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/incomplete.h"
#include "golang/snapshot.h"
#include "resources/stack_index.h"

namespace parked::resources {

/// A semaphore.Weighted that goroutines stand in Acquire of.
struct WeightedSemaphore {
  Addr address = 0;                  ///< 0: not found, one entry for all of those
  std::int64_t size = 0, taken = 0;  ///< weights; valid with an address
  std::vector<Index> waiters;
};

/// An errgroup.Group that goroutines stand in Wait or Go of.
struct ErrorGroup {
  Addr waitGroup = 0;           ///< of its WaitGroup, which somebody waits for; 0: nobody does
  Addr limit = 0;               ///< the channel that counts its goroutines; 0: nobody waits for it
  std::vector<Index> waiters;   ///< in Wait
  std::vector<Index> starters;  ///< in Go: as many goroutines run as SetLimit allows
};

struct ExtraSync {
  std::vector<WeightedSemaphore> semaphores;
  std::vector<ErrorGroup> groups;

  bool empty() const { return semaphores.empty() && groups.empty(); }
  /// What the goroutine waits on; null if that is none of them.
  const WeightedSemaphore* semaphoreOf(Index goroutine) const;
  const ErrorGroup* groupOf(Index goroutine) const;
  /// Notes who waits on which of them, once both are complete: the two above ask for it.
  void index();

 private:
  std::unordered_map<Index, std::size_t> semaphoreOf_, groupOf_;  // by goroutine
};

/// Reads them from the stacks of those who wait.
ExtraSync readExtraSync(const golang::Snapshot& snapshot, StackIndex& stacks);

}  // namespace parked::resources
