#include "proof/orphans.h"

#include <algorithm>
#include <fmt/format.h>

#include "image/runtime_types.h"
#include "proof/candidates.h"
#include "proof/orphan_timers.h"
#include "proof/orphan_waits.h"
#include "proof/waking.h"

namespace parked::proof {

namespace {

constexpr std::size_t kAskEvery = 1 << 12;

}  // namespace

class Orphans::Run {
 public:
  Run(Orphans& orphans, const golang::Snapshot& snapshot, const Proof& proof, const MayEnd& mayEnd,
      Observer* observer)
      : orphans_(orphans),
        snapshot_(snapshot),
        proof_(proof),
        mayEnd_(mayEnd),
        heap_(*proof.heap()),
        observer_(observer),
        timers_(snapshot),
        connections_(snapshot, heap_),
        waking_(snapshot, heap_, proof.specials(), *orphans.marker_, observer) {}

  void go();

 private:
  void findNeutral();
  bool anybodyRuns() const;
  bool choose();
  void ask(Index goroutine, const OrphanWaits& waits);
  bool watchWaits(Index goroutine);
  void watchHeld(Index goroutine);
  ObjectRef watchOne(Index goroutine, Addr pointer);
  void noteRoot(const HeldPointer& held, Addr from);
  bool isClosure(ObjectRef object) const;
  bool isText(ObjectRef object, Addr pointer) const;
  void addTargets(ObjectRef object);
  bool markAll();
  bool rousePollers();
  bool markUnkept();
  bool findAllIslands();
  bool proceed(std::string_view stage, std::size_t at) const {
    if (observer_ == nullptr || at % kAskEvery != 0) return true;
    observer_->progress(stage, at, snapshot_.goroutines.size());
    return !observer_->cancelled();
  }

  Orphans& orphans_;
  const golang::Snapshot& snapshot_;
  const Proof& proof_;
  const MayEnd& mayEnd_;
  const heap::Heap& heap_;
  Observer* observer_;
  OrphanTimers timers_;
  Connections connections_;
  Waking waking_;
  std::vector<HeldPointer> held_;
  std::vector<std::pair<Index, bool>> pollers_;        // woken by itself; by nothing else
  std::vector<std::pair<Index, Addr>> connectionsOf_;  // by wait
  // Up to 1.20 the roots of contexts are numbers in the heap, which nobody can cancel: the itabs
  // they have.
  std::vector<Addr> rootContexts_;
  AddrMap neutral_;       // addresses of objects that tell nothing: g's, which the runtime reaches
  AddrMap timerObjects_;  // what has a timer in it
};

/// What of the heap tells nothing of who could stop a goroutine.
void Orphans::Run::findNeutral() {
  neutral_.reserve(snapshot_.goroutines.size() + 2);
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    neutral_.insert(snapshot_.goroutines[i].address, i);
  }
  image::RuntimeTypes& types = snapshot_.image->runtimeTypes();
  for (const auto& itab : types.itabs()) {
    const image::RuntimeType* type = types.at(itab.type);
    if (type != nullptr && type->name == "*context.emptyCtx") rootContexts_.push_back(itab.address);
  }
  for (Index i = 0; i < snapshot_.timers.size(); ++i) {
    const ObjectRef object = heap_.find(snapshot_.timers[i].address);
    if (object) timerObjects_.insert(heap_.address(object), i);
  }
}

/// Whether there can be any: somebody has to be woken by what needs nobody.
bool Orphans::Run::anybodyRuns() const {
  if (!timers_.tasks().empty()) return true;
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (proof_.fate(i) == Fate::leaked) continue;
    const OrphanWaits waits = orphanWaits(snapshot_, snapshot_.goroutines[i], timers_);
    if (waits.fate == Fate::leaked && (waits.clock || waits.network)) return true;
  }
  return false;
}

bool Orphans::Run::choose() {
  findNeutral();
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!proceed("orphans", i)) return false;
    // Who can never run again is nobody's help. What the proof did not reach this does not either.
    if (proof_.fate(i) == Fate::leaked) {
      waking_.sleep(i);
      continue;
    }
    const OrphanWaits waits = orphanWaits(snapshot_, snapshot_.goroutines[i], timers_);
    if (waits.fate == Fate::leaked) {
      ask(i, waits);
    } else {
      waking_.setFate(i, waits.fate);
    }
  }
  return waking_.hide();
}

