#include "proof/islands.h"

#include <algorithm>
#include <numeric>

#include "proof/candidates.h"

namespace parked::proof {

namespace {

/// Sets of nodes (union-find, with halved paths).
class Sets {
 public:
  explicit Sets(Node nodes) : above_(nodes) { std::iota(above_.begin(), above_.end(), Node{0}); }
  Node find(Node node) {
    while (above_[node] != node) node = above_[node] = above_[above_[node]];
    return node;
  }
  /// The lower number stands for both.
  void join(Node a, Node b) {
    a = find(a), b = find(b);
    above_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<Node> above_;
};

/// Of each component, whether somebody can be woken by who has what is in it.
std::vector<bool> leadToTasks(const LostGraph& graph, const Components<LostGraph>& components) {
  std::vector<bool> leads(components.count());
  for (const Node node : components.finished()) {
    if (node < graph.owners()) continue;
    const std::uint32_t own = components.of(node);
    for (const Node to : graph.from(node)) {
      if (to < graph.owners() || leads[components.of(to)]) leads[own] = true;
    }
  }
  return leads;
}

/// Which tasks belong together: a way from one to what another waits on joins them.
Sets joinTasks(const LostGraph& graph) {
  const Components<LostGraph> components(graph);
  const std::vector<bool> leads = leadToTasks(graph, components);
  Sets sets(graph.nodes());
  for (Node node = 0; node < graph.nodes(); ++node) {
    if (node >= graph.owners() && !leads[components.of(node)]) continue;
    for (const Node to : graph.from(node)) {
      if (to < graph.owners() || leads[components.of(to)]) sets.join(node, to);
    }
  }
  return sets;
}

class Builder {
 public:
  Builder(const golang::Snapshot& snapshot, const IslandTasks& tasks, Islands& out)
      : snapshot_(snapshot), tasks_(tasks), out_(out) {}

  void number(const LostGraph& graph);
  void countBytes(const LostGraph& graph);

 private:
  static constexpr Index kShared = kNone - 1;
  void add(Index task, Index island);
  void follow(const LostGraph& graph, Index island, std::vector<Index>& of);
  void listObjects(const LostGraph& graph);

