// Stores each distinct stack once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "golang/snapshot.h"

namespace parked::golang {

/// Interns sequences of pcs into Snapshot::stacks and Snapshot::pcs.
class StackPool {
 public:
  explicit StackPool(Snapshot& snapshot) : snapshot_(snapshot), slots_(1024, kNone) {}

  /// The index of the stack with these pcs, the same for equal ones; kNone for an empty one.
  Index add(std::span<const FramePc> pcs, bool truncated);

 private:
  bool equals(Index stack, std::span<const FramePc> pcs, bool truncated) const;
  void grow();

  Snapshot& snapshot_;
  std::vector<Index> slots_;           // open addressing, a power of two of them
  std::vector<std::uint64_t> hashes_;  // by stack
};

}  // namespace parked::golang
