// Goroutines that are blocked beside a live one of their own: the writer of a connection beside its
// reader, a handler beside the goroutine that watches for the client to hang up.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/observer.h"
#include "golang/snapshot.h"
#include "heap/heap.h"
#include "proof/reach.h"

namespace parked::leak {

using golang::Index;
using golang::kNone;

/// Live are those that run or can run at once, and those that wait for a descriptor. A live one
/// that reaches what a blocked one waits on, by what is not everybody's, is its partner: it will
/// wake it, or end with it.
class Pairs {
 public:
  /// A live goroutine that reaches what more than so many at one place wait on is nobody's partner:
  /// the reader of a connection that all share makes no pairs.
  static constexpr unsigned kMost = 8;

  /// All must outlive the object. `observer` may be null; once it says to stop there are no pairs.
  Pairs(const golang::Snapshot& snapshot, const heap::Heap& heap, Observer* observer);

  /// The partner of each, kNone: it has none.
  std::vector<Index> of(std::span<const Index> members) const;

 private:
  /// The live goroutines that reach what it waits on, without repetition.
  void ownersOf(Index goroutine, std::vector<Index>& out) const;

  const golang::Snapshot& snapshot_;
  proof::Reach reach_;
};

}  // namespace parked::leak
