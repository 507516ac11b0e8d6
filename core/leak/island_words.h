// What is said of islands of one kind (leak/island_kinds.h), wherever they are told of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "leak/analysis.h"

namespace parked::leak {

/// All goroutines of the kind, island by island.
std::vector<Index> goroutinesOf(const Analysis& analysis, const IslandKind& kind);
/// The oldest goroutine of its first island.
Index oldestOf(const Analysis& analysis, const IslandKind& kind);
/// Where the main module made the first of them that it is known of; else a line of it that one of
/// them or of their creators stands at; else the library's go statement.
Place madeAt(const Analysis& analysis, const IslandKind& kind);
/// What runs in them, with how many goroutines, most first.
std::vector<std::pair<std::uint64_t, Place>> functionsOf(const Analysis& analysis,
                                                         const IslandKind& kind);
/// One goroutine each, and no connections.
bool areWorkers(const IslandKind& kind);
/// "*grpc.ClientConn, target 127.0.0.1:50051 (14), 127.0.0.1:50052 (6)"; "" if there is no handle.
std::string handleText(const Handle& handle);
/// "5 goroutines, 1 connection, 1 timer that sets itself again", "3 to 5 goroutines, …".
std::string eachText(const Analysis& analysis, const IslandKind& kind);
/// "google.golang.org/grpc.newClient in goroutine 1 (main.main main.go:64, still there)"; "" if
/// nothing is known of who made the first of them.
std::string creatorText(const Analysis& analysis, const IslandKind& kind);
/// What it can still do that others may notice: "open: holds 20 connections; reaches main.total".
std::string reachText(const IslandKind& kind);
/// "20 connections", "5 timers that set themselves again", …
std::vector<std::string> contentsOf(const IslandKind& kind);
/// "they keep 1.4 MB alive (stacks 390 KB)".
std::string costOf(const IslandKind& kind);

struct BackgroundTraits {
  Background value;
  std::string_view id;       ///< stable, for machines; "" for none
  std::string_view meaning;  ///< "one of a few, as background work is"; "" for none
};
const BackgroundTraits& traitsOf(Background background);

/// Nobody but the goroutine itself could end the wait: it is alone in its island.
bool isDead(const Analysis& analysis, const golang::Wait& wait);
/// Of an orphan the waits that are dead, a clause each.
std::vector<std::string> deadWaits(const Analysis& analysis, Index goroutine);

}  // namespace parked::leak
