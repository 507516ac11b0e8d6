#include "proof/orphans.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "base/progress.h"
#include "proof/at_hand.h"
#include "proof/candidates.h"
#include "proof/global_roots.h"
#include "proof/orphan_timers.h"
#include "proof/orphan_waits.h"
#include "proof/told_to_stop.h"
#include "proof/waking.h"

namespace parked::proof {

class Orphans::Run {
 public:
  Run(Orphans& orphans, const golang::Snapshot& snapshot, const Proof& proof,
      const Questions& questions, Observer* observer)
      : orphans_(orphans),
        snapshot_(snapshot),
        proof_(proof),
        questions_(questions),
        heap_(*proof.heap()),
        observer_(observer),
        timers_(snapshot),
        connections_(snapshot, heap_),
        closed_(*snapshot.image, heap_),
        waking_(snapshot, heap_, proof.specials(), *orphans.marker_, observer) {}

  void go();

 private:
  bool anybodyRuns();
  bool choose();
  void ask(Index goroutine, const OrphanWaits& waits);
  const AddrMap& harmlessTo(const OrphanWaits& waits);
  bool watchWaits(Index goroutine);
  void findSurroundings();
  bool watchHeld(Index goroutine, const AddrMap& harmless);
  bool isOthers(Addr pointer, bool librarysCount) const;
  bool markAll();
  bool rouseWhoEnds();
  bool mayEnd(Index goroutine);
  bool mayBeTold(Index goroutine);
  void watchSurvivor(Index goroutine);
  bool markUnkept();
  void keepApart();
  bool findAllIslands();
  Progress overGoroutines() const {
    return Progress(observer_, "orphans", snapshot_.goroutines.size());
  }

  Orphans& orphans_;
  const golang::Snapshot& snapshot_;
  const Proof& proof_;
  const Questions& questions_;
  const heap::Heap& heap_;
  Observer* observer_;
  OrphanTimers timers_;
  Connections connections_;
  ClosedChannels closed_;
  Waking waking_;
  std::vector<OrphanWaits> waits_;  // by goroutine
  std::optional<AtHand> atHand_;    // once somebody is asked
  std::vector<HeldPointer> held_;
  std::vector<std::pair<Index, Addr>> connectionsOf_;  // by wait
  std::optional<UncountedWords> uncounted_;            // from markAll() on
  AddrMap nothing_;
  std::optional<AddrMap> surroundings_;  // what libraries have for everybody
};

/// Whether there can be any: somebody has to be woken by what needs nobody.
bool Orphans::Run::anybodyRuns() {
  bool runs = !timers_.tasks().empty();
  waits_.resize(snapshot_.goroutines.size());
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (proof_.fate(i) == Fate::leaked) continue;
    const OrphanWaits waits = orphanWaits(snapshot_, snapshot_.goroutines[i], timers_);
    waits_[i] = waits;
    runs = runs || (waits.fate == Fate::leaked && (waits.clock || waits.network));
  }
  return runs;
}

bool Orphans::Run::choose() {
  atHand_.emplace(snapshot_, heap_, proof_.pointers());
  Progress progress = overGoroutines();
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!progress.step()) return false;
    // Who can never run again is nobody's help. What the proof did not reach this does not either.
    if (proof_.fate(i) == Fate::leaked) {
      waking_.sleep(i);
      continue;
    }
    const OrphanWaits& waits = waits_[i];
    if (waits.fate == Fate::leaked) {
      ask(i, waits);
    } else {
      waking_.setFate(i, waits.fate);
    }
  }
  return waking_.hide();
}

void Orphans::Run::ask(Index index, const OrphanWaits& waits) {
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  waking_.sleep(index);
  const bool polls = waits.clock || waits.network;
  const bool read = !polls || atHand_->read(waking_.stacks(), goroutine);
  if (!watchWaits(index) || !polls) return;
  if (!read || !watchHeld(index, harmlessTo(waits))) waking_.stayAwake(index, goroutine.firstWait);
}