void Orphans::Run::ask(Index index, const OrphanWaits& waits) {
  waking_.sleep(index);
  const bool polls = waits.clock || waits.network;
  if (polls) waking_.stacks().read(snapshot_.goroutines[index], held_);
  if (!watchWaits(index) || !polls) return;
  watchHeld(index);
  pollers_.emplace_back(index, !waits.given);
}

bool Orphans::Run::watchWaits(Index index) {
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  for (Index w = goroutine.firstWait; w < goroutine.firstWait + goroutine.waitCount; ++w) {
    const golang::Wait& wait = snapshot_.waits[w];
    ObjectRef object;
    if (wait.kind == golang::ObjectKind::fd) {
      object = connections_.dialled(wait.address, held_);
      if (object) connectionsOf_.emplace_back(w, heap_.address(object));
    } else if (isWatched(wait.kind)) {
      object = heap_.find(wait.address);
    } else {
      continue;
    }
    if (!object) {
      waking_.stayAwake(index, w);
      return false;
    }
    waking_.watch(object, index, w);
  }
  return true;
}

/// Whoever is woken by the clock or the network may look then at a flag, a context, a field under a
/// lock: who reaches what it holds can stop it that way. What its closures captured is held as
/// well, and one step behind all that what has no pointers, as a flag that is kept in a struct.
void Orphans::Run::watchHeld(Index index) {
  const std::size_t direct = held_.size();
  for (std::size_t i = 0; i < direct; ++i) {
    const HeldPointer held = held_[i];
    noteRoot(held, snapshot_.goroutines[index].stackLo);
    const ObjectRef object = heap_.find(held.value);
    if (object && isClosure(object)) addTargets(object);
  }
  const std::size_t all = held_.size();
  for (std::size_t i = 0; i < all; ++i) {
    const ObjectRef object = watchOne(index, held_[i].value);
    if (object && !timerObjects_.contains(heap_.address(object))) addTargets(object);
  }
  for (std::size_t i = all; i < held_.size(); ++i) {
    const ObjectRef object = heap_.find(held_[i].value);
    if (object && !heap_.spans()[object.span].scan) watchOne(index, held_[i].value);
  }
}

/// Notes a context that nobody can cancel: the interface's first word, before the pointer, tells.
void Orphans::Run::noteRoot(const HeldPointer& held, Addr from) {
  if (rootContexts_.empty() || held.at < from + sizeof(Addr)) return;
  const Addr itab = heap_.memory().word(held.at - sizeof(Addr));
  if (std::ranges::find(rootContexts_, itab) == rootContexts_.end()) return;
  if (const ObjectRef object = heap_.find(held.value)) neutral_.insert(heap_.address(object), 0);
}

bool Orphans::Run::isClosure(ObjectRef object) const {
  if (!heap_.spans()[object.span].scan) return false;
  const Addr code = heap_.memory().word(heap_.address(object));
  const image::FunctionTable& functions = snapshot_.image->functions();
  const image::FuncIndex function = functions.find(code);
  return function != image::kNoFunc && functions.function(function).entry == code;
}

void Orphans::Run::addTargets(ObjectRef object) {
  proof_.pointers().visit(object, [this, object](Addr at, Addr value) {
    if (value == 0) return;
    held_.push_back({at, value, false});
    noteRoot(held_.back(), heap_.address(object));
  });
}

/// Text is no flag, whose value is small or a zero: strings are shared all over a program.
bool Orphans::Run::isText(ObjectRef object, Addr pointer) const {
  constexpr std::uint64_t kEnough = 2;
  const heap::Span& span = heap_.spans()[object.span];
  if (span.scan || pointer + kEnough > heap_.address(object) + span.elementSize) return false;
  // Of a process no more was copied of an object without pointers (heap/needed.h).
  constexpr std::uint64_t kCopied = 4096;
  if (pointer + kEnough > heap_.address(object) + kCopied) return false;
  const auto bytes = heap_.memory().bytes(pointer, kEnough);
  return !bytes.empty() && std::ranges::all_of(bytes, [](std::byte byte) {
    return byte >= std::byte{' '} && byte < std::byte{0x7f};
  });
}

/// The object, unless whoever has it cannot stop anything by that.
ObjectRef Orphans::Run::watchOne(Index index, Addr pointer) {
  const ObjectRef object = heap_.find(pointer);
  if (!object || !heap_.allocated(object) || neutral_.contains(heap_.address(object)) ||
      isText(object, pointer)) {
    return {};
  }
  waking_.watch(object, index, snapshot_.goroutines[index].firstWait);
  return object;
}

