// Goroutines as a forest in which siblings that look alike are one node: 9,980 writers of one
// server are one line. What the edges are, whoever makes the links says (leak/creation.h,
// leak/blocking.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/observer.h"
#include "leak/analysis.h"

namespace parked::leak {

/// What is in a forest beside the goroutines of the snapshot.
struct ForestExtra {
  std::uint64_t id = 0;      ///< a goroutine that has ended; 0: nothing but a place
  PlaceId place = kNoPlace;  ///< where it created the first of its children, if that is known
};

/// A forest before anything is taken together. Items are the goroutines of the snapshot, by index,
/// then the extras.
struct ForestLinks {
  std::vector<Index> parents;        ///< of each item, kNone: it has none
  std::vector<std::uint32_t> looks;  ///< of each item: siblings with the same are alike
  std::vector<ForestExtra> extras;
  std::vector<bool> chosen;  ///< goroutines to be shown; what leads to them is, too
};

class Forest {
 public:
  struct Node {
    Index parent = kNone;  ///< into nodes(), where it comes first
    Index item = kNone;    ///< the first of its members
    std::uint32_t firstMember = 0, count = 0;
    std::uint32_t firstChild = 0, children = 0;
    bool context = false;  ///< nobody asked for its members: it leads to what is below
    Verdict gravest = Verdict::running;  ///< of those asked for, of it and below it
    std::uint64_t goroutines = 0;        ///< that were asked for, of it and below it
  };

  /// Linear in the number of items. Links that make a circle are cut at the first of its items.
  /// Empty if the user asks to stop; `observer` may be null.
  Forest(const Analysis& analysis, ForestLinks links, Observer* observer);

  std::span<const Node> nodes() const { return nodes_; }
  std::span<const Index> roots() const { return roots_; }
  /// Nodes, the gravest first, then the largest.
  std::span<const Index> childrenOf(const Node& node) const {
    return {children_.data() + node.firstChild, node.children};
  }
  /// Items, ascending.
  std::span<const Index> membersOf(const Node& node) const {
    return {members_.data() + node.firstMember, node.count};
  }
  bool isGoroutine(Index item) const { return item < goroutines_; }
  const ForestExtra& extra(Index item) const { return links_.extras[item - goroutines_]; }
  std::uint32_t lookOf(Index item) const { return links_.looks[item]; }
  /// The item whose parent was taken from it, because it is on a circle.
  bool wasCut(Index item) const { return cut_[item]; }
  /// The first of two nodes is to be told before the second.
  bool before(Index a, Index b) const;

 private:
  using Bits = std::vector<bool>;

  void cutCircles();
  std::vector<Index> fromTheRoots() const;
  Bits keptOf(std::span<const Index> order) const;
  bool join(std::span<const Index> order, const Bits& kept, Observer* observer);
  void gather(const Bits& kept);
  void sum(const Analysis& analysis);
  bool isChosen(Index item) const { return item < goroutines_ && links_.chosen[item]; }

  ForestLinks links_;
  Index goroutines_;
  Bits cut_;
  std::vector<Node> nodes_;
  std::vector<Index> nodeOf_;  // by item
  std::vector<Index> roots_, children_, members_;
};

/// How the lines of goroutines look, as small numbers by group of Analysis::grouping(): the same
/// start, user's line, wait reason and verdict are the same, on whatever stack.
std::vector<std::uint32_t> looksOfGroups(const Analysis& analysis);

/// Gives small numbers to pairs of numbers.
class PairNumbers {
 public:
  std::uint32_t of(std::uint64_t first, std::uint64_t second);

 private:
  struct Hash {
    std::size_t operator()(const std::pair<std::uint64_t, std::uint64_t>& pair) const {
      return (pair.first * 0x9e3779b97f4a7c15U) ^ (pair.second + (pair.first >> 29));
    }
  };
  std::unordered_map<std::pair<std::uint64_t, std::uint64_t>, std::uint32_t, Hash> numbers_;
};

}  // namespace parked::leak
