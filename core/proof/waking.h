// Marking while goroutines sleep: when something that one of them can be woken through is reached,
// it counts as one that can run, and what it holds is marked as well. The proof and the search for
// orphans ask different goroutines and begin with different roots; the rest is here.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/observer.h"
#include "golang/snapshot.h"
#include "golang/system_goroutine.h"
#include "heap/heap.h"
#include "heap/specials.h"
#include "proof/fate.h"
#include "proof/marker.h"
#include "proof/stack_roots.h"
#include "proof/uncounted.h"

namespace parked::proof {

class Waking {
 public:
  /// All must outlive the object; `observer` may be null.
  Waking(const golang::Snapshot& snapshot, const heap::Heap& heap, const heap::Specials& specials,
         Marker& marker, Observer* observer);

  /// Why it cannot be done, or is not complete; nullopt if it can. The first reason
  /// counts.
  const std::optional<std::string>& problem() const { return problem_; }
  bool interrupted() const { return interrupted_; }
  /// False once the user asked to stop, or something is missing.
  bool fine() const { return !problem_ && !interrupted_; }
  StackRoots& stacks() { return stacks_; }

  // Before marking.

  /// What is said of a goroutine that is none of those asked about.
  void setFate(Index goroutine, Fate fate) { fates_[goroutine] = fate; }
  /// From here on it sleeps until something it is watched through is reached.
  void sleep(Index goroutine);
  /// It counts as one that can run after all: what it waits for is reached whatever marking finds.
  void stayAwake(Index goroutine, Index wait);
  /// Whoever reaches the object can wake the goroutine; `wait` is the one it does that by.
  void watch(ObjectRef object, Index goroutine, Index wait);
  /// The same once marking has begun, of who still sleeps: it is woken at once if it was reached.
  void watchLate(ObjectRef object, Index goroutine);
  /// The end of all sleep() and watch(): hides the words of the sleepers' queue entries that lead
  /// from their owners to what they wait on, and what the sleepers' g's hold.
  bool hide();
  /// The Ps' timer heaps lead to none of these, by their addresses; they must live on.
  void hideTimers(const AddrMap* timers);
  /// A stopped timer stays in its P's heap until somebody cleans up; it will not fire.
  void hideStoppedTimers();

  // Roots, and marking. False: see fine().

  /// From all roots there are, until nobody else is woken.
  bool markAll();
  /// `without`, which may be null: words that do not count.
  void markGlobals(const UncountedWords* without = nullptr);
  /// What a finalizer will get once nothing else has it, with what it is called with; cleanups;
  /// objects that are pinned.
  void markSpecials();
  /// The same of what is about to be called, and what is pinned. The others count as soon as the
  /// object they are tied to is marked: then it may die by what those do who can run.
  void markQueuedSpecials();
  /// Of an object that nothing keeps: its finalizer or cleanup will be called.
  void markSpecial(const heap::Special& special);
  /// Of all who do not sleep.
  bool markStacks();
  void markMachine();
  /// Marks on until nobody else is woken.
  bool follow();
  /// It counts as one that can run from here on; follow() does the rest.
  void rouse(Index goroutine) { wake(goroutine, kNone); }
  /// As follow(), with what a weak pointer leads to that somebody who can run has.
  bool followWeak();
  /// What marking met that leaves a doubt becomes the problem.
  void check();

  Fate fate(Index goroutine) const { return fates_[goroutine]; }
  bool sleeps(Index goroutine) const { return fates_[goroutine] == Fate::leaked; }
  std::vector<Fate> takeFates() { return std::move(fates_); }
  std::vector<Index> takeReachedWaits() { return std::move(reachedWaits_); }

 private:
  struct Watch {
    std::uint64_t slot;
    ObjectRef object;
    Index goroutine, wait;
  };
  struct Tied {
    std::uint64_t slot;
    std::uint32_t special;  // into Specials::all
  };

  void doubt(std::string why) {
    if (!problem_) problem_ = std::move(why);
  }
  bool interrupt() {
    interrupted_ = true;
    return false;
  }
  void hideWord(Index goroutine, Addr sudog, image::Field<Addr> field);
  void markQueues(const heap::Specials& specials);
  void markFinalizerQueue();
  void markCleanupQueue();
  void markPinned();
  void wake(Index goroutine, Index wait);
  void markStack(Index goroutine);
  void markTied(ObjectRef object);

  const golang::Snapshot& snapshot_;
  image::Image& image_;
  const heap::Heap& heap_;
  const heap::Specials& specials_;
  Marker& marker_;
  Observer* observer_;
  StackRoots stacks_;
  AddrMap stoppedTimers_;
  std::vector<Fate> fates_;
  std::vector<Index> reachedWaits_;
  std::vector<Watch> watches_;
  std::unordered_multimap<std::uint64_t, Index> lateWatches_;  // by slot
  std::vector<Tied> tied_;
  std::vector<HeldPointer> held_;
  std::unordered_map<Addr, golang::Caller> callers_;  // by where a goroutine started
  Index finalizing_ = kNone;                          // a sleeper that is blocked in a finalizer
  image::Field<Addr> element_, channel_;
  std::uint64_t unreadableStacks_ = 0;
  std::optional<std::string> problem_;
  bool interrupted_ = false;
};

}  // namespace parked::proof
