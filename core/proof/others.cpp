#include "proof/others.h"

namespace parked::proof {

Others::Others(const golang::Snapshot& snapshot, const Proof& proof, Observer* observer)
    : snapshot_(snapshot),
      proof_(proof),
      marker_(*proof.heap(), proof.pointers()),
      waking_(snapshot, *proof.heap(), proof.specials(), marker_, observer) {}

bool Others::mark(std::span<const Index> without) {
  const target::AddressSpace& memory = snapshot_.image->target().memory();
  const std::uint64_t holes = memory.misses();
  if (!waking_.fine()) return false;
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (proof_.fate(i) == Fate::leaked) waking_.sleep(i);
  }
  // Nothing wakes them. What they wait on is watched so that ways to it are noted: of objects
  // without pointers only those of such are.
  for (const Index goroutine : without) {
    waking_.sleep(goroutine);
    for (const golang::Wait& wait : snapshot_.waitsOf(snapshot_.goroutines[goroutine])) {
      if (const ObjectRef object = proof_.heap()->find(wait.address)) marker_.watch(object);
    }
  }
  if (!waking_.hide()) return false;
  waking_.hideStoppedTimers();
  if (!waking_.markAll()) return false;
  waking_.check();
  return waking_.fine() && memory.misses() == holes;
}

bool Others::reaches(Addr address) const {
  const ObjectRef object = proof_.heap()->find(address);
  return !object || marker_.isMarked(object);
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
