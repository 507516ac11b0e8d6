#include "proof/candidates.h"

namespace parked::proof {

using golang::ObjectKind;

bool isWatched(ObjectKind kind) { return golang::traitsOf(kind).watched; }

bool isForEver(ObjectKind kind) { return golang::traitsOf(kind).forEver; }

bool isCertain(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine,
               const golang::Wait& wait) {
  if (wait.address == 0 || wait.note != kEmptyString) return false;
  if (wait.kind == ObjectKind::coroutine) return true;
  if (!wait.queued) return false;  // a waker has taken it out
  if (wait.inSelect && goroutine.selectDone) return false;
  if (wait.kind != ObjectKind::channel) return true;
  return wait.object < snapshot.channels.size() && !snapshot.channels[wait.object].closed &&
         !snapshot.channels[wait.object].locked;
}

Fate firstFate(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine) {
  if (!golang::isBlocked(goroutine.status)) {
    return Fate::notAsked;
  }
  if (goroutine.system || goroutine.inFlux) return Fate::notAsked;
  if (goroutine.m != 0) return Fate::undecided;  // dropg has not come yet, or never will: it runs
  const auto waits = snapshot.waitsOf(goroutine);
  if (waits.empty()) return Fate::undecided;
  for (const golang::Wait& wait : waits) {
    if (isForEver(wait.kind)) return Fate::leaked;
    if (wait.kind == ObjectKind::unknown) return Fate::undecided;
    if (!isWatched(wait.kind)) return Fate::notAsked;
    if (!isCertain(snapshot, goroutine, wait)) return Fate::undecided;
  }
  return Fate::leaked;
}

}  // namespace parked::proof
