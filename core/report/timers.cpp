#include <algorithm>
#include <limits>
#include <unordered_map>

#include "leak/numbers.h"
#include "report/model.h"
#include "report/phrases.h"

namespace parked::report {

using golang::TimerKind;

namespace {

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
std::int64_t fromNow(std::int64_t when, std::int64_t now) {
  constexpr std::int64_t kFar = std::numeric_limits<std::int64_t>::max() / 2;
  return std::clamp(when, -kFar, kFar) - std::clamp(now, -kFar, kFar);
}

}  // namespace

std::vector<TimerGroup> groupTimers(const golang::Snapshot& snapshot, const leak::Code& code) {
  std::vector<TimerGroup> groups;
  std::unordered_map<Key, std::size_t, KeyHash> ids;
  for (Index i = 0; i < snapshot.timers.size(); ++i) {
    const golang::Timer& timer = snapshot.timers[i];
    const Key key{timer.kind, callbackOf(timer), timer.period};
    const auto [it, isNew] = ids.try_emplace(key, groups.size());
    if (isNew) {
      TimerGroup fresh;
      fresh.kind = timer.kind;
      fresh.period = timer.period;
      fresh.callback = leak::functionAt(code, key.callback);
      groups.push_back(std::move(fresh));
    }
    TimerGroup& group = groups[it->second];
    group.members.push_back(i);
    ++group.count;
    if (timer.stopped) {
      ++group.stopped;
      continue;
    }
    if (snapshot.clock.now == 0) continue;
    const std::int64_t left = fromNow(timer.when, snapshot.clock.now);
    group.soonest = group.whenKnown ? std::min(group.soonest, left) : left;
    group.latest = group.whenKnown ? std::max(group.latest, left) : left;
    group.whenKnown = true;
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const TimerGroup& a, const TimerGroup& b) { return a.count > b.count; });
  return groups;
}

void putTimerGroups(Page& page, std::span<const TimerGroup* const> groups, std::size_t indent,
                    bool details, const golang::Snapshot& snapshot) {
  std::size_t countWidth = 0, kindWidth = 0, dueWidth = 0;
  const auto kindText = [](const TimerGroup& group) {
    std::string text(timerKindName(group.kind));
    if (group.period > 0) text += " every " + leak::humanDuration(group.period);
    return text;
  };
  for (const TimerGroup* group : groups) {
    countWidth = std::max(countWidth, leak::withSeparators(group->count).size());
    kindWidth = std::max(kindWidth, kindText(*group).size());
    dueWidth = std::max(dueWidth, dueText(*group).size());
  }
  for (const TimerGroup* group : groups) {
    page.spaces(indent);
    page.put(fmt::format("{:>{}}  ", leak::withSeparators(group->count), countWidth), Ink::strong);
    page.put(fmt::format("{:<{}}  ", kindText(*group), kindWidth));
    const std::size_t used = indent + countWidth + 2 + kindWidth + 2;
    if (group->callback.function.empty()) {
      page.put(dueText(*group));
      page.end();
    } else {
      page.put(fmt::format("{:<{}}  ", dueText(*group), dueWidth));
      page.placeField(0, 0, {}, group->callback, {}, used + dueWidth + 2);
    }
    if (!details) continue;
    const golang::Timer& first = snapshot.timers[group->members.front()];
    std::string more = fmt::format("timer {:#x}", first.address);
    if (first.channel != 0) more += fmt::format(", sends to chan {:#x}", first.channel);
    if (first.closure != 0) more += fmt::format(", closure {:#x}", first.closure);
    if (first.goroutine < snapshot.goroutines.size()) {
      more += fmt::format(", goroutine {}", snapshot.goroutines[first.goroutine].id);
    }
    if (group->count > 1) more += ", ...";
    page.field(indent + countWidth + 2, 0, {}, more, Ink::faint);
  }
}

std::string_view timerKindName(TimerKind kind) {
  switch (kind) {
    case TimerKind::afterFunc:
      return "AfterFunc";
    case TimerKind::ticker:
      return "Ticker";
    case TimerKind::timer:
      return "Timer";
    case TimerKind::sleep:
      return "Sleep";
    case TimerKind::contextDeadline:
      return "context deadline";
    case TimerKind::netDeadline:
      return "net deadline";
    case TimerKind::runtimeInternal:
      return "runtime";
    case TimerKind::unknown:
      break;
  }
  return "unknown";
}

}  // namespace parked::report
