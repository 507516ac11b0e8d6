// What is reachable even if some goroutines, which can run, had nothing: whether anybody else has
// what they hold.
#pragma once

#include <span>
#include <vector>

#include "base/observer.h"
#include "golang/snapshot.h"
#include "heap/pointers.h"
#include "heap/type_masks.h"
#include "proof/marker.h"
#include "proof/proof.h"
#include "proof/waking.h"

namespace parked::proof {

class Others {
 public:
  /// The proof must be given. `observer` may be null.
  Others(const golang::Snapshot& snapshot, const Proof& proof, Observer* observer);

  /// Marks from all roots but those goroutines and leaked ones: a pass over all that is reachable.
  /// False if the user interrupted, or if something was not readable.
  bool mark(std::span<const Index> without);

  /// Pointers of the goroutine's stack, one of those left out, into objects that nobody else has.
  std::vector<Addr> ownOf(Index goroutine);

 private:
  const golang::Snapshot& snapshot_;
  const Proof& proof_;
  heap::TypeMasks types_;
  heap::Pointers pointers_;
  Marker marker_;
  Waking waking_;
  std::vector<HeldPointer> held_;
};

}  // namespace parked::proof
