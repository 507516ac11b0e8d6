#include "proof/holdings.h"

#include <algorithm>

#include "proof/candidates.h"
#include "proof/components.h"
#include "proof/lost_graph.h"

namespace parked::proof {

namespace {

/// Gives each object to the owner that alone keeps it alive. An object changes hands at most twice
/// (nobody, an owner, shared), so this is linear.
class Sharing {
 public:
  Sharing(const LostGraph& graph, std::size_t owners)
      : graph_(graph), owners_(owners), of_(graph.nodes(), kNone) {
    for (Node owner = 0; owner < owners_; ++owner) follow(owner);
  }

  bool anyCrosses() const;
  void count(Holdings& holdings) const {
    for (auto node = static_cast<Node>(owners_); node < graph_.nodes(); ++node) {
      if (of_[node] == kShared) {
        holdings.sharedBytes += graph_.size(node);
        ++holdings.sharedObjects;
      } else if (of_[node] != kNone) {
        holdings.owners[of_[node]].heapBytes += graph_.size(node);
        ++holdings.owners[of_[node]].objects;
      }
    }
  }

 private:
  static constexpr Index kShared = kNone - 1;

  void follow(Node owner) {
    todo_.push_back(owner);
    while (!todo_.empty()) {
      const Node node = todo_.back();
      todo_.pop_back();
      const Index mine = node < owners_ ? owner : of_[node];
      for (const Node to : graph_.from(node)) {
        if (to < owners_ || of_[to] == mine || of_[to] == kShared) continue;
        of_[to] = of_[to] == kNone ? mine : kShared;
        todo_.push_back(to);
      }
    }
  }

  const LostGraph& graph_;
  std::size_t owners_;
  std::vector<Index> of_;
  std::vector<Node> todo_;
};

/// Somebody holds what another owner waits on, or what he shares with others.
bool Sharing::anyCrosses() const {
  for (auto node = static_cast<Node>(owners_); node < graph_.nodes(); ++node) {
    for (const Node to : graph_.from(node)) {
      if (to < owners_ && of_[node] != to) return true;
    }
  }
  return false;
}

/// From the leaks that nothing explains, follows what they hold to the leaks they explain.
void findCauses(const LostGraph& graph, Holdings& holdings) {
  const Components<LostGraph> components(graph);
  const auto owners = static_cast<Node>(holdings.owners.size());
  std::vector<Index> cause(components.count(), kNone), own(components.count(), kNone);
  for (Node owner = owners; owner-- > 0;) own[components.of(owner)] = owner;
  const auto& finished = components.finished();
  for (std::size_t i = finished.size(); i-- > 0;) {
    const Node node = finished[i];
    const std::uint32_t from = components.of(node);
    const Index source = cause[from] != kNone ? cause[from] : own[from];
    if (source == kNone) continue;
    for (const Node to : graph.from(node)) {
      const std::uint32_t next = components.of(to);
      if (next != from && cause[next] == kNone) cause[next] = source;
    }
  }
  for (Node owner = 0; owner < owners; ++owner) {
    if (holdings.owners[owner].goroutines != 0) {
      holdings.owners[owner].cause = cause[components.of(owner)];
    }
  }
}

}  // namespace

Holdings holdingsOf(const golang::Snapshot& snapshot, const Proof& proof,
                    std::span<const Index> ownerOf, std::size_t owners, Observer* observer) {
  Holdings holdings;
  if (!proof.given()) return holdings;
  holdings.owners.resize(owners);
  for (Index i = 0; i < ownerOf.size(); ++i) {
    if (ownerOf[i] >= owners || proof.fate(i) != Fate::leaked) continue;
    Holding& holding = holdings.owners[ownerOf[i]];
    ++holding.goroutines;
    const golang::Goroutine& goroutine = snapshot.goroutines[i];
    if (goroutine.stackHi > goroutine.stackLo) {
      holding.stackBytes += goroutine.stackHi - goroutine.stackLo;
    }
  }
  if (std::ranges::all_of(holdings.owners, [](const Holding& h) { return h.goroutines == 0; })) {
    return holdings;
  }
  LostGraph graph(snapshot, *proof.heap(), *proof.marker(), owners);
  const auto lost = [&](Index i) { return proof.fate(i) == Fate::leaked; };
  const auto waited = [&](Index, const golang::Wait& wait) {
    return isWatched(wait.kind) ? wait.address : 0;
  };
  if (!graph.build(ownerOf, lost, waited, observer)) {
    holdings = Holdings();
    holdings.interrupted = true;
    return holdings;
  }
  const Sharing sharing(graph, owners);
  sharing.count(holdings);
  if (sharing.anyCrosses()) findCauses(graph, holdings);
  return holdings;
}

}  // namespace parked::proof
