// Islands: orphans that can wake one another, taken together, with what they alone keep alive.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/observer.h"
#include "golang/snapshot.h"
#include "proof/lost_graph.h"

namespace parked::proof {

/// A task is an orphan, or a timer whose function sets it again. Tasks are in one island where one
/// reaches what the other waits on.
struct Island {
  Index firstGoroutine = 0, goroutines = 0;  ///< of Islands::goroutines
  Index firstTimer = 0, timers = 0;          ///< of Islands::timers
  Index connections = 0;                     ///< that its goroutines wait for
  std::uint64_t stackBytes = 0;              ///< of the stacks, whole
  std::uint64_t heapBytes = 0;               ///< of slots that only this island keeps alive
  Index firstObject = 0, objects = 0;        ///< those slots, of Islands::objects
};

struct Islands {
  std::vector<Island> all;
  std::vector<Index> goroutines;  ///< by island, ascending inside one
  std::vector<Index> timers;      ///< the same, into Snapshot::timers
  std::vector<Index> of;          ///< by goroutine: its island, kNone if it has none
  std::uint64_t sharedBytes = 0;  ///< of slots that several islands keep alive together
  /// What only the orphans reach; null if there are none.
  std::unique_ptr<LostGraph> graph;
  std::vector<Index> islandOf;  ///< by node of the graph: the island that alone keeps it, or kNone
  std::vector<Node> objects;    ///< by island

  std::span<const Index> goroutinesOf(const Island& island) const {
    return {goroutines.data() + island.firstGoroutine, island.goroutines};
  }
  std::span<const Index> timersOf(const Island& island) const {
    return {timers.data() + island.firstTimer, island.timers};
  }
  std::span<const Node> objectsOf(const Island& island) const {
    return {objects.data() + island.firstObject, island.objects};
  }
};

/// What the search for orphans has found.
struct IslandTasks {
  std::vector<Index> orphans;  ///< ascending
  std::vector<Index> timers;   ///< into Snapshot::timers
  /// The object of the connection for which a wait (into Snapshot::waits) is.
  std::vector<std::pair<Index, Addr>> connections;  ///< ascending
  golang::AddrMap timerChannels;                    ///< channels that timers send to
};

/// Linear in what only the tasks reach. False if the user interrupted; `observer` may be null.
bool findIslands(const golang::Snapshot& snapshot, const heap::Heap& heap, const Marker& outside,
                 const IslandTasks& tasks, Observer* observer, Islands& out);

}  // namespace parked::proof
