#include "proof/common_holder.h"

#include <algorithm>
#include <map>

#include "golang/addr_map.h"

namespace parked::proof {

namespace {

constexpr std::uint64_t kObjectsEach = 16;  // of the heap's, for all groups together
constexpr std::uint64_t kFewestObjects = 1 << 20;

}  // namespace

CommonHolders::CommonHolders(const golang::Snapshot& snapshot, const Proof& proof)
    : snapshot_(snapshot),
      proof_(proof),
      left_(kFewestObjects + kObjectsEach * proof.marker()->markedObjects() / 10) {}

/// The objects on the ways to all members, each once, as a forest. False if there are too many.
bool CommonHolders::addWays(std::span<const Index> members) {
  const heap::Heap& heap = *proof_.heap();
  const Marker& marker = *proof_.marker();
  nodes_.clear();
  golang::AddrMap known(members.size());  // address of an object to its node
  for (const Index member : members) {
    const Index wait = proof_.reachedWait(member);
    if (proof_.fate(member) != Fate::alive || wait >= snapshot_.waits.size()) continue;
    ObjectRef object = heap.find(snapshot_.waits[wait].address);
    std::uint32_t child = kNone;
    while (object) {
      const Addr address = heap.address(object);
      const std::uint32_t at = known.find(address);
      const bool isNew = at == golang::AddrMap::kMissing;
      const std::uint32_t node = isNew ? static_cast<std::uint32_t>(nodes_.size()) : at;
      if (isNew) {
        if (left_ == 0) return false;
        --left_;
        known.insert(address, node);
        nodes_.emplace_back().object = object;
      }
      if (child == kNone) {
        nodes_[node].waitedOn = true;
        ++nodes_[node].members;
        nodes_[node].example = member;
      } else {
        nodes_[child].parent = node;
        ++nodes_[node].pending;
      }
      if (!isNew) break;
      const Parent parent = marker.parentOf(object);
      if (parent.isNone()) break;
      if (parent.isRoot()) {
        nodes_[node].root = parent.root();
        break;
      }
      child = node;
      object = heap.byScanSlot(parent.scanSlot());
    }
  }
  return true;
}

/// From the objects waited on up to the roots.
void CommonHolders::count() {
  std::vector<std::uint32_t> ready;
  for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].pending == 0) ready.push_back(i);
  }
  for (std::size_t i = 0; i < ready.size(); ++i) {
    const Node& node = nodes_[ready[i]];
    if (node.parent == kNone) continue;
    Node& parent = nodes_[node.parent];
    parent.members += node.members;
    if (parent.example == kNone) parent.example = node.example;
    if (--parent.pending == 0) ready.push_back(node.parent);
  }
}

CommonHolder CommonHolders::holder(const Node& node, bool object) const {
  CommonHolder result;
  result.members = node.members;
  result.example = node.example;
  if (object) result.object = proof_.heap()->address(node.object);
  const Node* top = &node;
  while (top->parent != kNone) top = &nodes_[top->parent];
  if (top->root != kNone) result.root = proof_.marker()->root(top->root);
  return result;
}

/// Where no object is on all ways, one variable or one stack may be.
std::optional<CommonHolder> CommonHolders::commonRoot(std::uint64_t wanted) const {
  std::map<std::pair<Addr, Index>, CommonHolder> roots;
  for (const Node& node : nodes_) {
    if (node.root == kNone) continue;
    const Root& root = proof_.marker()->root(node.root);
    std::pair<Addr, Index> key{0, root.goroutine};
    if (root.kind == RootKind::global) {
      key.first = snapshot_.image->variableAt(root.address).address;
      if (key.first == 0) continue;
    } else if (root.kind != RootKind::stack) {
      continue;
    }
    const auto [at, isNew] = roots.try_emplace(key, holder(node, false));
    if (!isNew) at->second.members += node.members;
  }
  for (const auto& [key, common] : roots) {
    if (common.members >= wanted) return common;
  }
  return std::nullopt;
}

std::optional<CommonHolder> CommonHolders::nearest(std::uint64_t wanted) {
  for (const Node& node : nodes_) {
    if (node.members >= wanted && node.parent != kNone) nodes_[node.parent].hasHeavy = true;
  }
  for (const Node& node : nodes_) {
    if (node.members < wanted || node.hasHeavy) continue;
    // That all wait on the same is said anyhow.
    if (node.waitedOn) return std::nullopt;
    return holder(node, true);
  }
  return commonRoot(wanted);
}

std::optional<CommonHolder> CommonHolders::of(std::span<const Index> members) {
  if (members.empty() || !addWays(members)) return std::nullopt;
  count();
  return nearest((members.size() * kShare + 99) / 100);
}

}  // namespace parked::proof
