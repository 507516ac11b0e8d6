// `parked timers`, and what the report has of them.
#include "base/text.h"

#include <algorithm>

#include "leak/times.h"
#include "report/escape.h"
#include "report/phrases.h"
#include "resources/kit.h"
#include "resources/timers/groups.h"
#include "resources/timers/places.h"
#include "resources/timers/slice.h"

namespace parked::resources {

using golang::TimerKind;

namespace {

/// "due in 59m to 1h1m", "due now", "" when not known.
std::string dueText(const TimerGroup& group, const golang::Clock& clock) {
  if (!group.whenKnown) return group.stopped == group.count ? "stopped" : "";
  const auto due = [&clock](std::int64_t left) {
    return left <= 0 ? std::string("now") : "in " + leak::leftText(clock, left);
  };
  std::string text = "due " + due(group.soonest);
  if (group.count - group.stopped > 1 && due(group.latest) != due(group.soonest)) {
    text += fmt::format(" to {}", group.latest <= 0 ? "now" : humanDuration(group.latest));
  }
  if (group.stopped > 0) text += fmt::format(", {} stopped", withSeparators(group.stopped));
  return text;
}

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
  const auto timers = timersOf(report);
  const Index first = group.members.front();
  std::string all;
  const auto add = [&](std::string text) { all += (all.empty() ? "" : ", ") + std::move(text); };
  if (group.idle > 0) {
    add(fmt::format("{} idle: nobody waits", withSeparators(group.idle)));
  }
  if (group.unheld > 0 && group.kind != TimerKind::sleep) {
    add(group.unheld == 1
            ? "1 that nobody can stop any more"
            : fmt::format("{} that nobody can stop any more", withSeparators(group.unheld)));
  }
  if (group.rearming > 0) {
    add(group.count == 1
            ? "starts itself again, it seems"
            : fmt::format("{} start themselves again, it seems", withSeparators(group.rearming)));
  }
  if (group.retainedBytes > 0) {
    add(fmt::format("{} {} in {} alive", group.count == 1 ? "keeps" : "keep",
                    humanBytes(group.retainedBytes), counted(group.retainedObjects, "object")));
  }
  if (!all.empty()) page.field(indent, 0, {}, all);
  if (report.resources != nullptr && first < report.resources->of<Timers>().details.size()) {
    const Timers& known = report.resources->of<Timers>();
    const TimerMaker maker = makerOf(*report.analysis, known, first);
    if (!maker.place.function.empty()) {
      const bool each = group.count == 1 || timers[first].kind == TimerKind::afterFunc;
      const std::string label = fmt::format("{}{} ", each ? "" : "one is ", maker.how);
      page.placeField(indent, columns(label), label, maker.place);
      putSourceLine(page, indent, report, maker.place.file, maker.place.line);
    }
    const std::string holder = holderText(*report.analysis, known, first);
    if (!holder.empty() && known.details[first].holder != TimerHolder::nobody) {
      page.field(indent, 0, {},
                 fmt::format("{}held by {}", group.count > 1 ? "one is " : "", holder));
    }
  }
  page.field(indent, 0, {},
             addressText(*report.snapshot, timers[first]) + (group.count > 1 ? ", ..." : ""),
             Ink::faint);
}

/// "   12  Ticker every 1s  due in 3s  main.refresh  refresh.go:12", a line a group.
void putTimerGroups(Page& page, std::span<const TimerGroup* const> groups, std::size_t indent,
                    bool details, const Report& report) {
  std::size_t countWidth = 0, kindWidth = 0, dueWidth = 0;
  const auto kindText = [](const TimerGroup& group) {
    std::string text(traitsOf(group.kind).name);
    if (group.period > 0) text += " every " + humanDuration(group.period);
    return text;
  };
  for (const TimerGroup* group : groups) {
    countWidth = std::max(countWidth, withSeparators(group->count).size());
    kindWidth = std::max(kindWidth, kindText(*group).size());
    dueWidth = std::max(dueWidth, dueText(*group, report.snapshot->clock).size());
  }
  for (const TimerGroup* group : groups) {
    page.spaces(indent);
    page.put(fmt::format("{:>{}}  ", withSeparators(group->count), countWidth), Ink::strong);
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

constexpr std::size_t kTimerGroups = 5;  // of the report

}  // namespace

void renderTimers(const Report& report, std::uint64_t limit, const TextStyle& style,
                  const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const std::vector<TimerGroup> all = groupTimers(report);
  if (all.empty()) {
    page.line(0, {{"no timers"}});
    return;
  }
  std::vector<const TimerGroup*> groups;
  const std::uint64_t shown = atMost(all.size(), limit);
  groups.reserve(shown);
  for (std::uint64_t i = 0; i < shown; ++i) groups.push_back(&all[i]);
  putTimerGroups(page, groups, 0, true, report);
  putMore(page, style, all.size() - shown, "timers");
}

void putTimersBrief(Page& page, const Report& report, const TextStyle& style) {
  std::uint64_t total = 0;
  std::vector<const TimerGroup*> groups;  // the runtime keeps a few of its own
  const std::vector<TimerGroup> all = groupTimers(report);
  for (const TimerGroup& group : all) {
    if (group.kind == golang::TimerKind::runtimeInternal) continue;
    groups.push_back(&group);
    total += group.count;
  }
  if (total == 0) return;
  page.blank();
  page.line(0, {{counted(total, "timer"), Ink::strong}});
  std::uint64_t leftOut = 0;
  for (std::size_t i = kTimerGroups; i < groups.size(); ++i) leftOut += groups[i]->count;
  if (groups.size() > kTimerGroups) groups.resize(kTimerGroups);
  putTimerGroups(page, groups, 1, false, report);
  if (leftOut > 0) {
    const std::string more = fmt::format("and {} more: ", withSeparators(leftOut));
    page.line(1, {{more, Ink::faint}, {hintCommand(page, style, "timers", 1 + more.size())}});
  }
}

}  // namespace parked::resources