bool Orphans::Run::markAll() {
  waking_.hideTimers(&timers_.own());
  waking_.markGlobals();
  waking_.markQueuedSpecials();
  if (!waking_.markStacks() || !waking_.fine() || !waking_.follow()) return false;
  waking_.markMachine();
  return waking_.fine() && waking_.follow() && waking_.followWeak() && rousePollers() &&
         markUnkept();
}

/// Who has survived all that has its code looked at.
bool Orphans::Run::rousePollers() {
  for (const auto& [index, alone] : pollers_) {
    if (!waking_.sleeps(index) || !mayEnd_(snapshot_.goroutines[index], alone)) continue;
    waking_.rouse(index);
    if (!waking_.follow()) return false;
  }
  return true;
}

/// What nothing keeps, not even an orphan, dies with the next collection, and what it has a
/// finalizer or cleanup for is done then.
bool Orphans::Run::markUnkept() {
  std::vector<heap::Special> specials = proof_.specials().all;
  std::erase_if(specials, [this](const heap::Special& special) {
    return special.kind == heap::SpecialKind::weakHandle ||
           orphans_.marker_->isMarked(special.object);
  });
  if (specials.empty()) return true;
  Marker kept(heap_, proof_.pointers(), false);
  const auto keep = [&](Addr value) { kept.mark(value, {}, true); };
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!proceed("orphans", i)) return false;
    if (!waking_.sleeps(i)) continue;
    const golang::Goroutine& goroutine = snapshot_.goroutines[i];
    waking_.stacks().read(goroutine, held_);
    for (const HeldPointer& pointer : held_) keep(pointer.value);
    keep(goroutine.address);
  }
  for (const Index timer : timers_.tasks()) keep(snapshot_.timers[timer].address);
  if (!kept.drain(observer_)) return false;
  for (const heap::Special& special : specials) {
    if (!kept.isMarked(special.object)) waking_.markSpecial(special);
  }
  return waking_.follow();
}

void Orphans::Run::go() {
  if (!anybodyRuns()) {
    orphans_.fates_.resize(snapshot_.goroutines.size());
    return;
  }
  bool done = waking_.fine() && choose() && markAll();
  if (done) waking_.check();
  orphans_.fates_ = waking_.takeFates();
  if (done && waking_.fine()) done = findAllIslands();
  if (!done && waking_.problem().empty()) {
    orphans_.interrupted_ = true;
    orphans_.withheld_ = "it was interrupted";
  }
  if (!waking_.problem().empty()) orphans_.withheld_ = waking_.problem();
}

bool Orphans::Run::findAllIslands() {
  IslandTasks tasks;
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (orphans_.isOrphan(i)) tasks.orphans.push_back(i);
  }
  for (const Index timer : timers_.tasks()) {
    const ObjectRef closure = heap_.find(snapshot_.timers[timer].closure);
    if (closure && !orphans_.marker_->isMarked(closure)) tasks.timers.push_back(timer);
  }
  tasks.connections = std::move(connectionsOf_);
  for (const golang::Channel& channel : snapshot_.channels) {
    if (channel.timer != 0 || timers_.sendsTo(channel.address)) {
      tasks.timerChannels.insert(channel.address, 0);
    }
  }
  return findIslands(snapshot_, heap_, *orphans_.marker_, tasks, observer_, orphans_.islands_);
}

std::unique_ptr<Orphans> Orphans::find(const golang::Snapshot& snapshot, const Proof& proof,
                                       const MayEnd& mayEnd, Observer* observer, Timings* timings) {
  std::unique_ptr<Orphans> orphans(new Orphans(proof));
  if (!proof.given()) {
    orphans->interrupted_ = proof.interrupted();
    orphans->withheld_ = proof.withheld();
    return orphans;
  }
  const Timings::Scope scope(timings, "orphans");
  auto& memory = snapshot.image->target().memory();
  const std::uint64_t holes = memory.misses();
  orphans->marker_ = std::make_unique<Marker>(*proof.heap(), proof.pointers(), false);
  Run(*orphans, snapshot, proof, mayEnd, observer).go();
  if (memory.misses() != holes && orphans->given()) {
    orphans->withheld_ =
        fmt::format("memory is missing in the target, at {:#x} for one", memory.firstMiss());
  }
  return orphans;
}

}  // namespace parked::proof
