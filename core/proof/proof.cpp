#include "proof/proof.h"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_map>

#include "golang/system_goroutine.h"
#include "heap/pointers.h"
#include "proof/candidates.h"
#include "proof/globals.h"
#include "proof/machine_roots.h"
#include "proof/stack_roots.h"

namespace parked::proof {

namespace {

constexpr std::size_t kAskEvery = 1 << 12;

}  // namespace

class Proof::Run {
 public:
  Run(Proof& proof, const golang::Snapshot& snapshot, Observer* observer)
      : proof_(proof),
        snapshot_(snapshot),
        image_(*snapshot.image),
        observer_(observer),
        stacks_(snapshot) {}

  bool prepare(Timings* timings);
  bool mark(Timings* timings);
  void check();

 private:
  struct Watch {
    std::uint64_t slot;
    Index wait;
  };

  bool withhold(std::string why) {
    if (proof_.withheld_.empty()) proof_.withheld_ = std::move(why);
    return false;
  }
  bool interrupt() {
    proof_.interrupted_ = true;
    return withhold("it was interrupted");
  }
  bool choose();
  bool hide();
  bool proceed(std::string_view stage, Index goroutine) const;
  void hideWord(Index goroutine, Addr sudog, image::Field<Addr> field);
  void hideStoppedTimers();
  void markGlobals();
  void markQueues(const heap::Specials& specials);
  void markFinalizerQueue();
  void markSpecials();
  void markMachine();
  void wake(Index goroutine, Index wait);
  void markStack(Index goroutine);
  bool follow();
  bool followWeak();
  void keepStacks();

  Proof& proof_;
  const golang::Snapshot& snapshot_;
  image::Image& image_;
  Observer* observer_;
  StackRoots stacks_;
  std::vector<Watch> watches_;
  std::vector<HeldPointer> held_;
  AddrMap stoppedTimers_;
  std::unordered_map<Addr, golang::Caller> callers_;  // by where a goroutine started
  Index finalizing_ = kNone;                          // a candidate that is blocked in a finalizer
  std::vector<std::string> missing_;
  image::Field<Addr> element_, channel_;
  std::uint64_t unreadableStacks_ = 0;
};

bool Proof::Run::prepare(Timings* timings) {
  if (!stacks_.problem().empty()) return withhold(stacks_.problem());
  // The words of a sudog that lead from a queue to what its goroutine waits on. Since 1.26 these
  // are pairs; the collector sees the first of each.
  image::Binder sudog(image_.layouts(), "runtime.sudog", missing_);
  sudog.required(element_, "elem.vp", "elem");
  sudog.required(channel_, "c.maybeTraceablePtr.vp", "c.vp", "c");
  if (!missing_.empty()) return withhold("the layout of " + missing_.front() + " was not found");
  {
    Timings::Scope scope(timings, "heap");
    auto heap = heap::Heap::open(image_, observer_);
    if (!heap && heap.error().code == ErrorCode::interrupted) return interrupt();
    if (!heap) return withhold(heap.error().message);
    proof_.heap_ = std::move(*heap);
    proof_.mayPass_ = true;
    if (!proof_.heap_->problem().empty()) return withhold(proof_.heap_->problem());
    proof_.types_ = std::make_unique<heap::TypeMasks>(image_);
    proof_.pointers_ = std::make_unique<heap::Pointers>(*proof_.heap_, *proof_.types_);
    proof_.specials_ = heap::readSpecials(image_, *proof_.heap_);
    if (!proof_.specials_.problem.empty()) return withhold(proof_.specials_.problem);
    proof_.mayPass_ = false;
  }
  proof_.marker_ = std::make_unique<Marker>(*proof_.heap_, *proof_.pointers_);
  if (!choose() || !hide()) return interrupt();
  hideStoppedTimers();
  return true;
}

/// False once the user asked to stop. For loops over all goroutines.
bool Proof::Run::proceed(std::string_view stage, Index goroutine) const {
  if (observer_ == nullptr || goroutine % kAskEvery != 0) return true;
  observer_->progress(stage, goroutine, snapshot_.goroutines.size());
  return !observer_->cancelled();
}

/// Candidates, and what each waits on. An object outside of the heap (a global, a value on a stack)
/// is reached by whoever runs.
bool Proof::Run::choose() {
  proof_.fates_.resize(snapshot_.goroutines.size());
  proof_.reachedWaits_.assign(snapshot_.goroutines.size(), kNone);
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!proceed("candidates", i)) return false;
    const golang::Goroutine& goroutine = snapshot_.goroutines[i];
    Fate& fate = proof_.fates_[i];
    fate = firstFate(snapshot_, goroutine);
    if (fate != Fate::leaked) continue;
    ++proof_.candidates_;
    const auto [calls, isNew] = callers_.try_emplace(goroutine.startPc);
    if (isNew) calls->second = golang::callerAt(image_, goroutine.startPc);
    if (calls->second == golang::Caller::finalizers) finalizing_ = i;
    for (Index w = goroutine.firstWait; w < goroutine.firstWait + goroutine.waitCount; ++w) {
      const golang::Wait& wait = snapshot_.waits[w];
      if (!isWatched(wait.kind)) continue;
      const ObjectRef object = proof_.heap_->find(wait.address);
      if (!object) {
        fate = Fate::alive;
        proof_.reachedWaits_[i] = w;
        break;
      }
      watches_.push_back({proof_.heap_->slot(object), w});
    }
  }
  std::erase_if(watches_, [&](const Watch& watch) {
    return proof_.fates_[snapshot_.waits[watch.wait].goroutine] != Fate::leaked;
  });
  std::ranges::sort(watches_, {}, &Watch::slot);
  for (const Watch& watch : watches_) {
    proof_.marker_->watch(proof_.heap_->find(snapshot_.waits[watch.wait].address));
  }
  return true;
}

