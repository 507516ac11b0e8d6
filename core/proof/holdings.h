// What leaked goroutines hold that nothing else does: how much memory a leak costs, and which leak
// is the consequence of another.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "proof/proof.h"

namespace parked::proof {

/// What the leaked goroutines of one owner hold. Who an owner is, the caller says: a group of the
/// report.
struct Holding {
  std::uint64_t goroutines = 0;
  std::uint64_t stackBytes = 0;  ///< of their stacks, whole
  std::uint64_t heapBytes = 0;   ///< of slots that only this owner keeps alive
  std::uint64_t objects = 0;     ///< their number
  /// The owner whose leak explains this one: its goroutines reach what these wait on, and not the
  /// other way round, and nothing explains theirs. kNone: nobody.
  Index cause = kNone;
};

struct Holdings {
  std::vector<Holding> owners;
  std::uint64_t sharedBytes = 0;  ///< of slots that several owners keep alive together
  std::uint64_t sharedObjects = 0;
  bool interrupted = false;  ///< the user asked to stop: nothing of it is here
};

/// `ownerOf` says for each goroutine of the snapshot which of the `owners` owners it belongs to;
/// goroutines that are not leaked are passed over. Empty if the proof was not given. Linear in what
/// is unreachable. Objects that are marked are alive without the leak and count for nobody.
/// `observer` may be null.
Holdings holdingsOf(const golang::Snapshot& snapshot, const Proof& proof,
                    std::span<const Index> ownerOf, std::size_t owners, Observer* observer);

}  // namespace parked::proof
