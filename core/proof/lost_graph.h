// The part of the heap that only goroutines reach whom nobody else reaches.
#pragma once

#include <cstdlib>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/observer.h"
#include "golang/snapshot.h"
#include "heap/heap.h"
#include "heap/pointers.h"
#include "proof/components.h"
#include "proof/marker.h"
#include "proof/stack_roots.h"

namespace parked::proof {

/// As a graph. Nodes are the owners, then the objects in the order they are found. An edge leads
/// from an owner to what its goroutines hold, from an object to what it points to, and from an
/// object to the owners whose goroutines wait on it: if somebody ran who has it, they could be
/// woken.
class LostGraph {
 public:
  /// What `marker` marked is not part of it. All must outlive the graph.
  LostGraph(const golang::Snapshot& snapshot, const heap::Heap& heap, const Marker& marker,
            std::size_t owners);

  /// Whether a goroutine is one of those.
  using IsLost = std::function<bool(Index goroutine)>;
  /// The address of the object by which a goroutine can be woken from a wait; 0 if there is none.
  using Waited = std::function<Addr(Index goroutine, const golang::Wait& wait)>;

  /// Lets the owner hold what the pointer leads to; before build().
  void give(Node owner, Addr pointer) { given_.emplace_back(owner, pointer); }
  /// `ownerOf` gives each goroutine its owner, or none by a number that is not below `owners`.
  /// False if the user interrupted.
  bool build(std::span<const Index> ownerOf, const IsLost& isLost, const Waited& waited,
             Observer* observer);

  Node nodes() const { return static_cast<Node>(first_.size() - 1); }
  std::span<const Node> from(Node node) const {
    return {edges_.data() + first_[node], edges_.data() + first_[node + 1]};
  }
  Node owners() const { return static_cast<Node>(owners_); }
  ObjectRef object(Node node) const { return objects_[node - owners_]; }
  /// Of the object that the address points into; 0 if it is none of the graph's.
  Node nodeOf(Addr address) const {
    const ObjectRef object = heap_.find(address);
    return object ? nodes_[heap_.slot(object)] : 0;
  }
  const heap::Heap& heap() const { return heap_; }
  const heap::Pointers& pointers() const { return pointers_; }
  /// Bytes of an object's slot.
  std::uint64_t size(Node node) const { return heap_.spans()[object(node).span].elementSize; }

 private:
  struct FreeMemory {
    void operator()(Node* memory) const { std::free(memory); }
  };

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
  std::vector<std::pair<Node, Addr>> given_;
};

}  // namespace parked::proof
