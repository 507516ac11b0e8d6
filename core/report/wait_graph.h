// Who holds up whom, by group: what the graphs of `dot` and the page are drawn from.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "report/model.h"

namespace parked::report {

struct WaitGraph {
  /// Goroutines of the group `from` wait for what those of the group `to` would do.
  struct Edge {
    Index from = kNone, to = kNone;  ///< into Report::grouping
    std::uint64_t count = 0;         ///< of goroutines that wait
    std::string_view act;            ///< of leak::WakeAct, or "partner"
    bool circle = false;             ///< some of them are in a circle of waits
  };
  std::vector<Edge> edges;  ///< by `from`, then `to`
  /// By group: it has an edge, or is SUSPECT or graver.
  std::vector<bool> shown;
  /// By group: into Analysis::islandKinds(), kNone if somebody can stop it.
  std::vector<Index> island;
};

WaitGraph waitGraphOf(const Report& report);

}  // namespace parked::report