void Proof::Run::hideWord(Index goroutine, Addr sudog, image::Field<Addr> field) {
  if (const ObjectRef object = proof_.heap_->find(sudog)) {
    proof_.marker_->hideWord(object, sudog + field.offset, goroutine);
  }
}

bool Proof::Run::hide() {
  proof_.marker_->reserveHidden(static_cast<std::size_t>(
      std::ranges::count_if(snapshot_.waits, [this](const golang::Wait& wait) {
        return wait.sudog != 0 && proof_.fates_[wait.goroutine] == Fate::leaked;
      })));
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!proceed("queues", i)) return false;
    if (proof_.fates_[i] != Fate::leaked) continue;
    const golang::Goroutine& goroutine = snapshot_.goroutines[i];
    if (const ObjectRef g = proof_.heap_->find(goroutine.address)) proof_.marker_->hold(g);
    for (const golang::Wait& wait : snapshot_.waitsOf(goroutine)) {
      if (wait.sudog == 0) continue;
      hideWord(i, wait.sudog, wait.kind == golang::ObjectKind::channel ? channel_ : element_);
    }
  }
  return true;
}

/// A stopped timer stays in its P's heap until somebody cleans up; it will not fire.
void Proof::Run::hideStoppedTimers() {
  for (const golang::Timer& timer : snapshot_.timers) {
    if (timer.stopped && timer.p >= 0) stoppedTimers_.insert(timer.address, 0);
  }
  if (stoppedTimers_.empty()) return;
  for (const Addr array : timerHeaps(image_)) {
    if (const ObjectRef object = proof_.heap_->find(array)) {
      proof_.marker_->hideTargets(object, &stoppedTimers_);
    }
  }
}

void Proof::Run::markGlobals() {
  const std::string problem = visitGlobals(image_, [&](Addr at, Addr value) {
    proof_.marker_->mark(value, {RootKind::global, kNone, at}, false);
  });
  if (!problem.empty()) withhold(problem);
}

void Proof::Run::markQueues(const heap::Specials& specials) {
  heap::visitRootWords(
      image_.target().memory(), specials, [&](heap::SpecialKind kind, Addr at, Addr value) {
        const RootKind root =
            kind == heap::SpecialKind::finalizer ? RootKind::finalizer : RootKind::cleanup;
        proof_.marker_->mark(value, {root, kNone, at}, true);
      });
}

