#include "report/lists.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <unordered_map>

#include "leak/circle_words.h"
#include "leak/describe.h"
#include "leak/numbers.h"
#include "report/escape.h"
#include "report/json_resources.h"
#include "report/json_waits.h"
#include "report/phrases.h"
#include "report/section.h"

namespace parked::report {

using leak::withSeparators;

namespace {

/// Indices of an array, the ones with the highest `weight` first.
template <class Weight>
std::vector<Index> byWeight(std::size_t size, Weight weight) {
  std::vector<Index> order(size);
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return weight(a) > weight(b); });
  return order;
}

/// The first goroutines that wait on each of some objects, and how.
class Waiters {
 public:
  Waiters(const golang::Snapshot& snapshot, std::span<const Index> objects, bool channels)
      : snapshot_(snapshot), texts_(objects.size()), counts_(objects.size(), 0) {
    std::unordered_map<Index, std::size_t> at;
    for (std::size_t i = 0; i < objects.size(); ++i) at[objects[i]] = i;
    for (const golang::Wait& wait : snapshot.waits) {
      const bool isChannel = wait.kind == golang::ObjectKind::channel;
      if (isChannel != channels || (!isChannel && !isLock(wait.kind))) continue;
      const auto found = at.find(wait.object);
      if (found != at.end() && wait.goroutine < snapshot.goroutines.size()) {
        add(found->second, wait);
      }
    }
  }
  /// "goroutine 5 (rlock), goroutine 6 (lock), ..."
  const std::string& operator[](std::size_t i) const { return texts_[i]; }

 private:
  static constexpr std::size_t kShown = 3;

  static bool isLock(golang::ObjectKind kind) {
    return kind >= golang::ObjectKind::mutex && kind <= golang::ObjectKind::semaphore;
  }

  void add(std::size_t i, const golang::Wait& wait) {
    if (++counts_[i] <= kShown) {
      texts_[i] += fmt::format("{}goroutine {} ({})", counts_[i] == 1 ? "" : ", ",
                               snapshot_.goroutines[wait.goroutine].id, leak::opName(wait.op));
    } else if (counts_[i] == kShown + 1) {
      texts_[i] += ", ...";
    }
  }

  const golang::Snapshot& snapshot_;
  std::vector<std::string> texts_;
  std::vector<std::uint64_t> counts_;
};

void putGoroutineLine(Page& page, const Report& report, Index index, std::size_t idWidth,
                      std::size_t reasonWidth) {
  const golang::Goroutine& goroutine = report.snapshot->goroutines[index];
  const leak::Analysis& analysis = *report.analysis;
  const leak::GoroutineInfo& info = analysis.info(index);
  const std::string reason = escape(reasonText(analysis, index));
  const std::string wait = waitText(analysis.waitAtLeast(index));
  page.put(fmt::format("{:>{}}  ", goroutine.id, idWidth), Ink::strong);
  page.put(goroutine.system ? "system " : fmt::format("{:<7}", leak::verdictName(info.verdict)),
           goroutine.system ? Ink::faint : verdictInk(info.verdict));
  const std::string label =
      fmt::format("  {:<{}}  {:<14}", cutBack(reason, reasonWidth), reasonWidth, wait);
  page.placeField(0, columns(label) + 2, label, analysis.place(analysis.userLine(index).user), {},
                  idWidth + 2 + 7);
}

std::size_t longestReason(const Report& report, std::span<const Index> goroutines) {
  std::size_t longest = 0;
  for (const Index i : goroutines) {
    longest = std::max(longest, columns(reasonText(*report.analysis, i)));
  }
  return std::min<std::size_t>(longest, 28);
}

std::size_t digits(std::uint64_t number) { return std::to_string(number).size(); }

}  // namespace

void renderGoroutines(const Report& report, std::uint64_t limit, const TextStyle& style,
                      const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  if (report.goroutines.empty()) {
    page.line(0, {{noGoroutinesText(report)}});
    return;
  }
  const std::uint64_t shown = atMost(report.goroutines.size(), limit);
  const std::span<const Index> listed(report.goroutines.data(), shown);
  const std::size_t idWidth = digits(report.snapshot->goroutines[listed.back()].id);
  const std::size_t reasonWidth = longestReason(report, listed);
  for (const Index index : listed) {
    if (writer.ended()) return;
    putGoroutineLine(page, report, index, idWidth, reasonWidth);
  }
  putMore(page, style, report.goroutines.size() - shown, "goroutines");
}

