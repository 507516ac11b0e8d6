#include "leak/lock_cycles.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace parked::leak {

Index lockWaitedFor(const golang::Snapshot& snapshot, Index goroutine) {
  const auto waits = snapshot.waitsOf(snapshot.goroutines[goroutine]);
  if (waits.empty()) return kNone;
  const golang::ObjectKind kind = waits.front().kind;
  const bool lock = kind == golang::ObjectKind::mutex || kind == golang::ObjectKind::rwMutex;
  return lock ? waits.front().object : kNone;
}

/// Each goroutine waits for one lock at most, and only locks with one possible holder count: from
/// any start there is one way, and it ends or runs into a circle.
void findLockCycles(const golang::Snapshot& snapshot, std::span<const Index> locks,
                    LockHolders& holders) {
  struct Visit {
    Index walk;  // the lock it started from
    std::size_t step;
  };
  std::unordered_map<Index, Visit> seen;  // by lock
  for (const Index start : locks) {
    std::vector<LockCycle::Member> way;
    Index lock = start;
    while (lock != kNone && seen.try_emplace(lock, Visit{start, way.size()}).second &&
           holders.of[lock].size() == 1) {
      way.push_back({kNone, lock, holders.of[lock].front()});
      lock = lockWaitedFor(snapshot, way.back().holder.goroutine);
    }
    const auto closed = seen.find(lock);
    if (closed == seen.end() || closed->second.walk != start || closed->second.step == way.size()) {
      continue;
    }
    LockCycle cycle{{way.begin() + static_cast<std::ptrdiff_t>(closed->second.step), way.end()}};
    auto& members = cycle.members;
    const auto exact = [](const LockCycle::Member& member) { return member.holder.exact; };
    if (!std::ranges::all_of(members, exact)) continue;
    for (std::size_t i = 0; i < members.size(); ++i) {
      members[i].goroutine = members[(i + members.size() - 1) % members.size()].holder.goroutine;
      holders.cycleOf.try_emplace(members[i].goroutine, holders.cycles.size(), i);
    }
    holders.cycles.push_back(std::move(cycle));
  }
}

}  // namespace parked::leak
