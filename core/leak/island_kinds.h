// Islands of orphans (proof/islands.h) that are alike, and whether they are meant to be there: a
// program may well start a few goroutines that nobody is to stop.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "golang/snapshot.h"
#include "leak/verdict.h"
#include "proof/islands.h"

namespace parked::leak {

using golang::Index;

/// Why islands of one kind are no leak.
enum class Background : std::uint8_t {
  none,  ///< they are one
  few,   ///< fewer than Thresholds::orphans
  each,  ///< made together, no more than there are Ps: a worker a CPU
  pool,  ///< made together, and nothing in them was ever meant to stop them
};

/// The object by which somebody who had it could end an island.
struct Handle {
  std::string type;    ///< "*grpc.ClientConn"; empty: none is known
  std::string method;  ///< "Close"
  std::string field;   ///< the one that tells which it is, "target"; empty: it has none
  std::vector<std::pair<std::string, std::uint64_t>> values =
      {};                     ///< of it, the most frequent first
  std::uint64_t islands = 0;  ///< that have such a handle, of
  std::uint64_t looked = 0;   ///< so many that were looked at
  Addr example = 0;
};

/// Islands that have a goroutine of the same function, created at the same place: the first of them
/// by address, so that one stands for all.
struct IslandKind {
  Addr start = 0, creator = 0;      ///< g.startpc and g.gopc of that goroutine
  std::vector<Index> islands = {};  ///< into Islands::all, in order of the oldest's goid
  std::uint64_t goroutines = 0;     ///< of all of them
  std::uint64_t connections = 0, timers = 0, stackBytes = 0, heapBytes = 0;
  /// A case of a select, or a wait, that nobody outside can end; or a connection: something that
  /// was meant to be stopped.
  bool stoppable = false;
  Background background = Background::none;
  Handle handle = {};  ///< see leak/handles.h
  /// Variables and objects of others that its islands hold, or whose code uses them, a few of them;
  /// what it does to them may be seen.
  std::vector<std::string> reaches = {};

  /// Somebody may notice what it does: it has connections, or holds what others have.
  bool open() const { return connections > 0 || !reaches.empty(); }
};

/// Those with the most islands first. Islands of timers alone are left out.
std::vector<IslandKind> islandKinds(const golang::Snapshot& snapshot, const proof::Islands& islands,
                                    const Thresholds& thresholds);

}  // namespace parked::leak
