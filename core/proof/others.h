// What is reachable even if some goroutines, which can run, had nothing: whether anybody else has
// what they hold.
#pragma once

#include <span>
#include <vector>

#include "base/observer.h"
#include "golang/snapshot.h"
#include "proof/marker.h"
#include "proof/proof.h"
#include "proof/waking.h"

namespace parked::proof {

class Others {
 public:
  /// The proof must be given. `observer` may be null.
  Others(const golang::Snapshot& snapshot, const Proof& proof, Observer* observer);

  /// Marks from all roots but those goroutines and leaked ones: takes as long as the proof. False
  /// if the user interrupted, or if something was not readable.
  bool mark(std::span<const Index> without);

  /// Somebody else has the object of the heap that `address` points into.
  bool reaches(Addr address) const;
  const Marker& marker() const { return marker_; }

  /// Pointers of the goroutine's stack, one of those left out, into objects that nobody else has.
  std::vector<Addr> ownOf(Index goroutine);

 private:
  const golang::Snapshot& snapshot_;
  const Proof& proof_;
  Marker marker_;
  Waking waking_;
  std::vector<HeldPointer> held_;
};

}  // namespace parked::proof
