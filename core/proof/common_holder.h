// What keeps many goroutines from being called leaked: the nearest object that the ways to what
// they wait on have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "golang/snapshot.h"
#include "proof/proof.h"

namespace parked::proof {

struct CommonHolder {
  /// Its first byte; 0: no object, but roots of one variable or of one goroutine's stack.
  Addr object = 0;
  Root root;                  ///< of the way of `example`
  std::uint64_t members = 0;  ///< goroutines whose way leads through it
  Index example = kNone;      ///< one of them
};

class CommonHolders {
 public:
  /// Of a group of goroutines the holder counts whose members are so many in a hundred.
  static constexpr std::uint64_t kShare = 90;

  /// Both must outlive the object; the proof must be given.
  CommonHolders(const golang::Snapshot& snapshot, const Proof& proof);

  /// Of the ways marking took, which are the shortest: there may be others beside the holder.
  /// nullopt if the members have no holder in common but what they wait on, or if all calls
  /// together have gone through too many objects. Linear in the objects on the ways.
  std::optional<CommonHolder> of(std::span<const Index> members);

 private:
  struct Node {
    ObjectRef object;
    std::uint32_t parent = kNone;  ///< into nodes_
    std::uint32_t pending = 0;     ///< children whose members are not counted here yet
    std::uint32_t members = 0;
    std::uint32_t root = kNone;  ///< Marker's number, if a root marked it
    Index example = kNone;
    bool waitedOn = false;
    bool hasHeavy = false;  ///< a child of it holds as many as are asked for
  };

  bool addWays(std::span<const Index> members);
  void count();
  std::optional<CommonHolder> nearest(std::uint64_t wanted);
  std::optional<CommonHolder> commonRoot(std::uint64_t wanted) const;
  CommonHolder holder(const Node& node, bool object) const;

  const golang::Snapshot& snapshot_;
  const Proof& proof_;
  std::vector<Node> nodes_;
  std::uint64_t left_;  ///< objects that may still be gone through
};

}  // namespace parked::proof
