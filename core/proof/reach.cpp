#include "proof/reach.h"

#include <algorithm>
#include <tuple>

#include "base/progress.h"
#include "proof/candidates.h"

namespace parked::proof {

namespace {}  // namespace

Reach::Reach(const golang::Snapshot& snapshot, const heap::Heap& heap, const Options& options)
    : snapshot_(snapshot),
      heap_(heap),
      options_(options),
      types_(*snapshot.image),
      pointers_(heap_, types_),
      stacks_(snapshot),
      gs_(snapshot.goroutines.size()) {
  for (Index i = 0; i < snapshot.goroutines.size(); ++i) {
    gs_.insert(snapshot.goroutines[i].address, i);
    if (!options_.wake) continue;
    for (const golang::Wait& wait : snapshot.waitsOf(snapshot.goroutines[i])) {
      if (!isWatched(wait.kind)) continue;
      if (const ObjectRef object = heap_.find(wait.address)) {
        waiters_.emplace_back(heap_.slot(object), i);
      }
    }
  }
  std::ranges::sort(waiters_);
}

bool Reach::follow(std::span<const Index> goroutines, Observer* observer) {
  places_ = golang::AddrMap();
  owners_.clear();
  next_.clear();
  Progress progress(observer);
  for (std::size_t i = 0; i < goroutines.size(); ++i) {
    if (!progress.step()) return false;
    if (i + StackRoots::kAhead < goroutines.size()) {
      stacks_.prefetch(snapshot_.goroutines[goroutines[i + StackRoots::kAhead]]);
    }
    addGoroutine(snapshot_.goroutines[goroutines[i]], goroutines.subspan(i, 1));
  }
  for (unsigned steps = 0; !next_.empty() && steps < options_.steps; ++steps) {
    if (progress.stopped()) return false;
    step();
  }
  return true;
}

const Reach::Owners* Reach::find(Addr address) const {
  const ObjectRef object = heap_.find(address);
  if (!object) return nullptr;
  const std::uint32_t place = places_.find(heap_.address(object));
  return place == golang::AddrMap::kMissing ? nullptr : &owners_[place];
}

std::span<const Index> Reach::of(Addr address) const {
  const Owners* owners = find(address);
  if (owners == nullptr) return {};
  return {owners->first.data(), owners->count};
}

bool Reach::byMore(Addr address) const {
  const Owners* owners = find(address);
  return owners != nullptr && owners->more;
}

void Reach::add(Addr pointer, std::span<const Index> owners) {
  const ObjectRef object = heap_.find(pointer);
  if (!object || (options_.notMarked != nullptr && options_.notMarked->isMarked(object))) return;
  if (!heap_.allocated(object) || gs_.contains(heap_.address(object))) return;
  const Owners* known = find(pointer);
  if (known != nullptr && known->more) return;
  for (const Index owner : owners) next_.push_back({heap_.slot(object), object, owner});
}

/// What its stack, its deferred calls and its queue entries hold.
void Reach::addGoroutine(const golang::Goroutine& goroutine, std::span<const Index> owners) {
  (void)stacks_.read(goroutine, held_);
  for (const HeldPointer& pointer : held_) add(pointer.value, owners);
  if (const ObjectRef g = heap_.find(goroutine.address)) {
    (void)pointers_.visit(g, [&](Addr, Addr value) { add(value, owners); });
  }
  for (const golang::Wait& wait : snapshot_.waitsOf(goroutine)) {
    if (isWatched(wait.kind)) add(wait.address, owners);
  }
}

/// All arrivals of a step are counted before any object is gone through: whether it is shared does
/// not depend on who came first.
void Reach::step() {
  now_.clear();
  std::swap(now_, next_);
  const auto key = [](const Arrival& arrival) { return std::tie(arrival.slot, arrival.owner); };
  std::ranges::sort(now_, {}, key);
  std::vector<Index> fresh;
  for (std::size_t i = 0; i < now_.size();) {
    const Arrival& arrival = now_[i];
    const Addr address = heap_.address(arrival.object);
    if (places_.insert(address, static_cast<std::uint32_t>(owners_.size()))) owners_.emplace_back();
    Owners& owners = owners_[places_.find(address)];
    fresh.clear();
    for (; i < now_.size() && now_[i].slot == arrival.slot; ++i) {
      const Index owner = now_[i].owner;
      const auto end = owners.first.begin() + owners.count;
      if (std::find(owners.first.begin(), end, owner) != end) continue;
      if (owner != kNone && owners.count < kOwners) {
        owners.first[owners.count++] = owner;
        fresh.push_back(owner);
      } else if (!owners.more) {
        owners.more = true;
        fresh.push_back(kNone);
      }
    }
    if (!fresh.empty() && !(options_.ownOnly && owners.more)) expand(arrival, fresh);
  }
}

void Reach::expand(const Arrival& arrival, std::span<const Index> owners) {
  // What cannot be parsed is what the proof has counted already.
  (void)pointers_.visit(arrival.object, [&](Addr, Addr value) { add(value, owners); });
  const Waiter from{arrival.slot, 0};
  for (auto it = std::ranges::lower_bound(waiters_, from);
       it != waiters_.end() && it->first == arrival.slot; ++it) {
    addGoroutine(snapshot_.goroutines[it->second], owners);
  }
}

}  // namespace parked::proof