namespace {

void renderChannels(const Report& report, std::uint64_t limit, const TextStyle& style,
                    const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const auto& channels = report.snapshot->channels;
  if (channels.empty()) {
    page.line(0, {{"no goroutine waits on a channel"}});
    return;
  }
  const auto order = byWeight(channels.size(), [&](Index i) {
    return std::uint64_t{channels[i].senders} + channels[i].receivers;
  });
  const std::uint64_t shown = atMost(order.size(), limit);
  const Waiters waiters(*report.snapshot, {order.data(), shown}, true);
  for (std::uint64_t i = 0; i < shown && !writer.ended(); ++i) {
    page.field(0, 0, {}, leak::describeChannel(*report.snapshot, channels[order[i]]));
    page.field(4, 0, {}, waiters[i], Ink::faint);
  }
  putMore(page, style, order.size() - shown, "channels");
}

}  // namespace

extern const Section kChannels = {
    .name = "channels",
    .summary = "the channels goroutines wait on",
    .text = "Every channel somebody waits on, most waiters first.",
    .behind = "why",
    .render = renderChannels,
    .members =
        [](Document& document, std::uint64_t limit) {
          const golang::Snapshot& snapshot = *document.report().snapshot;
          document.array("channels", "channel", atMost(snapshot.channels.size(), limit),
                         [&snapshot](JsonWriter& json, std::size_t i) {
                           putChannel(json, snapshot, snapshot.channels[i]);
                         });
        },
};

void addChannel(Document& document, Index channel) {
  const golang::Snapshot& snapshot = *document.report().snapshot;
  document.array("channels", "channel", 1, [&snapshot, channel](JsonWriter& json, std::size_t) {
    putChannel(json, snapshot, snapshot.channels[channel]);
  });
}

namespace {

/// Who waits for whom in a circle, a line a goroutine.
void putLockCycles(Page& page, const Report& report, std::uint64_t limit, const TextStyle& style) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const auto& cycles = report.analysis->lockHolders().cycles;
  const std::uint64_t circles = atMost(cycles.size(), limit);
  for (const leak::LockCycle& cycle : std::span(cycles).first(circles)) {
    const bool alone = cycle.members.size() == 1;
    page.line(0, {{alone ? "locked again" : "circle of locks", Ink::bad},
                  {alone ? "  by who holds it, it seems"
                         : fmt::format("  {}, none of which can go on, it seems",
                                       leak::counted(cycle.members.size(), "goroutine"))}});
    const std::uint64_t shown = atMost(cycle.members.size(), limit);
    for (std::size_t i = 0; i < shown; ++i) {
      const leak::LockCycle::Member& member = cycle.members[i];
      const leak::LockHolder& holder = member.holder;
      page.field(2, 0, {},
                 fmt::format("goroutine {} waits for {}", snapshot.goroutines[member.goroutine].id,
                             leak::describeLock(snapshot.locks[member.lock])));
      page.field(4, 0, {},
                 fmt::format("held by goroutine {}: {} locked it at {}:{}, stands at line {}",
                             snapshot.goroutines[holder.goroutine].id, holder.locked.function,
                             baseName(holder.locked.file), holder.locked.line, holder.now.line));
    }
    putMore(page, style, cycle.members.size() - shown, "locks");
    page.blank();
  }
  if (circles == cycles.size()) return;
  putMore(page, style, cycles.size() - circles, "locks");
  page.blank();
}

/// The circles that are not of locks alone.
void putWaitCircles(Page& page, const Report& report, std::uint64_t limit, const TextStyle& style) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const auto& circles = report.analysis->waitCircles().circles;
  const std::uint64_t shownCircles = atMost(circles.size(), limit);
  for (const leak::WaitCircle& circle : std::span(circles).first(shownCircles)) {
    page.line(0, {{"circle of waits", Ink::bad},
                  {fmt::format("  {}, none of which can go on, it seems",
                               leak::counted(circle.members.size(), "goroutine"))}});
    const std::uint64_t shown = atMost(circle.members.size(), limit);
    for (const leak::WaitCircle::Member& member : std::span(circle.members).first(shown)) {
      page.field(2, 0, {}, leak::waitsFor(snapshot, member));
      page.field(4, 0, {}, leak::givenBy(snapshot, member));
    }
    putMore(page, style, circle.members.size() - shown, "locks");
    page.blank();
  }
  if (shownCircles == circles.size()) return;
  putMore(page, style, circles.size() - shownCircles, "locks");
  page.blank();
}