/// Queued finalizers are called by one goroutine, one after the other. Where it is blocked in one
/// of them, nobody calls them before somebody wakes it: until then they are as good as on its
/// stack. The one that it is in is among them.
void Proof::Run::markFinalizerQueue() {
  heap::Specials queue;
  queue.finalizers = proof_.specials_.finalizers;
  markQueues(queue);
}

void Proof::Run::markSpecials() {
  Marker& marker = *proof_.marker_;
  for (const heap::Special& special : proof_.specials_.all) {
    if (special.kind != heap::SpecialKind::finalizer) continue;  // weak handles: see followWeak()
    // The finalizer will get the object once nothing else has it, and with it what it points to.
    marker.markPointersOf(special.object,
                          {RootKind::finalizer, kNone, proof_.heap_->address(special.object)});
  }
  std::vector<heap::RootBlock> queue;
  queue.swap(proof_.specials_.finalizers);
  markQueues(proof_.specials_);
  queue.swap(proof_.specials_.finalizers);
  if (finalizing_ == kNone || proof_.fates_[finalizing_] != Fate::leaked) markFinalizerQueue();
  for (const ObjectRef object : proof_.specials_.pinned) {
    const Addr address = proof_.heap_->address(object);
    marker.mark(address, {RootKind::pinned, kNone, address}, true);
  }
}

void Proof::Run::markMachine() {
  const MachineRoots roots = readMachineRoots(snapshot_);
  if (!roots.problem.empty()) withhold(roots.problem);
  for (const HeldPointer& pointer : roots.pointers) {
    proof_.marker_->mark(pointer.value, {RootKind::machine, kNone, pointer.at}, true);
  }
}

void Proof::Run::markStack(Index index) {
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  // Wrong bounds would take pointers to the heap for such into the stack.
  if (!stacks_.read(goroutine, held_) ||
      !proof_.heap_->isStack(goroutine.stackLo, goroutine.stackHi)) {
    ++unreadableStacks_;
  }
  for (const HeldPointer& pointer : held_) {
    proof_.marker_->mark(pointer.value, {RootKind::stack, index, pointer.at}, pointer.conservative);
  }
  // The stack may have been the only thing that points to the g; the scheduler knows it anyhow.
  proof_.marker_->mark(goroutine.address, {RootKind::goroutine, index, goroutine.address}, true);
}

void Proof::Run::wake(Index index, Index wait) {
  Fate& fate = proof_.fates_[index];
  if (fate != Fate::leaked) return;
  fate = Fate::alive;
  proof_.reachedWaits_[index] = wait;
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  proof_.marker_->release(index, goroutine.address);
  if (index == finalizing_) markFinalizerQueue();
  for (const golang::Wait& each : snapshot_.waitsOf(goroutine)) {
    if (each.sudog == 0) continue;
    for (const image::Field<Addr> field : {element_, channel_}) {
      const Addr at = each.sudog + field.offset;
      proof_.marker_->mark(image_.target().memory().word(at), {RootKind::sudog, index, at}, true);
    }
    proof_.marker_->mark(each.address, {RootKind::sudog, index, each.sudog}, true);
  }
  markStack(index);
}

/// Marks on until no further goroutine is reached.
bool Proof::Run::follow() {
  while (true) {
    if (!proof_.marker_->drain(observer_)) return interrupt();
    const std::vector<ObjectRef> reached = proof_.marker_->takeReached();
    if (reached.empty()) return true;
    for (const ObjectRef object : reached) {
      const auto waiting =
          std::ranges::equal_range(watches_, proof_.heap_->slot(object), {}, &Watch::slot);
      for (const Watch& watch : waiting) {
        wake(snapshot_.waits[watch.wait].goroutine, watch.wait);
      }
    }
  }
}

