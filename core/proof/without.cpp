#include "proof/without.h"

#include "proof/waking.h"

namespace parked::proof {

Without::Without(const golang::Snapshot& snapshot, const Proof& proof)
    : proof_(proof), marker_(*proof.heap(), proof.pointers()) {
  for (const golang::Timer& timer : snapshot.timers) {
    if (timer.stopped && timer.p >= 0) stoppedTimers_.insert(timer.address, 0);
  }
}

bool Without::run(const golang::Snapshot& snapshot, Index goroutine, Observer* observer) {
  Waking waking(snapshot, *proof_.heap(), proof_.specials(), marker_, observer);
  if (!waking.fine()) return false;
  for (Index i = 0; i < snapshot.goroutines.size(); ++i) {
    const Fate fate = proof_.fate(i);
    if (i == goroutine || fate == Fate::leaked) {
      waking.sleep(i);
    } else {
      waking.setFate(i, fate);
    }
  }
  // Of objects without pointers only those that are watched have their ways noted.
  for (const golang::Wait& wait : snapshot.waitsOf(snapshot.goroutines[goroutine])) {
    if (const ObjectRef object = proof_.heap()->find(wait.address)) marker_.watch(object);
  }
  if (!waking.hide()) return false;
  waking.hideTimers(&stoppedTimers_);
  waking.markGlobals();
  waking.markSpecials();
  if (!waking.markStacks() || !waking.fine() || !waking.follow()) return false;
  waking.markMachine();
  if (!waking.fine() || !waking.follow() || !waking.followWeak()) return false;
  waking.check();
  return waking.fine();
}

bool Without::reaches(Addr address) const {
  const ObjectRef object = proof_.heap()->find(address);
  return !object || marker_.isMarked(object);
}

std::unique_ptr<Without> Without::mark(const golang::Snapshot& snapshot, const Proof& proof,
                                       Index goroutine, Observer* observer) {
  if (!proof.given()) return nullptr;
  target::AddressSpace& memory = snapshot.image->target().memory();
  const std::uint64_t holes = memory.misses();
  std::unique_ptr<Without> without(new Without(snapshot, proof));
  if (!without->run(snapshot, goroutine, observer) || memory.misses() != holes) return nullptr;
  return without;
}

}  // namespace parked::proof
