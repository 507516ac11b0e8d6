// `parked locks`: circles, the locks that goroutines wait for, and golang.org/x/sync.
#include "base/text.h"

#include <algorithm>
#include <fmt/ranges.h>

#include "leak/circle_words.h"
#include "leak/describe.h"
#include "report/page.h"
#include "report/phrases.h"
#include "report/waiters.h"
#include "resources/kit.h"
#include "resources/locks/slice.h"

namespace parked::resources {

namespace {

constexpr std::size_t kShown = 3;

std::string idsText(const golang::Snapshot& snapshot, const std::vector<Index>& goroutines) {
  std::vector<std::uint64_t> ids;
  for (std::size_t i = 0; i < goroutines.size() && i < kShown; ++i) {
    ids.push_back(snapshot.goroutines[goroutines[i]].id);
  }
  return fmt::format("goroutine{} {}{}", goroutines.size() == 1 ? "" : "s", fmt::join(ids, ", "),
                     goroutines.size() > kShown ? ", ..." : "");
}

void putExtraSync(Page& page, const Report& report) {
  if (report.resources == nullptr) return;
  const ExtraSync& found = report.resources->of<ExtraSync>();
  const golang::Snapshot& snapshot = *report.snapshot;
  for (const auto& semaphore : found.semaphores) {
    page.field(0, 0, {}, semaphoreText(semaphore));
    page.field(4, 9, "waiting", idsText(snapshot, semaphore.waiters), Ink::faint);
  }
  for (const auto& group : found.groups) {
    if (!group.waiters.empty()) {
      page.field(0, 0, {}, fmt::format("errgroup.Group of WaitGroup {:#x}", group.waitGroup));
      page.field(4, 9, "waiting", idsText(snapshot, group.waiters), Ink::faint);
    }
    if (!group.starters.empty()) {
      page.field(0, 0, {},
                 fmt::format("errgroup.Group, as many running as SetLimit allows (channel {:#x})",
                             group.limit));
      page.field(4, 9, "in Go", idsText(snapshot, group.starters), Ink::faint);
    }
  }
}

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
                                       counted(cycle.members.size(), "goroutine"))}});
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
      putSourceLine(page, 6, report, holder.locked.file, holder.locked.line);
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
                               counted(circle.members.size(), "goroutine"))}});
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

}  // namespace

std::string semaphoreText(const WeightedSemaphore& semaphore) {
  const std::string state =
      semaphore.address == 0
          ? std::string(" (not found)")
          : fmt::format(" {:#x}, {} of {} taken", semaphore.address,
                        withSeparators(semaphore.taken), withSeparators(semaphore.size));
  return fmt::format("semaphore.Weighted{}, {} waiting", state,
                     withSeparators(semaphore.waiters.size()));
}

void renderLocks(const Report& report, std::uint64_t limit, const TextStyle& style,
                 const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const auto& locks = report.snapshot->locks;
  if (locks.empty() && report.analysis->waitCircles().circles.empty() &&
      (report.resources == nullptr || report.resources->of<ExtraSync>().empty())) {
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
  putExtraSync(page, report);
}

}  // namespace parked::resources