/// A leaked goroutine keeps alive what it holds: whoever has a weak pointer to that, which is its
/// handle, can still get a strong one (runtime/mheap.go, makeStrongFromWeak).
bool Proof::Run::followWeak() {
  Marker& marker = *proof_.marker_;
  const heap::Heap& heap = *proof_.heap_;
  marker.forgiveFree();
  std::vector<heap::Special> left = proof_.specials_.all;
  std::erase_if(left, [](const heap::Special& special) {
    return special.kind != heap::SpecialKind::weakHandle;
  });
  while (true) {
    const std::size_t before = left.size();
    std::erase_if(left, [&](const heap::Special& special) {
      const ObjectRef handle = heap.find(image_.target().memory().word(special.payload));
      if (handle && !marker.isMarked(handle)) return false;
      marker.mark(heap.address(special.object), {RootKind::weakHandle, kNone, special.payload},
                  true);
      return true;
    });
    if (left.size() == before) return true;
    if (!follow()) return false;
  }
}

bool Proof::Run::mark(Timings* timings) {
  Timings::Scope scope(timings, "reachability");
  markGlobals();
  markSpecials();
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!proceed("stacks", i)) return interrupt();
    if (proof_.fates_[i] != Fate::leaked) markStack(i);
  }
  if (!proof_.given() || !follow()) return false;
  // Last, as what is left over on a system stack explains little: a path is shown through it only
  // where there is no other.
  markMachine();
  if (!proof_.given() || !follow() || !followWeak()) return false;
  keepStacks();
  return true;
}

/// What a leaked goroutine holds is asked later (proof/holdings.h), when a live process runs again.
void Proof::Run::keepStacks() {
  target::Target& target = image_.target();
  if (target.kind() == target::Kind::core) return;
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (proof_.fates_[i] == Fate::leaked) stacks_.read(snapshot_.goroutines[i], held_);
  }
}

void Proof::Run::check() {
  const Marker& marker = *proof_.marker_;
  if (unreadableStacks_ != 0) {
    withhold(fmt::format("the stacks of {} goroutines that can run are not readable or damaged",
                         unreadableStacks_));
  }
  if (marker.badPointers() != 0) {
    withhold(
        fmt::format("{} pointers lead to free memory (the first to {:#x}): the heap was "
                    "misread or is damaged",
                    marker.badPointers(), marker.firstBad()));
  }
  if (marker.unparsable() != 0) {
    withhold(fmt::format("which words of {} objects are pointers is not told (the first at {:#x})",
                         marker.unparsable(), marker.firstBad()));
  }
}

Proof::~Proof() = default;

Index Proof::reachedWait(Index goroutine) const {
  return goroutine < reachedWaits_.size() ? reachedWaits_[goroutine] : kNone;
}

std::unique_ptr<Proof> Proof::without(std::string why) {
  std::unique_ptr<Proof> proof(new Proof);
  proof->withheld_ = std::move(why);
  return proof;
}

std::unique_ptr<Proof> Proof::run(const golang::Snapshot& snapshot, Observer* observer,
                                  Timings* timings) {
  std::unique_ptr<Proof> proof(new Proof);
  target::Target& target = snapshot.image->target();
  if (target.kind() == target::Kind::liveUnstopped) {
    proof->withheld_ = "the process was read while it ran";
    return proof;
  }
  if (snapshot.interrupted) {
    proof->interrupted_ = true;
    proof->withheld_ = "it was interrupted";
    return proof;
  }
  if (!snapshot.lostRoot.empty()) {
    proof->withheld_ = "who can still run is not known, " + snapshot.lostRoot;
    return proof;
  }
  const std::uint64_t holes = target.memory().misses();
  Run run(*proof, snapshot, observer);
  if (run.prepare(timings)) {
    if (run.mark(timings)) run.check();
    proof->mayPass_ = !proof->given() && !proof->interrupted();
  }
  if (target.memory().misses() != holes) {
    proof->memoryMissing_ = true;
    if (proof->given()) {
      proof->withheld_ = fmt::format("memory is missing in the target, at {:#x} for one",
                                     target.memory().firstMiss());
    }
  }
  return proof;
}

}  // namespace parked::proof
