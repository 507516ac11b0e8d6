// Which nodes of a graph reach one another.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "golang/snapshot.h"

namespace parked::proof {

using golang::kNone;
using Node = std::uint32_t;

/// Strongly connected components (Tarjan, without recursion): nodes in one of them reach one
/// another. `Graph` has nodes(), their number, and from(node), where edges lead from a node.
template <class Graph>
class Components {
 public:
  explicit Components(const Graph& graph)
      : graph_(graph), order_(graph.nodes(), 0), low_(graph.nodes(), 0), of_(graph.nodes(), kNone) {
    for (Node node = 0; node < graph.nodes(); ++node) {
      if (order_[node] == 0) visit(node);
    }
  }

  std::uint32_t count() const { return count_; }
  /// A component's number is higher than that of every other it leads to.
  std::uint32_t of(Node node) const { return of_[node]; }
  /// All nodes, those of the lowest component first.
  const std::vector<Node>& finished() const { return finished_; }

 private:
  struct Step {
    Node node;
    std::size_t edge;
  };

  void enter(Node node) {
    order_[node] = low_[node] = ++clock_;
    open_.push_back(node);
    path_.push_back({node, 0});
  }

  void leave(Node node) {
    if (low_[node] != order_[node]) return;
    Node member;
    do {
      member = open_.back();
      open_.pop_back();
      of_[member] = count_;
      finished_.push_back(member);
    } while (member != node);
    ++count_;
  }

  void visit(Node start) {
    enter(start);
    while (!path_.empty()) {
      const Node node = path_.back().node;
      const auto edges = graph_.from(node);
      if (path_.back().edge < edges.size()) {
        const Node to = edges[path_.back().edge++];
        if (order_[to] == 0) {
          enter(to);
        } else if (of_[to] == kNone) {
          low_[node] = std::min(low_[node], order_[to]);
        }
        continue;
      }
      path_.pop_back();
      if (!path_.empty()) {
        Node& above = low_[path_.back().node];
        above = std::min(above, low_[node]);
      }
      leave(node);
    }
  }

  const Graph& graph_;
  std::vector<Node> order_, low_, of_;
  std::vector<Node> open_, finished_;
  std::vector<Step> path_;
  Node clock_ = 0;
  std::uint32_t count_ = 0;
};

}  // namespace parked::proof
