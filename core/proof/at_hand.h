// What a goroutine may look at each time it is woken, without anybody's channel: a flag, a context,
// a field under a lock.
#pragma once

#include <vector>

#include "golang/snapshot.h"
#include "heap/heap.h"
#include "heap/pointers.h"
#include "proof/marker.h"
#include "proof/stack_roots.h"

namespace parked::proof {

class AtHand {
 public:
  /// All must outlive the object.
  AtHand(const golang::Snapshot& snapshot, const heap::Heap& heap, const heap::Pointers& pointers);

  /// Of one goroutine: what its stack points to, and what its closures captured. False if its stack
  /// could not be read.
  bool read(StackRoots& stacks, const golang::Goroutine& goroutine);
  /// Only what its stack points to.
  const std::vector<HeldPointer>& stack() const { return stack_; }
  /// That and what its closures captured.
  const std::vector<HeldPointer>& direct() const { return direct_; }
  /// What the objects point to that direct() leads to, but timers. `harmless`: objects, by their
  /// addresses, that stop nobody, nor does what they lead to.
  std::vector<HeldPointer> behind(const AddrMap& harmless);

  /// Whoever has it may stop the goroutine by that. The object, or none.
  ObjectRef telling(Addr pointer, const AddrMap& harmless) const;

 private:
  bool isClosure(ObjectRef object) const;
  bool isText(ObjectRef object, Addr pointer) const;
  bool isBox(ObjectRef object, Addr at) const;
  Addr wordBefore(Addr at, Addr from) const;
  void addTargets(ObjectRef object, std::vector<HeldPointer>& to) const;
  void noteRoot(const HeldPointer& held, Addr from);

  const golang::Snapshot& snapshot_;
  const heap::Heap& heap_;
  const heap::Pointers& pointers_;
  // Up to 1.20 the roots of contexts are numbers in the heap, which nobody can cancel: the itabs
  // they have.
  std::vector<Addr> rootContexts_;
  AddrMap boxing_;        // itabs of interfaces that have a copy of a value without pointers
  AddrMap neutral_;       // addresses of objects that tell nothing: g's, which the runtime reaches
  AddrMap timerObjects_;  // what has a timer in it
  std::vector<HeldPointer> stack_, direct_;
};

}  // namespace parked::proof
