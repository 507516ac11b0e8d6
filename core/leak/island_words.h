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
/// Where the user's code made the first of them.
Place madeAt(const Analysis& analysis, const IslandKind& kind);
/// What runs in them, with how many goroutines, most first.
std::vector<std::pair<std::uint64_t, Place>> functionsOf(const Analysis& analysis,
                                                         const IslandKind& kind);
/// One goroutine each, and no connections.
bool areWorkers(const IslandKind& kind);
/// "20 connections", "5 timers that set themselves again", …
std::vector<std::string> contentsOf(const IslandKind& kind);
/// "they keep 1.4 MB alive (stacks 390 KB)".
std::string costOf(const IslandKind& kind);
/// "one of a few, as background work is"; "" for Background::none.
std::string_view meaningOf(Background background);
/// "few", "one_per_cpu", "pool"; "" for none.
std::string_view idOf(Background background);
/// Nobody but the goroutine itself could end the wait: it is alone in its island.
bool isDead(const Analysis& analysis, const golang::Wait& wait);
/// Of an orphan the waits that are dead, a clause each.
std::vector<std::string> deadWaits(const Analysis& analysis, Index goroutine);

}  // namespace parked::leak
