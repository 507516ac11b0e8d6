#include <algorithm>
#include <limits>
#include <unordered_map>

#include "leak/numbers.h"
#include "report/escape.h"
#include "report/model.h"
#include "report/phrases.h"
#include "report/section.h"
#include "rules/timer_places.h"

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

/// An idle timer is looked at when somebody waits; until then a ticker's `when` stays in the past.
std::int64_t dueIn(const golang::Timer& timer, std::int64_t now) {
  const std::int64_t left = fromNow(timer.when, now);
  if (timer.p >= 0 || timer.period <= 0 || left >= 0) return left;
  return timer.period - (-left) % timer.period;
}

void addDetail(TimerGroup& group, const stdlib::Timers& timers, Index i) {
  const stdlib::TimerDetail& detail = timers.details[i];
  if (i >= timers.inHeaps) ++group.idle;
  if (detail.holder == stdlib::TimerHolder::nobody) ++group.unheld;
  if (detail.rearming != stdlib::Rearming::none) ++group.rearming;
  if (!detail.retainedKnown) return;
  group.retainedKnown = true;
  group.retainedBytes += detail.retainedBytes;
  group.retainedObjects += detail.retainedObjects;
}

}  // namespace

std::span<const golang::Timer> timersOf(const golang::Snapshot& snapshot,
                                        const stdlib::Resources* resources) {
  if (resources == nullptr || resources->timers.all.empty()) return snapshot.timers;
  return resources->timers.all;
}

