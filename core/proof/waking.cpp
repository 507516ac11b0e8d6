#include "proof/waking.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/progress.h"
#include "proof/global_roots.h"
#include "proof/machine_roots.h"
#include "schema/sudog.h"

namespace parked::proof {

Waking::Waking(const golang::Snapshot& snapshot, const heap::Heap& heap,
               const heap::Specials& specials, Marker& marker, Observer* observer)
    : snapshot_(snapshot),
      image_(*snapshot.image),
      heap_(heap),
      specials_(specials),
      marker_(marker),
      observer_(observer),
      stacks_(snapshot),
      fates_(snapshot.goroutines.size()),
      reachedWaits_(snapshot.goroutines.size(), kNone) {
  if (stacks_.problem()) doubt(*stacks_.problem());
  // The words of a sudog that lead from a queue to what its goroutine waits on. Since 1.26 these
  // are pairs; the collector sees the first of each.
  const auto sudog = schema::SudogLayout::of(image_.layouts());
  element_ = sudog.tracedElem;
  channel_ = sudog.tracedChannel;
  if (!element_ || !channel_) doubt("the layout of runtime.sudog was not found");
}

void Waking::sleep(Index index) {
  fates_[index] = Fate::leaked;
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  const auto [calls, isNew] = callers_.try_emplace(goroutine.startPc);
  if (isNew) calls->second = golang::callerAt(image_, goroutine.startPc);
  if (calls->second == golang::Caller::finalizers) finalizing_ = index;
}

void Waking::stayAwake(Index goroutine, Index wait) {
  fates_[goroutine] = Fate::alive;
  reachedWaits_[goroutine] = wait;
}

void Waking::watch(ObjectRef object, Index goroutine, Index wait) {
  watches_.push_back({heap_.slot(object), object, goroutine, wait});
}

void Waking::watchLate(ObjectRef object, Index goroutine) {
  if (marker_.isMarked(object)) {
    wake(goroutine, kNone);
    return;
  }
  marker_.watch(object);
  lateWatches_.emplace(heap_.slot(object), goroutine);
}

void Waking::hideWord(Index goroutine, Addr sudog, image::Field<Addr> field) {
  if (const ObjectRef object = heap_.find(sudog)) {
    marker_.hideWord(object, sudog + field.offset, goroutine);
  }
}

bool Waking::hide() {
  std::erase_if(watches_, [this](const Watch& watch) { return !sleeps(watch.goroutine); });
  std::ranges::sort(watches_, {}, &Watch::slot);
  for (const Watch& watch : watches_) marker_.watch(watch.object);
  marker_.reserveHidden(static_cast<std::size_t>(std::ranges::count_if(
      snapshot_.waits,
      [this](const golang::Wait& wait) { return wait.sudog != 0 && sleeps(wait.goroutine); })));
  Progress progress(observer_, "queues", snapshot_.goroutines.size());
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!progress.step()) return interrupt();
    if (!sleeps(i)) continue;
    const golang::Goroutine& goroutine = snapshot_.goroutines[i];
    if (const ObjectRef g = heap_.find(goroutine.address)) marker_.hold(g);
    for (const golang::Wait& wait : snapshot_.waitsOf(goroutine)) {
      if (wait.sudog == 0) continue;
      hideWord(i, wait.sudog, wait.kind == golang::ObjectKind::channel ? channel_ : element_);
    }
  }
  return true;
}

void Waking::hideTimers(const AddrMap* timers) {
  if (timers->empty()) return;
  for (const Addr array : timerHeaps(image_)) {
    if (const ObjectRef object = heap_.find(array)) marker_.hideTargets(object, timers);
  }
}

void Waking::hideStoppedTimers() {
  for (const golang::Timer& timer : snapshot_.timers) {
    if (timer.stopped && timer.p >= 0) stoppedTimers_.insert(timer.address, 0);
  }
  hideTimers(&stoppedTimers_);
}

bool Waking::markAll() {
  markGlobals();
  markSpecials();
  if (!markStacks() || !fine() || !follow()) return false;
  // Last, as what is left over on a system stack explains little: a path is shown through it only
  // where there is no other.
  markMachine();
  return fine() && follow() && followWeak();
}

void Waking::markGlobals(const UncountedWords* without) {
  const auto problem = visitGlobals(image_, [&](Addr at, Addr value) {
    if (without != nullptr && without->at(at) != nullptr) return;
    marker_.mark(value, {RootKind::global, kNone, at}, false);
  });
  if (problem) doubt(*problem);
}

void Waking::markQueues(const heap::Specials& specials) {
  heap::visitRootWords(
      image_.target().memory(), specials, [&](heap::SpecialKind kind, Addr at, Addr value) {
        const RootKind root =
            kind == heap::SpecialKind::finalizer ? RootKind::finalizer : RootKind::cleanup;
        marker_.mark(value, {root, kNone, at}, true);
      });
}

/// Queued finalizers are called by one goroutine, one after the other. Where it is blocked in one
/// of them, nobody calls them before somebody wakes it: until then they are as good as on its
/// stack. The one that it is in is among them.
void Waking::markFinalizerQueue() {
  heap::Specials queue;
  queue.finalizers = specials_.finalizers;
  markQueues(queue);
}

void Waking::markCleanupQueue() {
  heap::Specials queue;
  queue.cleanups = specials_.cleanups;
  markQueues(queue);
}

void Waking::markPinned() {
  for (const ObjectRef object : specials_.pinned) {
    const Addr address = heap_.address(object);
    marker_.mark(address, {RootKind::pinned, kNone, address}, true);
  }
}