void renderLocks(const Report& report, std::uint64_t limit, const TextStyle& style,
                 const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const auto& locks = report.snapshot->locks;
  if (locks.empty() && report.analysis->waitCircles().circles.empty() &&
      (report.resources == nullptr || report.resources->extraSync.empty())) {
    page.line(0, {{"no goroutine waits for a lock, a WaitGroup or a Cond"}});
    return;
  }
  const auto order =
      byWeight(locks.size(), [&](Index i) { return std::uint64_t{locks[i].waiters}; });
  const std::uint64_t shown = atMost(order.size(), limit);
  const Waiters waiters(*report.snapshot, {order.data(), shown}, false);
  putLockCycles(page, report, limit, style);
  putWaitCircles(page, report, limit, style);
  for (std::uint64_t i = 0; i < shown && !writer.ended(); ++i) {
    page.field(0, 0, {}, leak::describeLock(locks[order[i]]));
    page.field(4, 9, "waiting", waiters[i], Ink::faint);
    for (const std::string& holder : holderTexts(report, order[i])) {
      page.field(4, 9, "held by", holder);
    }
  }
  putMore(page, style, order.size() - shown, "locks");
  putExtraSyncText(page, report);
}

void addLocks(Document& document, std::uint64_t limit) {
  const Report& report = document.report();
  document.array(
      "locks", "lock", atMost(report.snapshot->locks.size(), limit),
      [&report](JsonWriter& json, std::size_t i) { putLock(json, report, static_cast<Index>(i)); });
  const auto& cycles = report.analysis->lockHolders().cycles;
  document.array("lock_cycles", "lock_cycle", cycles.size(),
                 [&report, &cycles](JsonWriter& json, std::size_t i) {
                   putLockCycle(json, report, cycles[i]);
                 });
  const auto& circles = report.analysis->waitCircles().circles;
  document.array("wait_circles", "wait_circle", circles.size(),
                 [&report, &circles](JsonWriter& json, std::size_t i) {
                   putWaitCircle(json, report, circles[i]);
                 });
  if (report.resources == nullptr) return;
  document.value("extra_sync", [&report](JsonWriter& json) { putExtraSync(json, report); });
}

}  // namespace

extern const Section kLocks = {
    .name = "locks",
    .summary = "mutexes, WaitGroups and Conds goroutines wait on",
    .text =
        "Circles of goroutines that wait for one another's locks; then every lock, WaitGroup, "
        "Cond\n"
        "and semaphore somebody waits on, most waiters first, with who may hold it: whose stack\n"
        "has locked, has not unlocked, and has the lock at hand.",
    .render = renderLocks,
    .members = addLocks,
};

void renderChannel(const Report& report, Index index, std::uint64_t limit, const TextStyle& style,
                   const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const golang::Snapshot& snapshot = *report.snapshot;
  const golang::Channel& channel = snapshot.channels[index];
  page.field(0, 0, {}, leak::describeChannel(snapshot, channel), Ink::strong);
  if (channel.timer != 0) page.field(2, 10, "timer", fmt::format("{:#x}", channel.timer));
  for (const golang::WaitOp op : {golang::WaitOp::send, golang::WaitOp::receive}) {
    std::vector<Index> queue;
    for (const golang::Wait& wait : snapshot.waits) {
      if (wait.kind == golang::ObjectKind::channel && wait.object == index && wait.op == op) {
        queue.push_back(wait.goroutine);
      }
    }
    if (queue.empty()) continue;
    page.blank();
    page.line(0, {{op == golang::WaitOp::send ? "senders" : "receivers", Ink::strong},
                  {fmt::format("  {}", withSeparators(queue.size())), Ink::faint}});
    const std::uint64_t shown = atMost(queue.size(), limit);
    const std::span<const Index> listed(queue.data(), shown);
    std::uint64_t largest = 0;
    for (const Index i : listed) largest = std::max(largest, snapshot.goroutines[i].id);
    const std::size_t reasonWidth = longestReason(report, listed);
    for (const Index i : listed) {
      if (writer.ended()) return;
      putGoroutineLine(page, report, i, digits(largest), reasonWidth);
    }
    putMore(page, style, queue.size() - shown, fmt::format("channel {:#x}", channel.address));
  }
}

}  // namespace parked::report
