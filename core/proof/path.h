// The one shortest way from a root to an object: why it is still reachable.
#pragma once

#include <string>
#include <vector>

#include "golang/snapshot.h"
#include "proof/proof.h"

namespace parked::proof {

struct PathStep {
  Addr object = 0;          ///< of its first byte
  std::uint64_t size = 0;   ///< bytes of its slot
  Addr word = 0;            ///< in it, the word that points to the next step; 0 in the last one
  Index goroutine = kNone;  ///< it is that goroutine's g
  Index timer = kNone;      ///< it holds that timer (into Snapshot::timers)
  Index channel = kNone;    ///< it is that channel (into Snapshot::channels)
  Addr closureOf = 0;       ///< it is a closure of the function that starts there
  std::string type;         ///< of the value in it, "" if nothing tells
};

struct Path {
  Root root;
  std::vector<PathStep> steps;  ///< from the root on; empty if there is no path
};

/// The way marking took to the object that `address` points into; by `other`, a marking of the
/// same heap, if there is one.
Path pathTo(const golang::Snapshot& snapshot, const Proof& proof, Addr address,
            const Marker* other = nullptr);

}  // namespace parked::proof