void Waking::markSpecial(const heap::Special& special) {
  if (special.kind == heap::SpecialKind::weakHandle) return;  // see followWeak()
  if (special.kind == heap::SpecialKind::finalizer) {
    // The finalizer will get the object once nothing else has it, and with it what it points to.
    marker_.markPointersOf(special.object,
                           {RootKind::finalizer, kNone, heap_.address(special.object)});
  }
  heap::Specials one;
  one.all.push_back(special);
  markQueues(one);
}

void Waking::markSpecials() {
  for (const heap::Special& special : specials_.all) {
    if (special.kind != heap::SpecialKind::finalizer) continue;  // weak handles: see followWeak()
    marker_.markPointersOf(special.object,
                           {RootKind::finalizer, kNone, heap_.address(special.object)});
  }
  heap::Specials tied;
  tied.all = specials_.all;
  markQueues(tied);
  markCleanupQueue();
  if (finalizing_ == kNone || !sleeps(finalizing_)) markFinalizerQueue();
  markPinned();
}

void Waking::markQueuedSpecials() {
  for (std::uint32_t i = 0; i < specials_.all.size(); ++i) {
    const heap::Special& special = specials_.all[i];
    if (special.kind == heap::SpecialKind::weakHandle) continue;
    tied_.push_back({heap_.slot(special.object), i});
    marker_.watch(special.object);
    if (marker_.isMarked(special.object)) markSpecial(special);
  }
  std::ranges::sort(tied_, {}, &Tied::slot);
  markCleanupQueue();
  if (finalizing_ == kNone || !sleeps(finalizing_)) markFinalizerQueue();
  markPinned();
}

void Waking::markMachine() {
  const MachineRoots roots = readMachineRoots(snapshot_);
  if (roots.problem) doubt(*roots.problem);
  for (const HeldPointer& pointer : roots.pointers) {
    marker_.mark(pointer.value, {RootKind::machine, kNone, pointer.at}, true);
  }
}

void Waking::markStack(Index index) {
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  // Wrong bounds would take pointers to the heap for such into the stack.
  if (!stacks_.read(goroutine, held_) || !heap_.isStack(goroutine.stackLo, goroutine.stackHi)) {
    ++unreadableStacks_;
  }
  for (const HeldPointer& pointer : held_) {
    marker_.mark(pointer.value, {RootKind::stack, index, pointer.at}, pointer.conservative);
  }
  // The stack may have been the only thing that points to the g; the scheduler knows it anyhow.
  marker_.mark(goroutine.address, {RootKind::goroutine, index, goroutine.address}, true);
}

bool Waking::markStacks() {
  Progress progress(observer_, "stacks", snapshot_.goroutines.size());
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!progress.step()) return interrupt();
    if (!sleeps(i)) markStack(i);
  }
  return true;
}

void Waking::wake(Index index, Index wait) {
  if (!sleeps(index)) return;
  fates_[index] = Fate::alive;
  reachedWaits_[index] = wait;
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  marker_.release(index, goroutine.address);
  if (index == finalizing_) markFinalizerQueue();
  for (const golang::Wait& each : snapshot_.waitsOf(goroutine)) {
    if (each.sudog == 0) continue;
    for (const image::Field<Addr> field : {element_, channel_}) {
      const Addr at = each.sudog + field.offset;
      marker_.mark(image_.target().memory().word(at), {RootKind::sudog, index, at}, true);
    }
    marker_.mark(each.address, {RootKind::sudog, index, each.sudog}, true);
  }
  markStack(index);
}

void Waking::markTied(ObjectRef object) {
  for (const Tied& tied : std::ranges::equal_range(tied_, heap_.slot(object), {}, &Tied::slot)) {
    markSpecial(specials_.all[tied.special]);
  }
}

bool Waking::follow() {
  while (true) {
    if (!marker_.drain(observer_)) return interrupt();
    const std::vector<ObjectRef> reached = marker_.takeReached();
    if (reached.empty()) return true;
    for (const ObjectRef object : reached) {
      if (!tied_.empty()) markTied(object);
      for (const Watch& watch :
           std::ranges::equal_range(watches_, heap_.slot(object), {}, &Watch::slot)) {
        wake(watch.goroutine, watch.wait);
      }
      const auto [late, end] = lateWatches_.equal_range(heap_.slot(object));
      for (auto each = late; each != end; ++each) wake(each->second, kNone);
    }
  }
}

/// A goroutine that sleeps keeps alive what it holds: whoever has a weak pointer to that, which is
/// its handle, can still get a strong one (runtime/mheap.go, makeStrongFromWeak).
bool Waking::followWeak() {
  marker_.forgiveFree();
  std::vector<heap::Special> left = specials_.all;
  std::erase_if(left, [](const heap::Special& special) {
    return special.kind != heap::SpecialKind::weakHandle;
  });
  while (true) {
    const std::size_t before = left.size();
    std::erase_if(left, [&](const heap::Special& special) {
      const ObjectRef handle = heap_.find(image_.target().memory().word(special.payload));
      if (handle && !marker_.isMarked(handle)) return false;
      marker_.mark(heap_.address(special.object), {RootKind::weakHandle, kNone, special.payload},
                   true);
      return true;
    });
    if (left.size() == before) return true;
    if (!follow()) return false;
  }
}

void Waking::check() {
  if (unreadableStacks_ != 0) {
    doubt(fmt::format("the stacks of {} goroutines that can run are not readable or damaged",
                      unreadableStacks_));
  }
  if (marker_.badPointers() != 0) {
    doubt(
        fmt::format("{} pointers lead to free memory (the first to {:#x}): the heap was "
                    "misread or is damaged",
                    marker_.badPointers(), marker_.firstBad()));
  }
  if (marker_.unparsable() != 0) {
    doubt(fmt::format("which words of {} objects are pointers is not told (the first at {:#x})",
                      marker_.unparsable(), marker_.firstBad()));
  }
}

}  // namespace parked::proof