/// What stops nobody who has an end of his own.
const AddrMap& Orphans::Run::harmlessTo(const OrphanWaits& waits) {
  if (!waits.given && !waits.network) return nothing_;
  if (!surroundings_) findSurroundings();
  return *surroundings_;
}

bool Orphans::Run::watchWaits(Index index) {
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  for (Index w = goroutine.firstWait; w < goroutine.firstWait + goroutine.waitCount; ++w) {
    const golang::Wait& wait = snapshot_.waits[w];
    ObjectRef object;
    if (wait.kind == golang::ObjectKind::fd) {
      object = connections_.dialled(wait.address, atHand_->stack());
      if (object) connectionsOf_.emplace_back(w, heap_.address(object));
      if (!object) object = connections_.inotify(snapshot_.fds[wait.object], atHand_->stack());
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

/// What variables of libraries point to, and none of the program's own: a default logger, a pool of
/// buffers. Who waits for a channel or a connection besides is stopped by that, not by these.
void Orphans::Run::findSurroundings() {
  surroundings_.emplace();
  AddrMap programs;
  std::vector<std::pair<ObjectRef, int>> found;  // with how many pointers to go on from there
  const auto find = [&](Addr value, int left) {
    const ObjectRef object = heap_.find(value);
    if (object && heap_.allocated(object) && heap_.spans()[object.span].scan) {
      found.emplace_back(object, left);
    }
  };
  visitGlobals(*snapshot_.image, [&](Addr at, Addr value) {
    const ObjectRef object = heap_.find(value);
    if (!object) return;
    const int pointers = questions_.common(at);
    if (pointers == 0) programs.insert(heap_.address(object), 0);
    if (pointers != 0) find(value, pointers - 1);
  });
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [object, left] = found[i];
    if (programs.contains(heap_.address(object))) continue;
    if (!surroundings_->insert(heap_.address(object), 0) || left == 0) continue;
    proof_.pointers().visit(object, [&](Addr, Addr value) { find(value, left - 1); });
  }
}

/// Whoever is woken by the clock or the network may look then at a flag, a context, a field under a
/// lock: who reaches what it has at hand can stop it that way, and one step behind all that what
/// has no pointers, as a flag that is kept in a struct. False if everybody reaches some of it.
bool Orphans::Run::watchHeld(Index index, const AddrMap& harmless) {
  const Index wait = snapshot_.goroutines[index].firstWait;
  const bool librarys = &harmless == &nothing_;
  for (const HeldPointer& held : atHand_->direct()) {
    if (isOthers(held.value, librarys)) return false;
    if (const ObjectRef object = atHand_->telling(held.value, harmless)) {
      waking_.watch(object, index, wait);
    }
  }
  for (const HeldPointer& held : atHand_->behind(harmless)) {
    if (isOthers(held.value, librarys) && questions_.isPlain(held.value)) return false;
    const ObjectRef object = atHand_->telling(held.value, harmless);
    if (object && !heap_.spans()[object.span].scan) waking_.watch(object, index, wait);
  }
  return true;
}

/// It leads to a variable, or to what a composite literal at package level made: that is no part of
/// the heap, and whoever has the variable can change it.
bool Orphans::Run::isOthers(Addr pointer, bool librarysCount) const {
  return !heap_.find(pointer) && questions_.isVariable(pointer, librarysCount);
}

bool Orphans::Run::markAll() {
  waking_.hideTimers(&timers_.own());
  uncounted_.emplace(*snapshot_.image);
  waking_.markGlobals(&*uncounted_);
  waking_.markQueuedSpecials();
  if (!waking_.markStacks() || !waking_.fine() || !waking_.follow()) return false;
  waking_.markMachine();
  return waking_.fine() && waking_.follow() && waking_.followWeak() && rouseWhoEnds() &&
         markUnkept();
}

/// Who has survived all that has its code looked at.
bool Orphans::Run::rouseWhoEnds() {
  Progress progress = overGoroutines();
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!progress.step()) return false;
    if (!waking_.sleeps(i) || proof_.fate(i) == Fate::leaked) continue;
    if (mayEnd(i)) {
      waking_.rouse(i);
    } else if (questions_.decidesItself(snapshot_.goroutines[i])) {
      watchSurvivor(i);
    }
    if (!waking_.follow()) return false;
  }
  return true;
}

