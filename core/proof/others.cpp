#include "proof/others.h"

namespace parked::proof {

Others::Others(const golang::Snapshot& snapshot, const Proof& proof, Observer* observer)
    : snapshot_(snapshot),
      proof_(proof),
      types_(*snapshot.image),
      pointers_(*proof.heap(), types_),
      marker_(*proof.heap(), pointers_),
      waking_(snapshot, *proof.heap(), proof.specials(), marker_, observer) {}

bool Others::mark(std::span<const Index> without) {
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (proof_.fate(i) == Fate::leaked) waking_.sleep(i);
  }
  // Nothing wakes them: what somebody could wake them through is not watched.
  for (const Index goroutine : without) waking_.sleep(goroutine);
  if (!waking_.fine() || !waking_.hide()) return false;
  waking_.markGlobals();
  waking_.markSpecials();
  if (!waking_.markStacks()) return false;
  waking_.markMachine();
  if (!waking_.fine() || !waking_.follow() || !waking_.followWeak()) return false;
  waking_.check();
  return waking_.fine();
}

std::vector<Addr> Others::ownOf(Index goroutine) {
  const heap::Heap& heap = *proof_.heap();
  std::vector<Addr> own;
  waking_.stacks().read(snapshot_.goroutines[goroutine], held_);
  for (const HeldPointer& pointer : held_) {
    const ObjectRef object = heap.find(pointer.value);
    if (object && !pointer.conservative && heap.allocated(object) && !marker_.isMarked(object)) {
      own.push_back(pointer.value);
    }
  }
  return own;
}

}  // namespace parked::proof
