// The rules for timers and tickers.

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "base/text.h"
#include "golang/clock.h"
#include "leak/times.h"
#include "resources/kit.h"
#include "resources/timers/places.h"
#include "resources/timers/slice.h"
#include "rules/thresholds.h"

namespace parked::resources {

namespace {

using golang::Timer;
using golang::TimerKind;

/// What the rules look at, at hand.
struct Look {
  const leak::Analysis& analysis;
  const Timers& timers;

  const Timer& timer(Index i) const { return timers.all[i]; }
  const TimerDetail& detail(Index i) const { return timers.details[i]; }
  std::int64_t dueIn(Index i) const {
    const std::int64_t now = analysis.snapshot().clock.now;
    return now == 0 ? 0 : std::max<std::int64_t>(timer(i).when, 0) - now;
  }
  /// "timer 0xc0000, due in 5m".
  std::string evidence(Index i) const {
    std::string text = fmt::format("timer {:#x}", timer(i).address);
    if (timer(i).channel != 0) text += fmt::format(", chan {:#x}", timer(i).channel);
    if (timer(i).closure != 0) text += fmt::format(", closure {:#x}", timer(i).closure);
    const std::int64_t due = dueIn(i);
    if (due > 0) text += ", due in " + leak::leftText(analysis.snapshot().clock, due);
    return text;
  }
};

struct Heap {
  std::uint64_t bytes = 0, objects = 0;
};

Heap retainedBy(const Look& look, const std::vector<Index>& timers) {
  Heap heap;
  for (const Index i : timers) {
    heap.bytes += look.detail(i).retainedBytes;
    heap.objects += look.detail(i).retainedObjects;
  }
  const auto shared = look.timers.shared.find(look.timer(timers.front()).callback);
  if (look.timer(timers.front()).callback != 0 && shared != look.timers.shared.end()) {
    heap.bytes += shared->second.bytes;
    heap.objects += shared->second.objects;
  }
  return heap;
}

void addEvidence(const Look& look, const std::vector<Index>& timers, Finding& finding) {
  const Heap heap = retainedBy(look, timers);
  if (heap.bytes > 0) {
    finding.evidence.push_back(fmt::format("{} in {} are kept alive by {} alone",
                                           humanBytes(heap.bytes), counted(heap.objects, "object"),
                                           timers.size() == 1 ? "it" : "them"));
  }
  for (const Index i : timers) {
    if (finding.evidence.size() > kExamples) break;
    finding.evidence.push_back(look.evidence(i));
  }
}

/// AfterFuncs by the user's function they call.
std::map<Addr, std::vector<Index>> byCallback(const Look& look) {
  std::map<Addr, std::vector<Index>> result;
  for (Index i = 0; i < look.timers.inHeaps; ++i) {
    const Timer& timer = look.timer(i);
    if (timer.kind != TimerKind::afterFunc || timer.stopped || timer.callback == 0) continue;
    if (look.detail(i).holder != TimerHolder::nobody) continue;
    result[timer.callback].push_back(i);
  }
  return result;
}

/// How many there will be, if they go on being made as they were: of those that were made all
/// through the time the process has run, and pend for longer than that, none has gone away yet. As
/// many as there are where that is not so, or no clock tells.
std::uint64_t willBe(const Look& look, const std::vector<Index>& timers) {
  const golang::Clock& clock = look.analysis.snapshot().clock;
  const std::int64_t age = clock.started > 0 ? clock.now - clock.started : 0;
  if (timers.size() < kTimersForPace || golang::isLowerBound(clock) || age < kFarAway) {
    return timers.size();
  }
  std::int64_t first = look.dueIn(timers.front()), last = first;
  for (const Index i : timers) {
    first = std::min(first, look.dueIn(i));
    last = std::max(last, look.dueIn(i));
  }
  if (last <= age || last - first < age / 2) return timers.size();
  const double lives = static_cast<double>(last) / static_cast<double>(age);
  return static_cast<std::uint64_t>(static_cast<double>(timers.size()) * std::min(lives, 1e6));
}

/// A server may have thousands that forget one key each when it expires; the function of one that
/// keeps much alive was not meant to wait.
bool areMany(const Look& look, const std::vector<Index>& timers) {
  return willBe(look, timers) >= kManyTimers ||
         (timers.size() >= kSomeTimers && retainedBy(look, timers).bytes >= kMuchRetained);
}

void afterFuncs(const Look& look, std::vector<Finding>& findings) {
  for (const auto& [callback, all] : byCallback(look)) {
    const leak::Place place = leak::functionAt(look.analysis.code(), callback);
    if (!leak::isUserFunction(look.analysis.code(), place.function, place.file)) continue;
    std::vector<Index> rearming;
    std::int64_t latest = 0;
    for (const Index i : all) {
      if (look.detail(i).rearming != Rearming::none) rearming.push_back(i);
      latest = std::max(latest, look.dueIn(i));
    }
    Finding finding;
    finding.place = place;
    if (rearming.size() >= kManyRearming ||
        (!rearming.empty() && retainedBy(look, rearming).bytes >= kMuchRetained)) {
      finding.rule = RuleId::timerRearmsItself;
      finding.count = rearming.size();
      finding.sentence = fmt::format(
          "{} of {} {} again from {} own function, and nobody has {} to stop {}, it seems",
          counted(rearming.size(), "AfterFunc"), place.shownFunction(),
          rearming.size() == 1 ? "starts itself" : "start themselves",
          rearming.size() == 1 ? "its" : "their", rearming.size() == 1 ? "it" : "them",
          rearming.size() == 1 ? "it" : "them");
      addEvidence(look, rearming, finding);
    } else if (latest >= kFarAway && areMany(look, all)) {
      finding.rule = RuleId::timersPileUp;
      finding.count = all.size();
      const std::uint64_t later = willBe(look, all);
      finding.sentence = fmt::format(
          "{} that call {} pend, the last for another {}, and nobody has them to stop them{}",
          counted(all.size(), "AfterFunc"), place.shownFunction(), humanDuration(latest),
          later == all.size()
              ? std::string()
              : fmt::format("; at this pace they will be {}, it seems", withSeparators(later)));
      addEvidence(look, all, finding);
    } else {
      continue;
    }
    findings.push_back(std::move(finding));
  }
}

/// Where the next of many abandoned time.After timers is waited for now, if that is one place.
TimerMaker afterLoop(const Look& look) {
  std::map<std::pair<std::string_view, std::int32_t>, std::pair<std::uint64_t, TimerMaker>> places;
  for (Index i = 0; i < look.timers.inHeaps; ++i) {
    if (look.timer(i).kind != TimerKind::timer || look.detail(i).receiver == kNone) continue;
    const TimerMaker maker = makerOf(look.analysis, look.timers, i);
    auto& at = places[{maker.place.file, maker.place.line}];
    ++at.first;
    at.second = maker;
  }
  return places.size() == 1 ? places.begin()->second.second : TimerMaker{};
}

/// Up to Go 1.22 (and with asynctimerchan=1) timers stay until they fire, whoever is interested.
void abandonedTimers(const Look& look, std::vector<Finding>& findings) {
  std::vector<Index> lost;
  std::int64_t latest = 0;
  for (Index i = 0; i < look.timers.inHeaps; ++i) {
    const Timer& timer = look.timer(i);
    if (timer.kind != TimerKind::timer || timer.stopped || look.detail(i).receivers != 0 ||
        look.detail(i).holder != TimerHolder::nobody) {
      continue;
    }
    lost.push_back(i);
    latest = std::max(latest, look.dueIn(i));
  }
  if (lost.size() < kManyTimers || latest < kFarAway) return;
  Finding finding;
  finding.rule = RuleId::timeAfterInLoop;
  finding.count = lost.size();
  const TimerMaker maker = afterLoop(look);
  finding.place = maker.place;
  finding.sentence =
      fmt::format("{} pend for up to {} though nobody waits for them any more{}",
                  counted(lost.size(), "time.After timer"), humanDuration(latest),
                  maker.place.function.empty()
                      ? std::string()
                      : fmt::format("; the one that is waited for now belongs to {}, it seems",
                                    maker.place.function));
  addEvidence(look, lost, finding);
  findings.push_back(std::move(finding));
}

/// Up to Go 1.22 (and with asynctimerchan=1) a ticker goes on until it is stopped.
void abandonedTickers(const Look& look, std::vector<Finding>& findings) {
  std::map<std::int64_t, std::vector<Index>> byPeriod;
  for (Index i = 0; i < look.timers.inHeaps; ++i) {
    const Timer& timer = look.timer(i);
    if (timer.kind == TimerKind::ticker && !timer.stopped && look.detail(i).receivers == 0 &&
        look.detail(i).holder == TimerHolder::nobody) {
      byPeriod[timer.period].push_back(i);
    }
  }
  for (const auto& [period, tickers] : byPeriod) {
    Finding finding;
    finding.rule = RuleId::tickerAbandoned;
    finding.count = tickers.size();
    finding.sentence = fmt::format(
        "{} every {}, but nobody who can run has {} to receive from {} or stop {}",
        tickers.size() == 1 ? "1 ticker goes on"
                            : fmt::format("{} tickers go on", withSeparators(tickers.size())),
        humanDuration(period), tickers.size() == 1 ? "it" : "them",
        tickers.size() == 1 ? "it" : "them", tickers.size() == 1 ? "it" : "them");
    addEvidence(look, tickers, finding);
    findings.push_back(std::move(finding));
  }
}

}  // namespace

void timerRules(const Context& context, std::vector<Finding>& findings) {
  const Look look{context.analysis, context.resources->of<Timers>()};
  afterFuncs(look, findings);
  abandonedTimers(look, findings);
  abandonedTickers(look, findings);
}

}  // namespace parked::resources
