// What goroutines wait for and who could give it, and who of them is stuck: the largest set of
// which nobody can be woken by somebody outside of it.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "base/observer.h"
#include "golang/snapshot.h"
#include "leak/lock_holders.h"
#include "leak/wakers.h"
#include "proof/proof.h"

namespace parked::leak {

class WaitNeeds {
 public:
  /// A pool without a place left, of which it is known who has one: each of those may give it back,
  /// and nobody else. Both in order.
  struct Gate {
    std::vector<Index> waiters, holders;
  };
  /// What some wait for and others could give: a lock, the end of a WaitGroup, one end of a
  /// channel, a place in a pool.
  struct Need {
    bool isLock = false;     ///< or a WaitGroup, or a gate
    Index object = kNone;    ///< into Snapshot::locks, with the gates behind, or channels
    bool senders = false;    ///< of a channel: its senders wait
    bool exclusive = false;  ///< nobody but its wakers can give it
    bool all = false;        ///< each of its wakers has to: one that is stuck is enough
    bool given = false;      ///< somebody can give it
    std::uint32_t first = 0, count = 0;  ///< wakers
    std::uint32_t stuck = 0;             ///< how many of them are
  };
  /// A goroutine, all of whose waits are for needs.
  struct Blocked {
    Index goroutine;
    std::uint32_t first, count;
  };
  struct WaitOn {
    Index wait;  ///< into Snapshot::waits
    std::uint32_t need;
  };

  /// The proof must be given. `timed` are channels that a timer sends to.
  WaitNeeds(const golang::Snapshot& snapshot, const LockHolders& holders, const proof::Proof& proof,
            const std::unordered_set<Addr>& timed, std::span<const Gate> gates);

  /// False if the user asked to stop.
  bool find(Observer* observer);

  const std::vector<Need>& needs() const { return needs_; }
  std::span<const Waker> wakersOf(const Need& need) const {
    return {wakers_.data() + need.first, need.count};
  }
  const std::vector<Blocked>& blocked() const { return blocked_; }
  std::span<const WaitOn> waitsOf(const Blocked& blocked) const {
    return {waits_.data() + blocked.first, blocked.count};
  }
  /// Into blocked(); kNone if it is not among them.
  std::uint32_t blockedOf(Index goroutine) const {
    return blockedOf_.empty() ? kNone : blockedOf_[goroutine];
  }
  bool isStuck(Index goroutine) const { return stuck_[goroutine]; }
  /// Not of a gate.
  Addr addressOf(const Need& need) const;
  bool isGate(const Need& need) const { return need.isLock && need.object >= gatesFrom(); }
  bool isGate(const Waker& waker) const { return waker.isLock && waker.object >= gatesFrom(); }
  const std::vector<Wakers::Site>& sites() const { return look_.sites(); }

  /// Somebody can give it after all: those that wait for it are not stuck, nor who waits for them.
  void give(std::uint32_t need);
  /// Who was woken since the last call.
  std::vector<Index> takeWoken() { return std::exchange(woken_, {}); }

 private:
  Index gatesFrom() const { return static_cast<Index>(snapshot_.locks.size()); }
  Index gateOf(Index goroutine) const;
  bool mayBeStuck() const;
  bool gatherWakers(Observer* observer);
  void makeNeeds();
  void judgeNeed(Need& need);
  void gatherBlocked();
  void settle();
  bool canBeGiven(const Need& need) const;
  std::uint32_t needOf(const golang::Wait& wait) const;
  std::uint64_t keyOf(bool isLock, Index object, bool senders) const;
  void wake(Index goroutine);

  const golang::Snapshot& snapshot_;
  const LockHolders& holders_;
  const proof::Proof& proof_;
  const std::unordered_set<Addr>& timed_;
  std::span<const Gate> gates_;
  Wakers look_;
  std::vector<Waker> wakers_;  // by need
  std::vector<Need> needs_;
  std::vector<std::uint32_t> needOf_;  // by key
  std::vector<Blocked> blocked_;
  std::vector<WaitOn> waits_;
  std::vector<std::uint32_t> blockedOf_;
  std::vector<bool> stuck_;                               // by goroutine
  std::vector<std::pair<std::uint32_t, Index>> waiters_;  // need and who waits for it
  std::vector<std::pair<Index, std::uint32_t>> gives_;    // goroutine and what it could give
  std::vector<Index> todo_, woken_;
};

}  // namespace parked::leak
