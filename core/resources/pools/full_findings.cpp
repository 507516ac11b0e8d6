// The rules for pools of libraries that have no connection left, though others than those who wait
// have some: of whom a place may come back (PK086), and in the middle of a circle (PK084, PK085).
// Of database/sql otherwise see sql/findings.cpp.

#include <algorithm>
#include <fmt/format.h>
#include <unordered_set>
#include <vector>

#include "base/text.h"
#include "leak/circle_words.h"
#include "leak/pool_circles.h"
#include "resources/kit.h"
#include "resources/pools/slice.h"
#include "rules/pool_words.h"
#include "rules/thresholds.h"

namespace parked::resources {

namespace {

using leak::WaitCircle;

bool isSql(const FullPool& full) { return full.pool.type == std::string_view("sql.DB"); }

/// Each who has one, with what he waits for, once; and how many there are of which nobody knows.
std::vector<std::string> holdersOf(const leak::Analysis& analysis, const FullPool& full) {
  std::vector<std::string> evidence;
  std::vector<Index> told;
  std::unordered_set<Addr> known;
  for (const StarvedPool::Place& place : full.pool.places) {
    known.insert(place.object);
    if (evidence.size() == kExamples || std::ranges::find(told, place.holder) != told.end()) {
      continue;
    }
    told.push_back(place.holder);
    evidence.push_back(fmt::format("taken: {} {:#x}, {}", place.use, place.object,
                                   holderOf(analysis, place.holder)));
  }
  if (known.size() < full.size) {
    evidence.push_back(fmt::format(
        "who has {} is not known",
        known.empty() ? "them" : fmt::format("the other {}", full.size - known.size())));
  }
  return evidence;
}

/// Adds the finding, if one of them has waited for long.
void addFull(const leak::Analysis& analysis, const FullPool& full, std::vector<Finding>& findings) {
  std::int64_t age = 0;
  for (const Index waiter : full.pool.waiters) age = std::max(age, analysis.waitAtLeast(waiter));
  if (age < hangAge(analysis)) return;
  Finding finding;
  finding.rule = RuleId::poolFull;
  finding.count = full.pool.waiters.size();
  finding.goroutines = full.pool.waiters;
  finding.place = analysis.place(analysis.userLine(full.pool.waiters.front()).user);
  finding.sentence =
      fmt::format("{}, for at least {}",
                  waitForPool(finding.count, fmt::format("a {}", full.pool.type), full.size),
                  humanDuration(age));
  finding.evidence = holdersOf(analysis, full);
  findings.push_back(std::move(finding));
}

/// "goroutine 8 waits for a connection, and goroutine 5 has one".
std::string stepText(const golang::Snapshot& snapshot, const WaitCircle::Member& member) {
  if (member.wait != kNone) {
    return fmt::format("{}; {}", leak::waitsFor(snapshot, member), leak::givenBy(snapshot, member));
  }
  return fmt::format("goroutine {} waits for a connection; goroutine {} has one{}",
                     snapshot.goroutines[member.goroutine].id, snapshot.goroutines[member.next].id,
                     member.others == 0 ? "" : fmt::format(", as {} more have", member.others));
}

/// All who have a connection wait, in the end, for one of those that wait for one.
Finding circleFinding(const leak::Analysis& analysis, const FullPool& full,
                      const WaitCircle& circle) {
  Finding finding;
  finding.rule = isSql(full) ? RuleId::sqlPoolStarved : RuleId::poolStarved;
  finding.verdict =
      std::ranges::all_of(circle.members,
                          [&](const WaitCircle::Member& member) {
                            return analysis.info(member.goroutine).verdict == leak::Verdict::proved;
                          })
          ? leak::Verdict::proved
          : leak::Verdict::suspect;
  finding.fix =
      "do not wait for others, or for a lock, with a connection in hand that they need to get on: "
      "give it back first";
  finding.count = full.pool.waiters.size();
  finding.goroutines = full.pool.waiters;
  finding.place = analysis.place(analysis.userLine(circle.members.front().goroutine).user);
  finding.sentence = fmt::format(
      "{}, and who has {} waits for those who wait{}",
      waitForPool(finding.count, fmt::format("a {}", full.pool.type), full.size),
      full.size == 1 ? "it" : "them", finding.verdict == leak::Verdict::proved ? "" : ", it seems");
  for (std::size_t i = 0; i < circle.round && finding.evidence.size() < kExamples; ++i) {
    finding.evidence.push_back(stepText(analysis.snapshot(), circle.members[i]));
  }
  return finding;
}

/// By pool of `certain`: the circle it is in, null if it is in none.
std::vector<const WaitCircle*> circlesOf(const leak::WaitCircles& circles,
                                         const std::vector<const FullPool*>& certain) {
  std::vector<const WaitCircle*> of;
  for (const FullPool* full : certain) {
    const auto isOnIt = [&](const WaitCircle::Member& member) {
      return member.wait == kNone &&
             std::ranges::binary_search(full->pool.waiters, member.goroutine);
    };
    const auto at = std::ranges::find_if(circles.circles, [&](const WaitCircle& circle) {
      return std::ranges::any_of(circle.members, isOnIt);
    });
    of.push_back(at == circles.circles.end() ? nullptr : &*at);
  }
  return of;
}

leak::WaitNeeds::Gate gateOf(const FullPool& full) {
  leak::WaitNeeds::Gate gate;
  gate.waiters = full.pool.waiters;
  for (const auto& place : full.pool.places) gate.holders.push_back(place.holder);
  for (auto* list : {&gate.waiters, &gate.holders}) {
    std::ranges::sort(*list);
    list->erase(std::ranges::unique(*list).begin(), list->end());
  }
  return gate;
}

/// Channels that a timer will send to.
std::unordered_set<Addr> timedChannels(const golang::Snapshot& snapshot) {
  std::unordered_set<Addr> channels;
  for (const golang::Timer& timer : snapshot.timers) {
    if (timer.channel != 0 && !timer.stopped) channels.insert(timer.channel);
  }
  return channels;
}

}  // namespace

void fullPoolRules(const Context& context, std::vector<Finding>& findings) {
  const leak::Analysis& analysis = context.analysis;
  const auto& all = context.resources->of<Pools>().full;
  if (analysis.snapshot().image == nullptr || all.empty()) return;
  std::vector<leak::WaitNeeds::Gate> gates;
  std::vector<const FullPool*> certain;
  for (const FullPool& full : all) {
    if (!full.certain || full.pool.places.empty()) continue;
    gates.push_back(gateOf(full));
    certain.push_back(&full);
  }
  leak::WaitCircles circles;
  if (!gates.empty()) {
    circles = leak::findPoolCircles(analysis.snapshot(), analysis.code(), analysis.lockHolders(),
                                    analysis.options().proof, timedChannels(analysis.snapshot()),
                                    gates, context.observer);
  }
  const auto of = circlesOf(circles, certain);
  for (const FullPool& full : all) {
    const auto at = std::ranges::find(certain, &full) - certain.begin();
    const WaitCircle* circle =
        static_cast<std::size_t>(at) < of.size() ? of[static_cast<std::size_t>(at)] : nullptr;
    if (circle != nullptr) {
      // It says more than that they have waited for a minute.
      std::erase_if(findings, [&](const Finding& finding) {
        return finding.rule == RuleId::sqlPoolStarved && finding.goroutines == full.pool.waiters;
      });
      findings.push_back(circleFinding(analysis, full, *circle));
    } else if (!isSql(full)) {
      addFull(analysis, full, findings);
    }
  }
}

}  // namespace parked::resources
