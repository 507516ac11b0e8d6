#include "leak/island_words.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <map>

#include "leak/describe.h"
#include "leak/numbers.h"

namespace parked::leak {

std::vector<Index> goroutinesOf(const Analysis& analysis, const IslandKind& kind) {
  const proof::Islands& islands = analysis.options().orphans->islands();
  std::vector<Index> all;
  for (const Index island : kind.islands) {
    const auto members = islands.goroutinesOf(islands.all[island]);
    all.insert(all.end(), members.begin(), members.end());
  }
  return all;
}

Index oldestOf(const Analysis& analysis, const IslandKind& kind) {
  const proof::Islands& islands = analysis.options().orphans->islands();
  return islands.goroutinesOf(islands.all[kind.islands.front()]).front();
}

Place madeAt(const Analysis& analysis, const IslandKind& kind) {
  const Index oldest = oldestOf(analysis, kind);
  const Origin origin = analysis.origin(oldest);
  if (origin.kind != OriginKind::none) return analysis.place(origin.place);
  const PlaceId creator = analysis.info(oldest).creator;
  if (creator != kNoPlace) return analysis.place(creator);
  return analysis.place(analysis.userLine(oldest).user);
}

std::vector<std::pair<std::uint64_t, Place>> functionsOf(const Analysis& analysis,
                                                         const IslandKind& kind) {
  std::map<PlaceId, std::uint64_t> counts;
  for (const Index goroutine : goroutinesOf(analysis, kind)) {
    ++counts[analysis.info(goroutine).start];
  }
  std::vector<std::pair<std::uint64_t, Place>> functions;
  for (const auto& [place, count] : counts) functions.emplace_back(count, analysis.place(place));
  std::ranges::stable_sort(functions, std::ranges::greater(),
                           &std::pair<std::uint64_t, Place>::first);
  return functions;
}

bool areWorkers(const IslandKind& kind) {
  return kind.goroutines == kind.islands.size() && kind.connections == 0;
}

std::vector<std::string> contentsOf(const IslandKind& kind) {
  std::vector<std::string> parts;
  if (kind.goroutines != kind.islands.size())
    parts.push_back(counted(kind.goroutines, "goroutine"));
  if (kind.connections != 0) parts.push_back(counted(kind.connections, "connection"));
  if (kind.timers != 0) {
    parts.push_back(fmt::format("{} that {} again", counted(kind.timers, "timer"),
                                kind.timers == 1 ? "sets itself" : "set themselves"));
  }
  return parts;
}

std::string costOf(const IslandKind& kind) {
  return fmt::format("{} {} alive (stacks {})", kind.islands.size() == 1 ? "it keeps" : "they keep",
                     humanBytes(kind.stackBytes + kind.heapBytes), humanBytes(kind.stackBytes));
}

std::string_view meaningOf(Background background) {
  switch (background) {
    case Background::few:
      return "one of a few, as background work is";
    case Background::each:
      return "no more than there are CPUs, made together";
    case Background::pool:
      return "a pool, made together, that nothing was meant to stop";
    case Background::none:
      break;
  }
  return {};
}

std::string_view idOf(Background background) {
  switch (background) {
    case Background::few:
      return "few";
    case Background::each:
      return "one_per_cpu";
    case Background::pool:
      return "pool";
    case Background::none:
      break;
  }
  return {};
}

bool isDead(const Analysis& analysis, const golang::Wait& wait) {
  if (analysis.islandKind(wait.goroutine) == nullptr) return false;
  const proof::Islands& islands = analysis.options().orphans->islands();
  const proof::Island& island = islands.all[islands.of[wait.goroutine]];
  return island.goroutines == 1 && island.timers == 0 && wait.kind != golang::ObjectKind::timer &&
         wait.kind != golang::ObjectKind::fd && analysis.tickerPeriod(wait.address) < 0;
}

std::vector<std::string> deadWaits(const Analysis& analysis, Index index) {
  constexpr std::size_t kMost = 3;
  const golang::Snapshot& snapshot = analysis.snapshot();
  std::vector<std::string> dead;
  for (const golang::Wait& wait : snapshot.waitsOf(snapshot.goroutines[index])) {
    if (!isDead(analysis, wait)) continue;
    const std::string which = wait.inSelect && wait.caseIndex >= 0
                                  ? fmt::format("case {} of its select", wait.caseIndex)
                              : wait.inSelect ? "a case of its select"
                                              : "its wait";
    dead.push_back(fmt::format("nobody else can make {} ready: {} {}", which, opName(wait.op),
                               describeWait(snapshot, wait)));
    if (dead.size() == kMost) break;
  }
  return dead;
}

}  // namespace parked::leak