std::vector<TimerGroup> groupTimers(const golang::Snapshot& snapshot,
                                    const stdlib::Resources* resources, const leak::Code& code) {
  std::vector<TimerGroup> groups;
  std::unordered_map<Key, std::size_t, KeyHash> ids;
  const auto timers = timersOf(snapshot, resources);
  for (Index i = 0; i < timers.size(); ++i) {
    const golang::Timer& timer = timers[i];
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
    if (resources != nullptr && i < resources->timers.details.size()) {
      addDetail(group, resources->timers, i);
    }
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
  if (resources != nullptr) {
    for (TimerGroup& group : groups) {
      const Addr callback = timers[group.members.front()].callback;
      const auto shared = resources->timers.shared.find(callback);
      if (!group.retainedKnown || shared == resources->timers.shared.end()) continue;
      group.retainedBytes += shared->second.bytes;
      group.retainedObjects += shared->second.objects;
    }
  }
  std::stable_sort(groups.begin(), groups.end(),
                   [](const TimerGroup& a, const TimerGroup& b) { return a.count > b.count; });
  return groups;
}

namespace {

std::string addressText(const golang::Snapshot& snapshot, const golang::Timer& timer) {
  std::string text = fmt::format("timer {:#x}", timer.address);
  if (timer.channel != 0) text += fmt::format(", sends to chan {:#x}", timer.channel);
  if (timer.closure != 0) text += fmt::format(", closure {:#x}", timer.closure);
  if (timer.goroutine < snapshot.goroutines.size()) {
    text += fmt::format(", goroutine {}", snapshot.goroutines[timer.goroutine].id);
  }
  return text;
}

/// The lines under a group: what is known of all, and the first of them.
void putDetails(Page& page, const TimerGroup& group, std::size_t indent, const Report& report) {
  const auto timers = timersOf(*report.snapshot, report.resources);
  const Index first = group.members.front();
  std::string all;
  const auto add = [&](std::string text) { all += (all.empty() ? "" : ", ") + std::move(text); };
  if (group.idle > 0) {
    add(fmt::format("{} idle: nobody waits", leak::withSeparators(group.idle)));
  }
  if (group.unheld > 0 && group.kind != TimerKind::sleep) {
    add(group.unheld == 1
            ? "1 that nobody can stop any more"
            : fmt::format("{} that nobody can stop any more", leak::withSeparators(group.unheld)));
  }
  if (group.rearming > 0) {
    add(group.count == 1 ? "starts itself again, it seems"
                         : fmt::format("{} start themselves again, it seems",
                                       leak::withSeparators(group.rearming)));
  }
  if (group.retainedBytes > 0) {
    add(fmt::format("{} {} in {} alive", group.count == 1 ? "keeps" : "keep",
                    leak::humanBytes(group.retainedBytes),
                    leak::counted(group.retainedObjects, "object")));
  }
  if (!all.empty()) page.field(indent, 0, {}, all);
  if (report.resources != nullptr && first < report.resources->timers.details.size()) {
    const stdlib::Timers& known = report.resources->timers;
    const rules::TimerMaker maker = rules::makerOf(*report.analysis, known, first);
    if (!maker.place.function.empty()) {
      const bool each = group.count == 1 || timers[first].kind == TimerKind::afterFunc;
      const std::string label = fmt::format("{}{} ", each ? "" : "one is ", maker.how);
      page.placeField(indent, columns(label), label, maker.place);
    }
    const std::string holder = rules::holderText(*report.analysis, known, first);
    if (!holder.empty() && known.details[first].holder != stdlib::TimerHolder::nobody) {
      page.field(indent, 0, {},
                 fmt::format("{}held by {}", group.count > 1 ? "one is " : "", holder));
    }
  }
  page.field(indent, 0, {},
             addressText(*report.snapshot, timers[first]) + (group.count > 1 ? ", ..." : ""),
             Ink::faint);
}

}  // namespace

void putTimerGroups(Page& page, std::span<const TimerGroup* const> groups, std::size_t indent,
                    bool details, const Report& report) {
  std::size_t countWidth = 0, kindWidth = 0, dueWidth = 0;
  const auto kindText = [](const TimerGroup& group) {
    std::string text(timerKindName(group.kind));
    if (group.period > 0) text += " every " + leak::humanDuration(group.period);
    return text;
  };
  for (const TimerGroup* group : groups) {
    countWidth = std::max(countWidth, leak::withSeparators(group->count).size());
    kindWidth = std::max(kindWidth, kindText(*group).size());
    dueWidth = std::max(dueWidth, dueText(*group, report.snapshot->clock).size());
  }
  for (const TimerGroup* group : groups) {
    page.spaces(indent);
    page.put(fmt::format("{:>{}}  ", leak::withSeparators(group->count), countWidth), Ink::strong);
    page.put(fmt::format("{:<{}}  ", kindText(*group), kindWidth));
    const std::size_t used = indent + countWidth + 2 + kindWidth + 2;
    if (group->callback.function.empty()) {
      page.put(dueText(*group, report.snapshot->clock));
      page.end();
    } else {
      page.put(fmt::format("{:<{}}  ", dueText(*group, report.snapshot->clock), dueWidth));
      page.placeField(0, 0, {}, group->callback, {}, used + dueWidth + 2);
    }
    if (!details) continue;
    putDetails(page, *group, indent + countWidth + 2, report);
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

namespace {

constexpr std::size_t kTimerGroups = 5;  // of the report

void renderTimers(const Report& report, std::uint64_t limit, const TextStyle& style,
                  const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  if (report.timers.empty()) {
    page.line(0, {{"no timers"}});
    return;
  }
  std::vector<const TimerGroup*> groups;
  const std::uint64_t shown = atMost(report.timers.size(), limit);
  groups.reserve(shown);
  for (std::uint64_t i = 0; i < shown; ++i) groups.push_back(&report.timers[i]);
  putTimerGroups(page, groups, 0, true, report);
  putMore(page, style, report.timers.size() - shown, "timers");
}

void putBrief(Page& page, const Report& report, const TextStyle& style) {
  std::uint64_t total = 0;
  std::vector<const TimerGroup*> groups;  // the runtime keeps a few of its own
  for (const TimerGroup& group : report.timers) {
    if (group.kind == golang::TimerKind::runtimeInternal) continue;
    groups.push_back(&group);
    total += group.count;
  }
  if (total == 0) return;
  page.blank();
  page.line(0, {{leak::counted(total, "timer"), Ink::strong}});
  std::uint64_t leftOut = 0;
  for (std::size_t i = kTimerGroups; i < groups.size(); ++i) leftOut += groups[i]->count;
  if (groups.size() > kTimerGroups) groups.resize(kTimerGroups);
  putTimerGroups(page, groups, 1, false, report);
  if (leftOut > 0) {
    const std::string more = fmt::format("and {} more: ", leak::withSeparators(leftOut));
    page.line(1, {{more, Ink::faint}, {hintCommand(page, style, "timers", 1 + more.size())}});
  }
}

}  // namespace

extern const Section kTimers = {
    .name = "timers",
    .summary = "timers by what they do",
    .text =
        "Timers with the same kind, callback and period together, most first; when the next one\n"
        "fires.",
    .behind = "channel",
    .needsResources = true,
    .worthInPart = true,
    .render = renderTimers,
    .members =
        [](Document& document, std::uint64_t) {
          const Report& report = document.report();
          document.array(
              "timers", "timer", timersOf(*report.snapshot, report.resources).size(),
              [&document](JsonWriter& json, std::size_t i) { document.objects().timer(json, i); });
        },
    .inReport = true,
    .brief = putBrief,
};

}  // namespace parked::report
