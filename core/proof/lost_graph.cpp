#include "proof/lost_graph.h"

#include <algorithm>
#include <new>

#include "base/progress.h"
#include "proof/candidates.h"

namespace parked::proof {

namespace {}  // namespace

LostGraph::LostGraph(const golang::Snapshot& snapshot, const heap::Heap& heap, const Marker& marker,
                     std::size_t owners)
    : snapshot_(snapshot),
      heap_(heap),
      marker_(marker),
      types_(*snapshot.image),
      pointers_(heap_, types_),
      stacks_(snapshot),
      owners_(owners),
      nodes_(static_cast<Node*>(std::calloc(heap_.slots(), sizeof(Node)))) {
  if (nodes_ == nullptr) throw std::bad_alloc();
}

bool LostGraph::build(std::span<const Index> ownerOf, const IsLost& isLost, const Waited& waited,
                      Observer* observer) {
  std::vector<std::vector<Index>> members(owners_);
  std::size_t goroutines = 0;
  for (Index i = 0; i < ownerOf.size(); ++i) {
    if (ownerOf[i] >= owners_ || !isLost(i)) continue;
    members[ownerOf[i]].push_back(i);
    ++goroutines;
    for (const golang::Wait& wait : snapshot_.waitsOf(snapshot_.goroutines[i])) {
      if (const ObjectRef object = heap_.find(waited(i, wait))) {
        watches_.emplace_back(heap_.slot(object), static_cast<Node>(ownerOf[i]));
      }
    }
  }
  std::ranges::sort(watches_);
  watches_.erase(std::ranges::unique(watches_).begin(), watches_.end());
  constexpr std::string_view kStage = "retained memory";
  std::ranges::stable_sort(given_, {}, &std::pair<Node, Addr>::first);
  auto given = given_.begin();
  Progress owned(observer, kStage, goroutines);
  for (Node owner = 0; owner < members.size(); ++owner) {
    const std::vector<Index>& of = members[owner];
    for (; given != given_.end() && given->first == owner; ++given) add(given->second);
    for (std::size_t i = 0; i < of.size(); ++i) {
      if (!owned.step()) return false;
      if (i + StackRoots::kAhead < of.size()) {
        stacks_.prefetch(snapshot_.goroutines[of[i + StackRoots::kAhead]]);
      }
      addGoroutine(snapshot_.goroutines[of[i]]);
    }
    close();
  }
  // Objects are added as others lead to them.
  Progress reached(observer, kStage, 0);
  for (std::size_t i = 0; i < objects_.size(); ++i) {
    if (!reached.step()) return false;
    addObject(objects_[i]);
  }
  return true;
}

void LostGraph::add(Addr pointer) {
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

void LostGraph::addGoroutine(const golang::Goroutine& goroutine) {
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

void LostGraph::addObject(ObjectRef object) {
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

}  // namespace parked::proof
