// What the functions of timers keep alive that nothing else does.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "base/progress.h"
#include "heap/pointers.h"
#include "proof/proof.h"
#include "resources/finder.h"
#include "resources/timers/model.h"

namespace parked::resources {

/// Follows the closures of AfterFuncs and finds which of the objects behind them nothing else
/// reaches. Takes part in one pass of a Finder, whatever the number of timers.
class TimerRetention {
 public:
  TimerRetention(const golang::Snapshot& snapshot, const proof::Proof& proof,
                 std::span<const golang::Timer> timers, Progress& progress);

  /// Before the pass: finds what is behind the timers, and asks `finder` for what leads to it.
  void want(Finder& finder);
  /// After it: fills in retainedBytes and retainedObjects, and what is shared. False if there is
  /// too much behind the timers or the user asks to stop; then nothing is filled in.
  bool judge(std::span<TimerDetail> details, std::map<Addr, SharedRetention>& shared);

  /// Only functions of timers keep the object alive.
  bool isOwn(Addr object) const;
  /// The timer's closure reaches the object within a few steps.
  bool reaches(std::size_t timer, Addr object) const;

 private:
  using Node = std::uint32_t;
  static constexpr Node kNoNode = 0xffffffff;
  struct NodeState {
    heap::ObjectRef object;
    bool outside = false;  ///< something else reaches it
    // Whose it is: one timer's, several of one callback, of several callbacks.
    Index timer = kNone;
    Addr callback = 0;
    bool seen = false, sharedCallback = false;
  };

  Node nodeOf(Addr pointer) const;
  bool isGoroutine(heap::ObjectRef object) const {
    return !isGoroutine_.empty() && isGoroutine_[heap_.slot(object)];
  }
  Node add(Addr pointer);
  bool isBehindTimer(heap::ObjectRef object);
  bool collect();
  void reach(Node node);
  void look(heap::ObjectRef holder, Addr value);
  void spreadOutside();
  void spreadOwners();

  const golang::Snapshot& snapshot_;
  const proof::Proof& proof_;
  const heap::Heap& heap_;
  std::span<const golang::Timer> timers_;
  Progress& progress_;
  mutable heap::TypeMasks masks_;
  heap::Pointers pointers_;
  golang::AddrMap timerObjects_, behind_, nodes_;
  std::vector<bool> isGoroutine_, isNode_;  // by slot; empty if no timer has a closure
  std::vector<NodeState> states_;
  bool givenUp_ = false;
  std::vector<Node> work_;
};

}  // namespace parked::resources
