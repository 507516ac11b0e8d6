#include "leak/wait_needs.h"

#include <algorithm>
#include <tuple>

namespace parked::leak {

using golang::ObjectKind;
using golang::WaitOp;
using proof::Fate;

WaitNeeds::WaitNeeds(const golang::Snapshot& snapshot, const LockHolders& holders,
                     const proof::Proof& proof, const std::unordered_set<Addr>& timed,
                     std::span<const Gate> gates)
    : snapshot_(snapshot),
      holders_(holders),
      proof_(proof),
      timed_(timed),
      gates_(gates),
      look_(snapshot),
      stuck_(snapshot.goroutines.size()) {}

/// A number for each need there may be: two for a channel, one for a lock.
std::uint64_t WaitNeeds::keyOf(bool isLock, Index object, bool senders) const {
  return isLock ? 2 * snapshot_.channels.size() + object
                : 2 * std::uint64_t{object} + (senders ? 1 : 0);
}

std::uint32_t WaitNeeds::needOf(const golang::Wait& wait) const {
  switch (wait.kind) {
    case ObjectKind::channel:
      if (wait.object >= snapshot_.channels.size()) return kNone;
      return needOf_[keyOf(false, wait.object, wait.op == WaitOp::send)];
    case ObjectKind::mutex:
    case ObjectKind::rwMutex:
    case ObjectKind::waitGroup:
      if (wait.object >= snapshot_.locks.size()) return kNone;
      return needOf_[keyOf(true, wait.object, false)];
    default:
      return kNone;
  }
}

Addr WaitNeeds::addressOf(const Need& need) const {
  return need.isLock ? snapshot_.locks[need.object].address
                     : snapshot_.channels[need.object].address;
}

bool WaitNeeds::gatherWakers(Observer* observer) {
  Progress progress(observer);
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!progress.step()) return false;
    const Fate fate = proof_.fate(i);
    if (fate == Fate::alive || fate == Fate::leaked) look_.look(i, wakers_);
  }
  for (Index lock = 0; lock < holders_.of.size(); ++lock) {
    for (std::uint32_t i = 0; i < holders_.of[lock].size(); ++i) {
      wakers_.push_back({holders_.of[lock][i].goroutine, true, lock, false, WakeAct::unlock, i});
    }
  }
  for (Index gate = 0; gate < gates_.size(); ++gate) {
    for (const Index holder : gates_[gate].holders) {
      wakers_.push_back({holder, true, gatesFrom() + gate, false, WakeAct::unlock, 0});
    }
  }
  return true;
}

/// The pool that the goroutine waits for a place of; kNone if it waits for none.
Index WaitNeeds::gateOf(Index goroutine) const {
  for (Index gate = 0; gate < gates_.size(); ++gate) {
    if (std::ranges::binary_search(gates_[gate].waiters, goroutine)) return gatesFrom() + gate;
  }
  return kNone;
}

void WaitNeeds::makeNeeds() {
  const auto key = [this](const Waker& waker) {
    return std::pair(keyOf(waker.isLock, waker.object, waker.senders), waker.goroutine);
  };
  std::ranges::stable_sort(wakers_, {}, key);
  const auto repeated = std::ranges::unique(wakers_, {}, key);
  wakers_.erase(repeated.begin(), repeated.end());
  needOf_.assign(2 * snapshot_.channels.size() + snapshot_.locks.size() + gates_.size(), kNone);
  for (std::uint32_t i = 0; i < wakers_.size(); ++i) {
    const Waker& waker = wakers_[i];
    std::uint32_t& need = needOf_[keyOf(waker.isLock, waker.object, waker.senders)];
    if (need == kNone) {
      need = static_cast<std::uint32_t>(needs_.size());
      needs_.push_back(
          {.isLock = waker.isLock, .object = waker.object, .senders = waker.senders, .first = i});
    }
    ++needs_[need].count;
    gives_.emplace_back(waker.goroutine, need);
  }
  std::ranges::sort(gives_);
  for (Need& need : needs_) judgeNeed(need);
}

/// What is known of who else could give it.
void WaitNeeds::judgeNeed(Need& need) {
  if (!need.isLock) {
    const golang::Channel& channel = snapshot_.channels[need.object];
    // A timer sends to it, or the runtime, when a signal comes.
    need.given = channel.timer != 0 || timed_.contains(channel.address) ||
                 snapshot_.strings[channel.elementType] == "os.Signal";
    return;
  }
  if (isGate(need)) {
    need.exclusive = true;
    return;
  }
  const golang::Lock& lock = snapshot_.locks[need.object];
  if (lock.kind != ObjectKind::waitGroup) {
    need.exclusive = std::ranges::all_of(holders_.of[need.object], &LockHolder::exact);
    need.given = !need.exclusive;
    return;
  }
  // As many as it counts at most, each with a Done that is deferred: it waits for each of them.
  const auto wakers = wakersOf(need);
  const bool deferred = std::ranges::all_of(
      wakers, [this](const Waker& waker) { return look_.sites()[waker.site].deferred; });
  const bool counted = lock.decoded && static_cast<std::int64_t>(need.count) <= lock.counter;
  need.exclusive = need.all = deferred && counted;
  // Of one outside of the heap nobody can say who has it at hand.
  if (!need.exclusive && (!counted || !proof_.heap()->find(lock.address))) need.given = true;
}

