#include "leak/sentence.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.h"
#include "leak/analysis.h"
#include "leak/circle_words.h"
#include "leak/describe.h"
#include "leak/island_words.h"

namespace parked::leak {

namespace {

std::string_view unknownNote(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine) {
  for (const golang::Wait& wait : snapshot.waitsOf(goroutine)) {
    if (wait.kind == golang::ObjectKind::unknown && wait.note != kEmptyString) {
      return snapshot.strings[wait.note];
    }
  }
  return {};
}

/// ", the longest for at least 41m", "" when nothing is known.
std::string longest(const Group& group) {
  if (group.longestWait <= 0) return {};
  return fmt::format(", the longest for at least {}", humanDuration(group.longestWait));
}

/// "1,240 goroutines at the same place, 1,100 of them blocked for 10m or more, the longest …".
std::string blockedFor(const Group& group, std::uint64_t number, std::chrono::nanoseconds age) {
  return fmt::format("{} at the same place, {} of them blocked for {} or more{}",
                     counted(group.count, "goroutine"),
                     number == group.count ? "all" : withSeparators(number),
                     humanDuration(age.count()), longest(group));
}

/// "channel", "Mutex": what the goroutine waits on, or on one of.
std::string_view noun(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine) {
  const auto waits = snapshot.waitsOf(goroutine);
  const auto kind = waits.empty() ? golang::ObjectKind::unknown : waits.front().kind;
  return golang::traitsOf(kind).noun;
}

bool isChannel(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine) {
  const auto waits = snapshot.waitsOf(goroutine);
  return !waits.empty() && waits.front().kind == golang::ObjectKind::channel;
}

/// "the channel", "any of the channels".
std::string waitedOn(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine) {
  if (goroutine.waitCount > 1) return "any of the channels";
  return fmt::format("the {}", noun(snapshot, goroutine));
}

/// "a circle of locks: goroutine 8 seems to hold it and waits for what goroutine 7 holds", and a
/// few more of a long one.
std::string lockCycle(const Analysis& analysis, Index goroutine) {
  constexpr std::size_t kNamed = 8;
  const LockHolders& holders = analysis.lockHolders();
  const auto at = holders.cycleOf.find(goroutine);
  if (at == holders.cycleOf.end()) return "waits for a lock in a circle of locks";
  const auto& members = holders.cycles[at->second.cycle].members;
  const auto idOf = [&](std::size_t step) {
    const auto& member = members[(at->second.member + step) % members.size()];
    return analysis.snapshot().goroutines[member.holder.goroutine].id;
  };
  std::string text = fmt::format("a circle of locks: goroutine {} seems to hold it", idOf(0));
  for (std::size_t next = 1; next < std::min(members.size(), kNamed); ++next) {
    text += fmt::format(" and waits for what goroutine {} holds", idOf(next));
  }
  if (members.size() > kNamed)
    text += fmt::format(", and so on: {}", counted(members.size(), "goroutine"));
  return text;
}

/// "waits for a lock that it seems to hold itself: main.(*T).run locked it at line 12".
std::string lockedAgain(const Analysis& analysis, Index goroutine) {
  const LockHolders& holders = analysis.lockHolders();
  const auto at = holders.cycleOf.find(goroutine);
  if (at == holders.cycleOf.end()) return "waits for a lock that it seems to hold itself";
  const LockHolder& holder = holders.cycles[at->second.cycle].members.front().holder;
  const auto waits = analysis.snapshot().waitsOf(analysis.snapshot().goroutines[goroutine]);
  const bool writes = waits.front().op == golang::WaitOp::lock;
  return fmt::format(
      "{}: {} locked it at line {}",
      !holder.reads ? "waits for a lock that it seems to hold itself"
      : writes      ? "waits to write an RWMutex that it seems to read itself"
                    : "waits to read, behind a writer, an RWMutex that it seems to read already",
      holder.locked.function, holder.locked.line);
}

/// What may explain that they are so many: " (HTTP client connection)".
std::string causeOf(const Analysis& analysis, Index goroutine) {
  const std::string_view label = analysis.label(goroutine);
  if (!label.empty()) return fmt::format(" ({})", label);
  return analysis.wokenByTimer(analysis.snapshot().goroutines[goroutine])
             ? " (a running timer is in the select)"
             : "";
}

/// "120 goroutines, each with a live one of its own, such as of the same connection: goroutine 7
/// has goroutine 6 (IO wait)".
std::string pair(const Analysis& analysis, const Group& group, Index goroutine) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const Index partner = analysis.partnerOf(goroutine);
  if (partner >= snapshot.goroutines.size()) return "has a live goroutine of its own";
  const golang::Goroutine& live = snapshot.goroutines[partner];
  const bool blocked = stateOf(live) == State::blocked && live.reason < snapshot.reasons.size();
  return fmt::format(
      "{}, each with a live one of its own, as of one connection: {} has goroutine {} ({})",
      counted(group.count, "goroutine"), snapshot.goroutines[goroutine].id, live.id,
      blocked ? snapshot.strings[snapshot.reasons[live.reason].text] : statusName(live.status));
}

/// "the clock (every 50ms) and the network".
std::string wakersOf(const Analysis& analysis, const golang::Goroutine& goroutine) {
  std::string clock, network;
  for (const golang::Wait& wait : analysis.snapshot().waitsOf(goroutine)) {
    if (wait.kind == golang::ObjectKind::fd) network = "the network";
    const std::int64_t period = analysis.tickerPeriod(wait.address);
    if (period > 0) {
      clock = fmt::format("the clock (every {})", humanDuration(period));
    } else if (clock.empty() && (wait.kind == golang::ObjectKind::timer || period == 0)) {
      clock = "the clock";
    }
  }
  if (clock.empty() && network.empty()) return "others like it";
  return clock + (clock.empty() || network.empty() ? "" : " and ") + network;
}

/// "still woken by the clock (every 50ms), but nobody outside can reach it: nobody can stop it".
std::string orphan(const Analysis& analysis, const golang::Goroutine& goroutine) {
  return fmt::format("still woken by {}, but nobody outside can reach it: nobody can stop it",
                     wakersOf(analysis, goroutine));
}

/// The same of one that is meant to be there.
std::string background(const Analysis& analysis, Index goroutine) {
  const IslandKind* kind = analysis.islandKind(goroutine);
  const std::string_view meant =
      traitsOf(kind == nullptr ? Background::few : kind->background).meaning;
  return fmt::format("woken by {}; nobody can stop it: {}",
                     wakersOf(analysis, analysis.snapshot().goroutines[goroutine]), meant);
}

}  // namespace