bool Orphans::Run::mayEnd(Index index) {
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  const OrphanWaits& waits = waits_[index];
  const bool polls = waits.clock || waits.network;
  if (polls && !questions_.comesBack(goroutine)) return true;
  const bool looks = !waits.given || questions_.decidesItself(goroutine);
  if (waits.clock && looks && mayBeTold(index)) return true;
  if (polls && !waits.given) {
    return questions_.reads(goroutine, waits.network ? Looks::programs : Looks::all);
  }
  return questions_.decidesItself(goroutine) && questions_.reads(goroutine, Looks::programs);
}

/// It has a closed channel at hand, and will see it when the clock wakes it: whoever closed it has
/// lost it, as one does who is done with it.
bool Orphans::Run::mayBeTold(Index index) {
  if (!atHand_->read(waking_.stacks(), snapshot_.goroutines[index])) return true;
  const auto isClosed = [&](const HeldPointer& held) { return closed_.has(held.value); };
  return std::ranges::any_of(atHand_->direct(), isClosed) ||
         std::ranges::any_of(atHand_->behind(nothing_), isClosed);
}

/// Its code decides by something whether it ends: that may be in any object that it has at hand or
/// that lies one step behind.
void Orphans::Run::watchSurvivor(Index index) {
  const AddrMap& harmless = harmlessTo(waits_[index]);
  if (!atHand_->read(waking_.stacks(), snapshot_.goroutines[index])) {
    waking_.rouse(index);
    return;
  }
  std::vector<HeldPointer> all = atHand_->behind(harmless);
  all.insert(all.end(), atHand_->direct().begin(), atHand_->direct().end());
  for (const HeldPointer& held : all) {
    if (isOthers(held.value, false)) {
      waking_.rouse(index);
      return;
    }
    if (const ObjectRef object = atHand_->telling(held.value, harmless)) {
      waking_.watchLate(object, index);
    }
  }
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
  Progress progress = overGoroutines();
  for (Index i = 0; i < snapshot_.goroutines.size(); ++i) {
    if (!progress.step()) return false;
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
  if (!done && !waking_.problem()) {
    orphans_.interrupted_ = true;
    orphans_.withheld_ = "it was interrupted";
  }
  if (waking_.problem()) orphans_.withheld_ = *waking_.problem();
}

/// A channel that does not count is kept by its variable, and wakes nobody; but its queue leads
/// from one task to the other.
void Orphans::Run::keepApart() {
  const std::vector<Addr> channels = uncounted_->channels();
  if (channels.empty()) return;
  for (const Addr channel : channels) orphans_.marker_->mark(channel, {}, true);
  for (const golang::Wait& wait : snapshot_.waits) {
    if (std::ranges::find(channels, wait.address) != channels.end()) {
      orphans_.marker_->mark(wait.sudog, {}, true);
    }
  }
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
  keepApart();
  return findIslands(snapshot_, heap_, *orphans_.marker_, tasks, observer_, orphans_.islands_);
}

std::unique_ptr<Orphans> Orphans::find(const golang::Snapshot& snapshot, const Proof& proof,
                                       const Questions& questions, Observer* observer,
                                       Timings* timings) {
  std::unique_ptr<Orphans> orphans(new Orphans(proof));
  if (!proof.given()) {
    orphans->interrupted_ = proof.interrupted();
    orphans->withheld_ = proof.withheld();
    return orphans;
  }
  const Timings::Scope scope(timings, "orphans");
  auto& memory = snapshot.image->target().memory();
  const std::uint64_t holes = memory.misses();
  orphans->marker_ =
      std::make_unique<Marker>(*proof.heap(), proof.pointers(), false, proof.marker());
  Run(*orphans, snapshot, proof, questions, observer).go();
  if (memory.misses() != holes && orphans->given()) {
    orphans->withheld_ =
        fmt::format("memory is missing in the target, at {:#x} for one", memory.firstMiss());
  }
  return orphans;
}

}  // namespace parked::proof