/// Those all of whose waits are for something that somebody known could give.
void WaitNeeds::gatherBlocked() {
  blockedOf_.assign(snapshot_.goroutines.size(), kNone);
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    const Fate fate = proof_.fate(i);
    if (fate != Fate::alive && fate != Fate::leaked) continue;
    const golang::Goroutine& goroutine = snapshot_.goroutines[i];
    const auto first = static_cast<std::uint32_t>(waits_.size());
    bool known = goroutine.waitCount > 0;
    const Index gate = gateOf(i);
    if (gate != kNone && known) {
      // What the library waits on there is its own affair.
      waits_.push_back({goroutine.firstWait, needOf_[keyOf(true, gate, false)]});
    }
    for (Index w = goroutine.firstWait; w < goroutine.firstWait + goroutine.waitCount; ++w) {
      if (gate != kNone) break;
      const std::uint32_t need = needOf(snapshot_.waits[w]);
      if (need != kNone) waits_.push_back({w, need});
      known = known && need != kNone;
    }
    // Who is proved is stuck, whatever is known of him.
    stuck_[i] = known || fate == Fate::leaked;
    if (!stuck_[i] || waits_.size() == first) {
      waits_.resize(first);
      continue;
    }
    blockedOf_[i] = static_cast<std::uint32_t>(blocked_.size());
    blocked_.push_back({i, first, static_cast<std::uint32_t>(waits_.size()) - first});
    for (std::uint32_t w = first; w < waits_.size(); ++w) waiters_.emplace_back(waits_[w].need, i);
  }
  std::ranges::sort(waiters_);
}

bool WaitNeeds::canBeGiven(const Need& need) const {
  return need.all ? need.stuck == 0 : need.stuck < need.count;
}

void WaitNeeds::wake(Index goroutine) {
  if (!stuck_[goroutine] || proof_.fate(goroutine) == Fate::leaked) return;
  stuck_[goroutine] = false;
  woken_.push_back(goroutine);
  todo_.push_back(goroutine);
}

void WaitNeeds::give(std::uint32_t number) {
  const auto start = [&](std::uint32_t need) {
    needs_[need].given = true;
    for (const auto& [of, goroutine] :
         std::ranges::equal_range(waiters_, need, {}, &std::pair<std::uint32_t, Index>::first)) {
      wake(goroutine);
    }
  };
  start(number);
  while (!todo_.empty()) {
    const Index goroutine = todo_.back();
    todo_.pop_back();
    for (const auto& [of, need] :
         std::ranges::equal_range(gives_, goroutine, {}, &std::pair<Index, std::uint32_t>::first)) {
      --needs_[need].stuck;
      if (!needs_[need].given && canBeGiven(needs_[need])) start(need);
    }
  }
}

/// Beginning with everybody, takes out whom somebody outside can wake, until nobody is left to.
void WaitNeeds::settle() {
  for (Need& need : needs_) {
    for (const Waker& waker : wakersOf(need)) {
      if (stuck_[waker.goroutine]) ++need.stuck;
    }
  }
  for (std::uint32_t i = 0; i < needs_.size(); ++i) {
    if (needs_[i].given || canBeGiven(needs_[i])) give(i);
  }
  woken_.clear();
}

/// A circle needs somebody who alone can give something, or goroutines that are stuck for sure, or
/// at the least one that sends: receivers alone wait in every healthy program.
bool WaitNeeds::mayBeStuck() const {
  const auto waitedFor = [](const golang::Lock& lock) {
    return lock.kind == ObjectKind::waitGroup && lock.waiters > 0;
  };
  if (!gates_.empty()) return true;
  if (std::ranges::any_of(holders_.of, [](const auto& of) { return !of.empty(); })) return true;
  if (std::ranges::any_of(snapshot_.locks, waitedFor)) return true;
  const auto sentTo = [](const golang::Channel& channel) { return channel.senders > 0; };
  if (std::ranges::any_of(snapshot_.channels, sentTo)) return true;
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (proof_.fate(i) == Fate::leaked) return true;
  }
  return false;
}

bool WaitNeeds::find(Observer* observer) {
  if (!mayBeStuck()) return true;
  if (!gatherWakers(observer)) return false;
  if (wakers_.empty()) return true;
  makeNeeds();
  gatherBlocked();
  settle();
  return true;
}

}  // namespace parked::leak