/// The sentence for `why`, spoken of `group`, the group it was found for.
std::string sentenceOf(const Analysis& analysis, Why why, const Group& group, Index goroutine) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const std::string_view label = analysis.label(goroutine);
  const std::string cause = causeOf(analysis, goroutine);
  switch (why) {
    case Why::noSudog: {
      const std::string_view note = unknownNote(snapshot, snapshot.goroutines[goroutine]);
      return fmt::format("what it waits on was not found{}{}", note.empty() ? "" : ": ", note);
    }
    case Why::unreachable:
      return fmt::format("no live goroutine, global, timer, finalizer or OS wait can reach {}",
                         waitedOn(snapshot, snapshot.goroutines[goroutine]));
    case Why::many:
      return fmt::format("{} blocked at the same place{}{}", counted(group.count, "goroutine"),
                         longest(group), cause);
    case Why::settled:
      return blockedFor(group, group.settled, analysis.options().thresholds.someAge) + cause;
    case Why::old:
      return blockedFor(group, group.old, analysis.options().thresholds.age) + cause;
    case Why::oldLock:
      return fmt::format("waits for a lock{}: nobody should hold one for so long",
                         longest(group).empty()
                             ? ""
                             : fmt::format(" for at least {}", humanDuration(group.longestWait)));
    case Why::lockCycle:
      return lockCycle(analysis, goroutine);
    case Why::lockedAgain:
      return lockedAgain(analysis, goroutine);
    case Why::waitCircle:
      return circleSentence(analysis, goroutine);
    case Why::worker:
      return fmt::format(
          "{} {} one {}, as idle workers do", counted(group.count, "goroutine"),
          isChannel(snapshot, snapshot.goroutines[goroutine]) ? "take from" : "wait at",
          noun(snapshot, snapshot.goroutines[goroutine]));
    case Why::signal:
      return fmt::format("{} wait for the same signal, as for the end of what they belong to",
                         counted(group.count, "goroutine"));
    case Why::orphan:
      return orphan(analysis, snapshot.goroutines[goroutine]);
    case Why::background:
      return background(analysis, goroutine);
    case Why::paired:
      return pair(analysis, group, goroutine);
    case Why::benign:
      return fmt::format("well-known background goroutine: {}", label);
    default:
      return std::string(traitsOf(why).sentence);
  }
}

}  // namespace parked::leak
