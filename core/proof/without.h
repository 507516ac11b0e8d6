// What can be reached without one goroutine: a second marking, in which that one sleeps as well.
#pragma once

#include <memory>

#include "base/observer.h"
#include "golang/addr_map.h"
#include "golang/snapshot.h"
#include "proof/marker.h"
#include "proof/proof.h"

namespace parked::proof {

class Without {
 public:
  /// All but the goroutine and those that the proof calls leaked count as such that can run. Takes
  /// as long as the proof. Null if the proof is not given, if something was not readable, or if the
  /// user interrupted; what is passed must outlive the object, `observer` may be null.
  static std::unique_ptr<Without> mark(const golang::Snapshot& snapshot, const Proof& proof,
                                       Index goroutine, Observer* observer);

  /// Somebody else has the object of the heap that `address` points into.
  bool reaches(Addr address) const;
  const Marker& marker() const { return marker_; }

 private:
  Without(const golang::Snapshot& snapshot, const Proof& proof);
  bool run(const golang::Snapshot& snapshot, Index goroutine, Observer* observer);

  const Proof& proof_;
  Marker marker_;
  golang::AddrMap stoppedTimers_;
};

}  // namespace parked::proof
