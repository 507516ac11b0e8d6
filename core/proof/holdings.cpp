#include "proof/holdings.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#include "heap/pointers.h"
#include "proof/candidates.h"
#include "proof/components.h"
#include "proof/stack_roots.h"

namespace parked::proof {

namespace {

constexpr std::size_t kAskEvery = 1 << 12;  // goroutines or objects

struct FreeMemory {
  void operator()(Node* memory) const { std::free(memory); }
};

/// The part of the heap that only leaked goroutines reach, as a graph. Nodes are the owners, then
/// the objects in the order they are found. An edge leads from an owner to what its goroutines
/// hold, from an object to what it points to, and from an object to the owners whose goroutines
/// wait on it: if somebody ran who has it, they could be woken.
class Graph {
 public:
  Graph(const golang::Snapshot& snapshot, const Proof& proof, std::size_t owners);
  /// False if the user interrupted.
  bool build(const Proof& proof, std::span<const Index> ownerOf, Observer* observer);

  Node nodes() const { return static_cast<Node>(first_.size() - 1); }
  std::span<const Node> from(Node node) const {
    return {edges_.data() + first_[node], edges_.data() + first_[node + 1]};
  }
  /// Bytes of an object's slot.
  std::uint64_t size(Node node) const {
    return heap_.spans()[objects_[node - owners_].span].elementSize;
  }

 private:
  void add(Addr pointer);
  void addGoroutine(const golang::Goroutine& goroutine);
  void addObject(ObjectRef object);
  void close() { first_.push_back(edges_.size()); }

  const golang::Snapshot& snapshot_;
  const heap::Heap& heap_;
  const Marker& marker_;
  heap::TypeMasks types_;
  heap::Pointers pointers_;
  StackRoots stacks_;
  std::size_t owners_;
  // By slot: the object's node, 0 if it has none yet. Most slots are never asked about, so the
  // pages come from the system, zeroed, as they are touched.
  std::unique_ptr<Node[], FreeMemory> nodes_;
  std::vector<ObjectRef> objects_;
  std::vector<std::size_t> first_ = {0};
  std::vector<Node> edges_;
  std::vector<HeldPointer> held_;
  std::vector<std::pair<std::uint64_t, Node>> watches_;  // slot waited on, owner
};

Graph::Graph(const golang::Snapshot& snapshot, const Proof& proof, std::size_t owners)
    : snapshot_(snapshot),
      heap_(*proof.heap()),
      marker_(*proof.marker()),
      types_(*snapshot.image),
      pointers_(heap_, types_),
      stacks_(snapshot),
      owners_(owners),
      nodes_(static_cast<Node*>(std::calloc(heap_.slots(), sizeof(Node)))) {
  if (nodes_ == nullptr) throw std::bad_alloc();
}

bool Graph::build(const Proof& proof, std::span<const Index> ownerOf, Observer* observer) {
  std::vector<std::vector<Index>> members(owners_);
  std::size_t goroutines = 0, done = 0;
  for (Index i = 0; i < ownerOf.size(); ++i) {
    if (ownerOf[i] >= owners_ || proof.fate(i) != Fate::leaked) continue;
    members[ownerOf[i]].push_back(i);
    ++goroutines;
    for (const golang::Wait& wait : snapshot_.waitsOf(snapshot_.goroutines[i])) {
      if (!isWatched(wait.kind)) continue;
      if (const ObjectRef object = heap_.find(wait.address)) {
        watches_.emplace_back(heap_.slot(object), static_cast<Node>(ownerOf[i]));
      }
    }
  }
  std::ranges::sort(watches_);
  watches_.erase(std::ranges::unique(watches_).begin(), watches_.end());
  const auto proceed = [observer](std::size_t at, std::size_t total) {
    if (observer == nullptr || at % kAskEvery != 0) return true;
    observer->progress("retained memory", at, total);
    return !observer->cancelled();
  };
  for (const std::vector<Index>& of : members) {
    for (std::size_t i = 0; i < of.size(); ++i) {
      if (!proceed(done++, goroutines)) return false;
      if (i + StackRoots::kAhead < of.size()) {
        stacks_.prefetch(snapshot_.goroutines[of[i + StackRoots::kAhead]]);
      }
      addGoroutine(snapshot_.goroutines[of[i]]);
    }
    close();
  }
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    if (!proceed(i, objects_.size())) return false;
    addObject(objects_[i]);
  }
  return true;
}

void Graph::add(Addr pointer) {
  const ObjectRef object = heap_.find(pointer);
  if (!object || marker_.isMarked(object)) return;
  Node& node = nodes_[heap_.slot(object)];
  if (node == 0) {
    if (!heap_.allocated(object)) return;
    node = static_cast<Node>(owners_ + objects_.size());
    objects_.push_back(object);
  }
  // Many goroutines of a group hold the same few things.
  if (edges_.size() == first_.back() || edges_.back() != node) edges_.push_back(node);
}

void Graph::addGoroutine(const golang::Goroutine& goroutine) {
  stacks_.read(goroutine, held_);
  for (const HeldPointer& pointer : held_) add(pointer.value);
  if (const ObjectRef g = heap_.find(goroutine.address)) {
    pointers_.visit(g, [this](Addr, Addr value) { add(value); });
  }
  for (const golang::Wait& wait : snapshot_.waitsOf(goroutine)) {
    add(wait.sudog);
    if (isWatched(wait.kind)) add(wait.address);
  }
}

void Graph::addObject(ObjectRef object) {
  pointers_.visit(object, [this](Addr, Addr value) { add(value); });
  if (!marker_.isWatched(object)) {
    close();
    return;
  }
  const std::pair key(heap_.slot(object), Node{0});
  for (auto it = std::ranges::lower_bound(watches_, key);
       it != watches_.end() && it->first == key.first; ++it) {
    edges_.push_back(it->second);
  }
  close();
}

/// Gives each object to the owner that alone keeps it alive. An object changes hands at most twice
/// (nobody, an owner, shared), so this is linear.
class Sharing {
 public:
  Sharing(const Graph& graph, std::size_t owners)
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

  const Graph& graph_;
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
void findCauses(const Graph& graph, Holdings& holdings) {
  const Components<Graph> components(graph);
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
  Graph graph(snapshot, proof, owners);
  if (!graph.build(proof, ownerOf, observer)) {
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