  const golang::Snapshot& snapshot_;
  const IslandTasks& tasks_;
  Islands& out_;
  std::vector<Index> islandOf_;  // by task
  std::vector<Node> todo_;
};

void Builder::add(Index task, Index number) {
  Island& island = out_.all[number];
  if (task >= tasks_.orphans.size()) {
    ++island.timers;
    return;
  }
  ++island.goroutines;
  const Index index = tasks_.orphans[task];
  out_.of[index] = number;
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  if (goroutine.stackHi > goroutine.stackLo) {
    island.stackBytes += goroutine.stackHi - goroutine.stackLo;
  }
  for (const golang::Wait& wait : snapshot_.waitsOf(goroutine)) {
    if (wait.kind == golang::ObjectKind::fd) ++island.connections;
  }
}

void Builder::number(const LostGraph& graph) {
  Sets sets = joinTasks(graph);
  std::vector<Index> byRoot(graph.owners(), kNone);  // a task stands for each set that has one
  islandOf_.resize(graph.owners());
  out_.of.assign(snapshot_.goroutines.size(), kNone);
  for (Node task = 0; task < graph.owners(); ++task) {
    Index& number = byRoot[sets.find(task)];
    if (number == kNone) {
      number = static_cast<Index>(out_.all.size());
      out_.all.emplace_back();
    }
    islandOf_[task] = number;
    add(task, number);
  }
  Index goroutines = 0, timers = 0;
  for (Island& island : out_.all) {
    island.firstGoroutine = goroutines, island.firstTimer = timers;
    goroutines += island.goroutines, timers += island.timers;
  }
  out_.goroutines.resize(goroutines);
  out_.timers.resize(timers);
  std::vector<Index> nextGoroutine(out_.all.size()), nextTimer(out_.all.size());
  for (Node task = 0; task < graph.owners(); ++task) {
    const Index number = islandOf_[task];
    const Island& island = out_.all[number];
    if (task < tasks_.orphans.size()) {
      out_.goroutines[island.firstGoroutine + nextGoroutine[number]++] = tasks_.orphans[task];
    } else {
      out_.timers[island.firstTimer + nextTimer[number]++] =
          tasks_.timers[task - tasks_.orphans.size()];
    }
  }
}

/// Gives each object to the island that alone keeps it alive. An object changes hands at most twice
/// (nobody, an island, shared), so this is linear.
void Builder::countBytes(const LostGraph& graph) {
  std::vector<Index>& of = out_.islandOf;
  of.assign(graph.nodes(), kNone);
  for (Node task = 0; task < graph.owners(); ++task) {
    todo_.push_back(task);
    follow(graph, islandOf_[task], of);
  }
  for (Node node = graph.owners(); node < graph.nodes(); ++node) {
    if (of[node] == kShared) {
      out_.sharedBytes += graph.size(node);
    } else if (of[node] != kNone) {
      out_.all[of[node]].heapBytes += graph.size(node);
      ++out_.all[of[node]].objects;
    }
  }
  listObjects(graph);
}

void Builder::listObjects(const LostGraph& graph) {
  Index objects = 0;
  std::vector<Index> next;
  for (Island& island : out_.all) {
    next.push_back(island.firstObject = objects);
    objects += island.objects;
  }
  out_.objects.resize(objects);
  for (Node node = graph.owners(); node < graph.nodes(); ++node) {
    Index& island = out_.islandOf[node];
    if (island == kShared) island = kNone;
    if (island != kNone) out_.objects[next[island]++] = node;
  }
}

void Builder::follow(const LostGraph& graph, Index island, std::vector<Index>& of) {
  while (!todo_.empty()) {
    const Node node = todo_.back();
    todo_.pop_back();
    const Index mine = node < graph.owners() ? island : of[node];
    for (const Node to : graph.from(node)) {
      if (to < graph.owners() || of[to] == mine || of[to] == kShared) continue;
      of[to] = of[to] == kNone ? mine : kShared;
      todo_.push_back(to);
    }
  }
}

}  // namespace

bool findIslands(const golang::Snapshot& snapshot, const heap::Heap& heap, const Marker& outside,
                 const IslandTasks& tasks, Observer* observer, Islands& out) {
  const std::size_t count = tasks.orphans.size() + tasks.timers.size();
  if (tasks.orphans.empty()) return true;
  std::vector<Index> ownerOf(snapshot.goroutines.size(), kNone);
  for (Index i = 0; i < tasks.orphans.size(); ++i) ownerOf[tasks.orphans[i]] = i;
  out.graph = std::make_unique<LostGraph>(snapshot, heap, outside, count);
  LostGraph& graph = *out.graph;
  for (std::size_t i = 0; i < tasks.timers.size(); ++i) {
    const golang::Timer& timer = snapshot.timers[tasks.timers[i]];
    const Node owner = static_cast<Node>(tasks.orphans.size() + i);
    graph.give(owner, timer.closure);
    graph.give(owner, timer.address);
  }
  const auto isLost = [&](Index i) { return ownerOf[i] != kNone; };
  const auto waited = [&](Index, const golang::Wait& wait) -> Addr {
    if (wait.kind == golang::ObjectKind::fd) {
      const auto number = static_cast<Index>(&wait - snapshot.waits.data());
      const auto at =
          std::ranges::lower_bound(tasks.connections, number, {}, &std::pair<Index, Addr>::first);
      return at != tasks.connections.end() && at->first == number ? at->second : 0;
    }
    return isWatched(wait.kind) && !tasks.timerChannels.contains(wait.address) ? wait.address : 0;
  };
  if (!graph.build(ownerOf, isLost, waited, observer)) {
    out.graph.reset();
    return false;
  }
  Builder builder(snapshot, tasks, out);
  builder.number(graph);
  builder.countBytes(graph);
  return true;
}

}  // namespace parked::proof
