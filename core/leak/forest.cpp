#include "leak/forest.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/progress.h"

namespace parked::leak {

namespace {

/// Items by parent, as flat arrays.
struct Children {
  explicit Children(std::span<const Index> parents) : first(parents.size() + 1, 0) {
    for (const Index parent : parents) {
      if (parent != kNone) ++first[parent + 1];
    }
    std::partial_sum(first.begin(), first.end(), first.begin());
    all.resize(first.back());
    std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
    for (Index i = 0; i < parents.size(); ++i) {
      if (parents[i] != kNone) all[next[parents[i]]++] = i;
    }
  }
  std::span<const Index> of(Index parent) const {
    return {all.data() + first[parent], all.data() + first[parent + 1]};
  }
  std::vector<std::uint32_t> first;
  std::vector<Index> all;
};

}  // namespace

std::uint32_t PairNumbers::of(std::uint64_t first, std::uint64_t second) {
  return numbers_.try_emplace(std::pair(first, second), static_cast<std::uint32_t>(numbers_.size()))
      .first->second;
}

std::vector<std::uint32_t> looksOfGroups(const Analysis& analysis) {
  PairNumbers numbers;
  std::vector<std::uint32_t> looks;
  for (const Group& group : analysis.grouping().groups) {
    const golang::Goroutine& example = analysis.snapshot().goroutines[group.example];
    const GoroutineInfo& info = analysis.info(group.example);
    const std::uint32_t places = numbers.of(info.start, analysis.userLine(group.example).user);
    const std::uint64_t state = std::uint64_t{example.reason} << 24 |
                                std::uint64_t{static_cast<std::uint8_t>(example.status)} << 16 |
                                std::uint64_t{static_cast<std::uint8_t>(group.verdict)} << 8 |
                                std::uint64_t{example.system};
    looks.push_back(numbers.of(std::uint64_t{1} << 63 | places, state));
  }
  return looks;
}

Forest::Forest(const Analysis& analysis, ForestLinks links, Observer* observer)
    : links_(std::move(links)),
      goroutines_(static_cast<Index>(analysis.snapshot().goroutines.size())),
      cut_(links_.parents.size()) {
  cutCircles();
  const std::vector<Index> order = fromTheRoots();
  const Bits kept = keptOf(order);
  if (!join(order, kept, observer)) {
    nodes_.clear();
    return;
  }
  gather(kept);
  sum(analysis);
}

/// Whose creator is noted wrongly, in a damaged target, or who waits for one another in a circle.
void Forest::cutCircles() {
  std::vector<std::uint32_t> walk(links_.parents.size(), 0);  // the walk an item was met on
  for (Index start = 0; start < walk.size(); ++start) {
    Index at = start;
    while (at != kNone && walk[at] == 0) {
      walk[at] = start + 1;
      at = links_.parents[at];
    }
    if (at == kNone || walk[at] != start + 1) continue;
    Index first = at;
    for (Index i = links_.parents[at]; i != at; i = links_.parents[i]) first = std::min(first, i);
    cut_[first] = true;
    links_.parents[first] = kNone;
  }
}

/// All items, a parent before its children.
std::vector<Index> Forest::fromTheRoots() const {
  const Children children(links_.parents);
  std::vector<Index> order;
  order.reserve(links_.parents.size());
  for (Index i = 0; i < links_.parents.size(); ++i) {
    if (links_.parents[i] == kNone) order.push_back(i);
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto below = children.of(order[i]);
    order.insert(order.end(), below.begin(), below.end());
  }
  return order;
}

/// Those that are chosen or lead to somebody who is.
Forest::Bits Forest::keptOf(std::span<const Index> order) const {
  Bits kept(links_.parents.size());
  for (std::size_t i = order.size(); i-- > 0;) {
    const Index item = order[i];
    if (!kept[item] && !isChosen(item)) continue;
    kept[item] = true;
    if (links_.parents[item] != kNone) kept[links_.parents[item]] = true;
  }
  return kept;
}

bool Forest::join(std::span<const Index> order, const Bits& kept, Observer* observer) {
  Progress progress(observer);
  PairNumbers numbers;
  nodeOf_.assign(links_.parents.size(), kNone);
  for (const Index item : order) {
    if (!progress.step()) return false;
    if (!kept[item]) continue;
    const Index parent = links_.parents[item];
    const Index above = parent == kNone ? kNone : nodeOf_[parent];
    const std::uint64_t look = std::uint64_t{links_.looks[item]} << 2 |
                               std::uint64_t{isChosen(item)} << 1 | std::uint64_t{cut_[item]};
    const std::uint32_t number = numbers.of(above, look);
    if (number == nodes_.size()) {
      Node& node = nodes_.emplace_back();
      node.parent = above;
      node.context = !isChosen(item);
    }
    nodeOf_[item] = number;
    ++nodes_[number].count;
  }
  return true;
}

/// The members of each node together.
void Forest::gather(const Bits& kept) {
  std::uint32_t first = 0;
  for (Node& node : nodes_) {
    node.firstMember = first;
    first += std::exchange(node.count, 0);
  }
  members_.resize(first);
  for (Index item = 0; item < kept.size(); ++item) {
    if (!kept[item]) continue;
    Node& node = nodes_[nodeOf_[item]];
    members_[node.firstMember + node.count++] = item;
  }
  for (Node& node : nodes_) node.item = members_[node.firstMember];
}

bool Forest::before(Index a, Index b) const {
  if (nodes_[a].gravest != nodes_[b].gravest) return nodes_[a].gravest > nodes_[b].gravest;
  if (nodes_[a].goroutines != nodes_[b].goroutines) {
    return nodes_[a].goroutines > nodes_[b].goroutines;
  }
  return a < b;
}

void Forest::sum(const Analysis& analysis) {
  std::vector<Index> parents;
  parents.reserve(nodes_.size());
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    if (!node.context) {
      node.goroutines += node.count;
      for (const Index member : membersOf(node)) {
        node.gravest = std::max(node.gravest, analysis.info(member).verdict);
      }
    }
    if (node.parent == kNone) continue;
    Node& parent = nodes_[node.parent];
    parent.goroutines += node.goroutines;
    parent.gravest = std::max(parent.gravest, node.gravest);
  }
  for (const Node& node : nodes_) parents.push_back(node.parent);
  Children children(parents);
  const auto order = [this](Index a, Index b) { return before(a, b); };
  for (Index i = 0; i < nodes_.size(); ++i) {
    nodes_[i].firstChild = children.first[i];
    nodes_[i].children = children.first[i + 1] - children.first[i];
    if (nodes_[i].parent == kNone) roots_.push_back(i);
    const auto at = children.all.begin() + nodes_[i].firstChild;
    std::sort(at, at + nodes_[i].children, order);
  }
  std::ranges::sort(roots_, order);
  children_ = std::move(children.all);
}

}  // namespace parked::leak
