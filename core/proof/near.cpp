#include "proof/near.h"

#include <algorithm>
#include <limits>
#include <new>

#include "base/progress.h"
#include "proof/global_roots.h"
#include "proof/machine_roots.h"

namespace parked::proof {

Near::Near(const golang::Snapshot& snapshot, const Proof& proof, bool globals)
    : snapshot_(snapshot),
      heap_(*proof.heap()),
      types_(*snapshot.image),
      pointers_(heap_, types_),
      stacks_(snapshot),
      reached_(static_cast<std::uint8_t*>(std::calloc(heap_.slots() + 1, 1))) {
  if (reached_ == nullptr) throw std::bad_alloc();
  if (!globals) return;
  const auto problem = visitGlobals(*snapshot.image, [this](Addr at, Addr value) {
    if (value != 0) globals_.push_back({at, value});
  });
  if (problem) complete_ = false;
  std::ranges::sort(globals_, {}, &Word::at);
}

void Near::watch(Addr address, std::uint32_t id) {
  const heap::ObjectRef object = heap_.find(address);
  if (!object) return;
  watches_.push_back({heap_.slot(object), id});
  watched_.insert(heap_.slot(object) + 1, 0);
  sorted_ = false;
}

void Near::bar(Addr address) {
  const heap::ObjectRef object = heap_.find(address);
  if (object) reached_[heap_.slot(object)] = std::numeric_limits<std::uint8_t>::max();
}

/// An object that is reached again with more words left is gone through again: kSteps times at
/// most.
void Near::reach(Addr pointer, std::uint8_t left) {
  const heap::ObjectRef object = heap_.find(pointer);
  if (!object) {
    reachStatic(pointer, left);
    return;
  }
  if (!heap_.allocated(object)) return;
  const std::uint64_t slot = heap_.slot(object);
  std::uint8_t& reached = reached_[slot];
  if (reached > left) return;
  if (reached == 0 && watched_.contains(slot + 1)) found_.push_back(slot);
  reached = static_cast<std::uint8_t>(left + 1);
  if (left > 0) todo_.push_back({object, left});
}

/// A variable, or what a composite literal at package level made. How large it is nobody tells, so
/// what lies behind it counts as well: who has one of several that lie side by side has them all.
void Near::reachStatic(Addr pointer, std::uint8_t left) {
  constexpr Addr kLargest = 1024;
  if (left == 0 || globals_.empty() || pointer + kLargest < globals_.front().at ||
      pointer > globals_.back().at) {
    return;
  }
  if (statics_.insert(pointer, static_cast<std::uint32_t>(staticLeft_.size()))) {
    staticLeft_.push_back(0);
  }
  std::uint8_t& reached = staticLeft_[statics_.find(pointer)];
  if (reached > left) return;
  reached = static_cast<std::uint8_t>(left + 1);
  auto word = std::ranges::lower_bound(globals_, pointer, {}, &Word::at);
  for (; word != globals_.end() && word->at < pointer + kLargest; ++word) {
    reach(word->value, static_cast<std::uint8_t>(left - 1));
  }
}

void Near::enter(Index index) {
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  if (!stacks_.read(goroutine, held_)) complete_ = false;
  for (const HeldPointer& pointer : held_) reach(pointer.value, kSteps - 1);
}

void Near::enterMachine() {
  for (const golang::Timer& timer : snapshot_.timers) {
    if (timer.stopped) continue;
    for (const Addr pointer : {timer.closure, timer.argument, timer.channel}) {
      reach(pointer, kSteps - 1);
    }
  }
  const MachineRoots roots = readMachineRoots(snapshot_);
  if (roots.problem) complete_ = false;
  for (const HeldPointer& pointer : roots.pointers) reach(pointer.value, kSteps - 1);
}

bool Near::find(std::vector<std::uint32_t>& ids, Observer* observer) {
  if (!sorted_) std::ranges::sort(watches_, {}, &Watch::slot);
  sorted_ = true;
  Progress progress(observer);
  while (!todo_.empty()) {
    if (!progress.step()) return false;
    const Step step = todo_.back();
    todo_.pop_back();
    if (reached_[heap_.slot(step.object)] > step.left + 1) continue;  // was reached better since
    const auto left = static_cast<std::uint8_t>(step.left - 1);
    if (!pointers_.visit(step.object, [&](Addr, Addr value) { reach(value, left); })) {
      complete_ = false;
    }
  }
  for (const std::uint64_t slot : found_) {
    for (const Watch& watch : std::ranges::equal_range(watches_, slot, {}, &Watch::slot)) {
      ids.push_back(watch.id);
    }
  }
  found_.clear();
  return true;
}

}  // namespace parked::proof
