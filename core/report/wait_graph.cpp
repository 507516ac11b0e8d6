#include "report/wait_graph.h"

#include <map>
#include <utility>

#include "leak/blocking.h"

namespace parked::report {

namespace {

/// The group of each goroutine, kNone of those that the report does not show.
std::vector<Index> groupOfEach(const Report& report) {
  std::vector<Index> groupOf(report.snapshot->goroutines.size(), kNone);
  for (Index g = 0; g < report.grouping.groups.size(); ++g) {
    for (const Index member : report.grouping.membersOf(report.grouping.groups[g])) {
      groupOf[member] = g;
    }
  }
  return groupOf;
}

void addWaitEdges(const Report& report, WaitGraph& graph) {
  const std::vector<Index> groupOf = groupOfEach(report);
  std::vector<bool> chosen(groupOf.size());
  for (const Index i : report.goroutines) chosen[i] = true;
  const leak::BlockingLinks blocking =
      leak::blockingLinks(*report.analysis, std::move(chosen), nullptr);
  std::map<std::pair<Index, Index>, WaitGraph::Edge> edges;
  for (Index i = 0; i < blocking.by.size() && i < groupOf.size(); ++i) {
    const leak::BlockedBy& by = blocking.by[i];
    if (by.kind == leak::BlockedBy::Kind::nobody || by.goroutine >= groupOf.size()) continue;
    const Index from = groupOf[i], to = groupOf[by.goroutine];
    if (from == kNone || to == kNone) continue;
    WaitGraph::Edge& edge = edges[{from, to}];
    ++edge.count;
    edge.act = by.kind == leak::BlockedBy::Kind::partner ? "partner" : leak::traitsOf(by.act).id;
    edge.circle = edge.circle || by.circle;
  }
  for (auto& [ends, edge] : edges) {
    edge.from = ends.first;
    edge.to = ends.second;
    graph.shown[edge.from] = graph.shown[edge.to] = true;
    graph.edges.push_back(edge);
  }
}

}  // namespace

WaitGraph waitGraphOf(const Report& report) {
  const auto& groups = report.grouping.groups;
  const leak::IslandKind* const kinds = report.analysis->islandKinds().data();
  WaitGraph graph;
  for (const leak::Group& group : groups) {
    graph.shown.push_back(group.verdict >= leak::Verdict::suspect && !group.system);
    const leak::IslandKind* kind = report.analysis->islandKind(group.example);
    graph.island.push_back(kind == nullptr ? kNone : static_cast<Index>(kind - kinds));
  }
  addWaitEdges(report, graph);
  return graph;
}

}  // namespace parked::report
