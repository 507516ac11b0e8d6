#include "leak/island_wakers.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <tuple>

#include "base/text.h"
#include "base/traits.h"
#include "golang/addr_map.h"

namespace parked::leak {

namespace {

constexpr std::array kWakerKinds = {
    Named{WakerKind::network, "network"},      Named{WakerKind::ticker, "ticker"},
    Named{WakerKind::timer, "timer"},          Named{WakerKind::sleep, "sleep"},
    Named{WakerKind::afterFunc, "after_func"},
};
static_assert(isComplete(kWakerKinds, WakerKind::afterFunc));

using golang::Timer;
using golang::TimerKind;

class Wakers {
 public:
  explicit Wakers(const Analysis& analysis) : analysis_(analysis), snapshot_(analysis.snapshot()) {
    for (Index i = 0; i < snapshot_.timers.size(); ++i) {
      const Timer& timer = snapshot_.timers[i];
      if (timer.channel != 0 && !timer.stopped) channels_.insert(timer.channel, i);
    }
  }

  void add(const golang::Wait& wait) {
    if (wait.kind == golang::ObjectKind::fd) {
      ++at(WakerKind::network, 0, 0).count;
    } else if (wait.kind == golang::ObjectKind::timer) {
      IslandWaker& waker = at(WakerKind::sleep, 0, 0);
      ++waker.count;
      if (wait.object < snapshot_.timers.size()) due(waker, snapshot_.timers[wait.object]);
    } else if (const auto timer = channels_.find(wait.address);
               timer != golang::AddrMap::kMissing && wait.op == golang::WaitOp::receive) {
      const std::int64_t period = snapshot_.timers[timer].period;
      IslandWaker& waker = at(period > 0 ? WakerKind::ticker : WakerKind::timer, period, 0);
      ++waker.count;
      due(waker, snapshot_.timers[timer]);
    }
  }

  void add(const Timer& timer) {
    IslandWaker& waker = at(WakerKind::afterFunc, 0, timer.callback);
    ++waker.count;
    due(waker, timer);
  }

  std::vector<IslandWaker> all() const {
    std::vector<IslandWaker> result;
    for (const auto& [key, waker] : wakers_) result.push_back(waker);
    std::ranges::stable_sort(result, std::ranges::greater(), &IslandWaker::count);
    return result;
  }

 private:
  IslandWaker& at(WakerKind kind, std::int64_t period, Addr callback) {
    const auto [it, isNew] = wakers_.try_emplace({kind, period, callback});
    if (isNew) {
      it->second.kind = kind;
      it->second.period = period;
      if (callback != 0) it->second.callback = functionAt(analysis_.code(), callback);
    }
    return it->second;
  }

  void due(IslandWaker& waker, const Timer& timer) const {
    const std::int64_t now = snapshot_.clock.now;
    if (now == 0 || timer.when <= 0) return;
    const std::int64_t left = std::max<std::int64_t>(0, timer.when - std::min(now, timer.when));
    waker.next = waker.next ? std::min(*waker.next, left) : left;
  }

  const Analysis& analysis_;
  const golang::Snapshot& snapshot_;
  golang::AddrMap channels_;
  std::map<std::tuple<WakerKind, std::int64_t, Addr>, IslandWaker> wakers_;
};

}  // namespace

std::vector<IslandWaker> wakersOf(const Analysis& analysis, const IslandKind& kind) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const proof::Islands& islands = analysis.options().orphans->islands();
  Wakers wakers(analysis);
  for (const Index number : kind.islands) {
    const proof::Island& island = islands.all[number];
    for (const Index goroutine : islands.goroutinesOf(island)) {
      for (const golang::Wait& wait : snapshot.waitsOf(snapshot.goroutines[goroutine])) {
        wakers.add(wait);
      }
    }
    for (const Index timer : islands.timersOf(island)) wakers.add(snapshot.timers[timer]);
  }
  return wakers.all();
}

std::string_view idOf(WakerKind kind) { return rowOf(kWakerKinds, kind).name; }

std::string wakersText(const std::vector<IslandWaker>& wakers) {
  std::string text;
  for (const IslandWaker& waker : wakers) {
    std::string what = "the network";
    if (waker.kind == WakerKind::ticker) {
      what = fmt::format("a ticker every {}", humanDuration(waker.period));
    } else if (waker.kind == WakerKind::timer) {
      what = "a timer";
    } else if (waker.kind == WakerKind::sleep) {
      what = "time.Sleep";
    } else if (waker.kind == WakerKind::afterFunc) {
      what = waker.callback.function.empty() ? "an AfterFunc"
                                             : fmt::format("AfterFunc {}", waker.callback.function);
    }
    text += fmt::format("{}{} ({}", text.empty() ? "" : ", ", what, withSeparators(waker.count));
    if (waker.next) text += fmt::format(", next in {}", humanDuration(*waker.next));
    text += ')';
  }
  return text.empty() ? "others like it" : text;
}

}  // namespace parked::leak
