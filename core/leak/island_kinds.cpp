#include "leak/island_kinds.h"

#include <algorithm>
#include <map>
#include <utility>

#include "golang/goids.h"

namespace parked::leak {

namespace {

bool isTimerChannel(const golang::Snapshot& snapshot, const golang::Wait& wait) {
  return wait.object < snapshot.channels.size() &&
         snapshot.strings[snapshot.channels[wait.object].elementType] == "time.Time";
}

/// What nobody outside can give it.
bool waitsForSomebody(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine) {
  const auto waits = snapshot.waitsOf(goroutine);
  return std::ranges::any_of(waits, [&](const golang::Wait& wait) {
    switch (wait.kind) {
      case golang::ObjectKind::timer:
        return false;
      case golang::ObjectKind::channel:
        return !isTimerChannel(snapshot, wait);
      default:
        return true;
    }
  });
}

class Kinds {
 public:
  Kinds(const golang::Snapshot& snapshot, const proof::Islands& islands)
      : snapshot_(snapshot), islands_(islands) {}

  std::vector<IslandKind> gather();
  Background judge(const IslandKind& kind, const Thresholds& thresholds) const;

 private:
  std::uint64_t birth(Index island) const {
    return snapshot_.goroutines[islands_.goroutinesOf(islands_.all[island]).front()].id;
  }
  bool madeOverTime(const IslandKind& kind) const;
  bool bornTogether(const IslandKind& kind) const;
  void add(IslandKind& kind, Index number) const;

  const golang::Snapshot& snapshot_;
  const proof::Islands& islands_;
};

void Kinds::add(IslandKind& kind, Index number) const {
  const proof::Island& island = islands_.all[number];
  kind.islands.push_back(number);
  kind.goroutines += island.goroutines;
  kind.connections += island.connections;
  kind.timers += island.timers;
  kind.stackBytes += island.stackBytes;
  kind.heapBytes += island.heapBytes;
  kind.stoppable = kind.stoppable || island.connections > 0;
  for (const Index member : islands_.goroutinesOf(island)) {
    if (kind.stoppable) break;
    kind.stoppable = waitsForSomebody(snapshot_, snapshot_.goroutines[member]);
  }
}

std::vector<IslandKind> Kinds::gather() {
  std::vector<IslandKind> kinds;
  std::map<std::pair<Addr, Addr>, std::size_t> known;
  for (Index i = 0; i < islands_.all.size(); ++i) {
    if (islands_.all[i].goroutines == 0) continue;
    // Which of an island's goroutines is the oldest is chance: two Ps hand out goids side by side.
    std::pair<Addr, Addr> first(~Addr{0}, 0);
    for (const Index member : islands_.goroutinesOf(islands_.all[i])) {
      const golang::Goroutine& goroutine = snapshot_.goroutines[member];
      first = std::min(first, {goroutine.startPc, goroutine.creatorPc});
    }
    const auto [at, isNew] = known.try_emplace(first, kinds.size());
    if (isNew) kinds.push_back({.start = first.first, .creator = first.second});
    add(kinds[at->second], i);
  }
  return kinds;
}

/// So near to one another as who starts them in one loop leaves them.
bool Kinds::bornTogether(const IslandKind& kind) const {
  const std::uint64_t spread = birth(kind.islands.back()) - birth(kind.islands.front());
  return spread <= golang::goidSpread(snapshot_, kind.goroutines);
}

/// Its goroutines came one after the other, with others between them.
bool Kinds::madeOverTime(const IslandKind& kind) const {
  std::uint64_t first = ~std::uint64_t{0}, last = 0;
  for (const Index island : kind.islands) {
    const auto members = islands_.goroutinesOf(islands_.all[island]);
    first = std::min(first, snapshot_.goroutines[members.front()].id);
    last = std::max(last, snapshot_.goroutines[members.back()].id);
  }
  return last - first > golang::goidSpread(snapshot_, kind.goroutines);
}

Background Kinds::judge(const IslandKind& kind, const Thresholds& thresholds) const {
  if (kind.islands.size() < thresholds.orphans) {
    // One island may be a leak by itself: workers that all have the list of all.
    return kind.goroutines >= thresholds.some && madeOverTime(kind) ? Background::none
                                                                    : Background::few;
  }
  if (!bornTogether(kind)) return Background::none;
  if (kind.islands.size() <= snapshot_.gomaxprocs) return Background::each;
  return kind.stoppable ? Background::none : Background::pool;
}

}  // namespace

std::vector<IslandKind> islandKinds(const golang::Snapshot& snapshot, const proof::Islands& islands,
                                    const Thresholds& thresholds) {
  Kinds all(snapshot, islands);
  std::vector<IslandKind> kinds = all.gather();
  for (IslandKind& kind : kinds) {
    std::ranges::sort(kind.islands, {}, [&](Index island) {
      return snapshot.goroutines[islands.goroutinesOf(islands.all[island]).front()].id;
    });
    kind.background = all.judge(kind, thresholds);
  }
  std::ranges::stable_sort(kinds, std::ranges::greater(),
                           [](const IslandKind& kind) { return kind.islands.size(); });
  return kinds;
}

}  // namespace parked::leak
