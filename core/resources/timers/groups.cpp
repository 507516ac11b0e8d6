#include "resources/timers/groups.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "base/traits.h"
#include "resources/kit.h"

namespace parked::resources {

using golang::TimerKind;

namespace {

constexpr std::array kKindRows = {
    TimerKindTraits{TimerKind::unknown, "unknown", "unknown"},
    TimerKindTraits{TimerKind::afterFunc, "after_func", "AfterFunc"},
    TimerKindTraits{TimerKind::ticker, "ticker", "Ticker"},
    TimerKindTraits{TimerKind::timer, "timer", "Timer"},
    TimerKindTraits{TimerKind::sleep, "sleep", "Sleep"},
    TimerKindTraits{TimerKind::contextDeadline, "context_deadline", "context deadline"},
    TimerKindTraits{TimerKind::netDeadline, "net_deadline", "net deadline"},
    TimerKindTraits{TimerKind::runtimeInternal, "runtime", "runtime"},
};
static_assert(kKindRows.size() == static_cast<std::size_t>(TimerKind::runtimeInternal) + 1);
static_assert(isInOrder(kKindRows));

/// The code a timer runs for the user: the callback of an AfterFunc, else the timer's own function
/// when parked has no better name for it. Of a deadline it would be a function of its package.
Addr callbackOf(const golang::Timer& timer) {
  if (timer.kind == TimerKind::afterFunc) return timer.callback;
  if (timer.kind != TimerKind::unknown) return 0;
  return timer.callback != 0 ? timer.callback : timer.function;
}

struct Key {
  TimerKind kind;
  Addr callback;
  std::int64_t period;
  bool operator==(const Key&) const = default;
};

struct KeyHash {
  std::size_t operator()(const Key& key) const {
    std::uint64_t hash = key.callback * 0x9e3779b97f4a7c15ULL;
    hash ^= static_cast<std::uint64_t>(key.period) * 0xff51afd7ed558ccdULL;
    return hash ^ static_cast<std::uint64_t>(key.kind) << 56;
  }
};

/// "when" is a time on the target's clock; the difference must not overflow, whatever was read.
std::int64_t untilDue(std::int64_t when, std::int64_t now) {
  constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 2;
  return std::clamp(when, -kFar, kFar) - std::clamp(now, -kFar, kFar);
}

/// An idle timer is looked at when somebody waits; until then a ticker's `when` stays in the past.
std::int64_t dueIn(const golang::Timer& timer, std::int64_t now) {
  const std::int64_t left = untilDue(timer.when, now);
  if (timer.p >= 0 || timer.period <= 0 || left >= 0) return left;
  return timer.period - (-left) % timer.period;
}

void addDetail(TimerGroup& group, const Timers& timers, Index i) {
  const TimerDetail& detail = timers.details[i];
  if (i >= timers.inHeaps) ++group.idle;
  if (detail.holder == TimerHolder::nobody) ++group.unheld;
  if (detail.rearming != Rearming::none) ++group.rearming;
  if (!detail.retainedKnown) return;
  group.retainedKnown = true;
  group.retainedBytes += detail.retainedBytes;
  group.retainedObjects += detail.retainedObjects;
}

}  // namespace

std::span<const golang::Timer> timersOf(const Report& report) {
  if (report.resources == nullptr) return report.snapshot->timers;
  const Timers& known = report.resources->of<Timers>();
  return known.all.empty() ? std::span<const golang::Timer>(report.snapshot->timers) : known.all;
}

std::vector<TimerGroup> groupTimers(const Report& report) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const Timers* known = report.resources == nullptr ? nullptr : &report.resources->of<Timers>();
  std::vector<TimerGroup> groups;
  std::unordered_map<Key, std::size_t, KeyHash> ids;
  const auto timers = timersOf(report);
  for (Index i = 0; i < timers.size(); ++i) {
    const golang::Timer& timer = timers[i];
    const Key key{timer.kind, callbackOf(timer), timer.period};
    const auto [it, isNew] = ids.try_emplace(key, groups.size());
    if (isNew) {
      TimerGroup fresh;
      fresh.kind = timer.kind;
      fresh.period = timer.period;
      fresh.callback = leak::functionAt(report.analysis->code(), key.callback);
      groups.push_back(std::move(fresh));
    }
    TimerGroup& group = groups[it->second];
    group.members.push_back(i);
    ++group.count;
    if (known != nullptr && i < known->details.size()) addDetail(group, *known, i);
    if (timer.stopped) {
      ++group.stopped;
      continue;
    }
    if (snapshot.clock.now == 0) continue;
    const std::int64_t left = dueIn(timer, snapshot.clock.now);
    group.soonest = group.whenKnown ? std::min(group.soonest, left) : left;
    group.latest = group.whenKnown ? std::max(group.latest, left) : left;
    group.whenKnown = true;
  }
  if (known != nullptr) {
    for (TimerGroup& group : groups) {
      const Addr callback = timers[group.members.front()].callback;
      const auto shared = known->shared.find(callback);
      if (!group.retainedKnown || shared == known->shared.end()) continue;
      group.retainedBytes += shared->second.bytes;
      group.retainedObjects += shared->second.objects;
    }
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const TimerGroup& a, const TimerGroup& b) { return a.count > b.count; });
  return groups;
}

const TimerKindTraits& traitsOf(TimerKind kind) { return rowOf(kKindRows, kind); }

}  // namespace parked::resources
