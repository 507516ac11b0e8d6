#include "leak/pairs.h"

#include <algorithm>
#include <unordered_map>

namespace parked::leak {

using golang::ObjectKind;
using golang::ReasonClass;
using golang::Status;
using golang::Wait;
using golang::WaitOp;

namespace {

/// From a connection's stack over its request to the context of that: a dozen objects at most.
constexpr unsigned kSteps = 12;

bool isLive(const golang::Snapshot& snapshot, const golang::Goroutine& goroutine) {
  if (goroutine.system) return false;
  if (golang::traitsOf(goroutine.status).active) return true;
  if (goroutine.status != Status::waiting) return false;
  const auto waits = snapshot.waitsOf(goroutine);
  if (!waits.empty()) return waits.front().kind == ObjectKind::fd;
  return snapshot.reasonOf(goroutine) == ReasonClass::ioWait;
}

/// How many wait on the same.
std::uint32_t waitersOf(const golang::Snapshot& snapshot, const Wait& wait) {
  if (wait.kind == ObjectKind::channel && wait.object < snapshot.channels.size()) {
    const golang::Channel& channel = snapshot.channels[wait.object];
    return channel.senders + channel.receivers;
  }
  return wait.object < snapshot.locks.size() ? snapshot.locks[wait.object].waiters : 0;
}

/// A lock that is held while a peer is waited for is a lock held too long, whoever holds it.
bool canPair(const Wait& wait) {
  return wait.kind == ObjectKind::channel || wait.kind == ObjectKind::waitGroup ||
         wait.kind == ObjectKind::cond;
}

/// Something that all wait for, and that not all can get: a place, a job, an answer. A signal,
/// which is given by closing a channel, is for everybody.
bool isFoughtFor(const golang::Snapshot& snapshot, const Wait& wait) {
  if (waitersOf(snapshot, wait) <= Pairs::kMost) return false;
  if (wait.kind != ObjectKind::channel || wait.op != WaitOp::receive) return true;
  if (wait.object >= snapshot.channels.size()) return true;
  const golang::Channel& channel = snapshot.channels[wait.object];
  return channel.elementSize > 0 || channel.capacity > 0;
}

}  // namespace

Pairs::Pairs(const golang::Snapshot& snapshot, const heap::Heap& heap, Observer* observer)
    : snapshot_(snapshot),
      reach_(snapshot, heap, {.ownOnly = true, .wake = true, .steps = kSteps}) {
  std::vector<Index> live;
  for (Index i = 0; i < snapshot.goroutines.size(); ++i) {
    if (isLive(snapshot, snapshot.goroutines[i])) live.push_back(i);
  }
  if (!reach_.follow(live, observer)) (void)reach_.follow({}, nullptr);
}

void Pairs::ownersOf(Index goroutine, std::vector<Index>& out) const {
  out.clear();
  const auto waits = snapshot_.waitsOf(snapshot_.goroutines[goroutine]);
  const auto foughtFor = [this](const Wait& wait) { return isFoughtFor(snapshot_, wait); };
  if (std::ranges::any_of(waits, foughtFor)) return;
  for (const Wait& wait : waits) {
    if (!canPair(wait) || waitersOf(snapshot_, wait) > kMost || reach_.byMore(wait.address)) {
      continue;
    }
    for (const Index owner : reach_.of(wait.address)) {
      if (std::ranges::find(out, owner) == out.end()) out.push_back(owner);
    }
  }
}

std::vector<Index> Pairs::of(std::span<const Index> members) const {
  std::unordered_map<Index, unsigned> reached;  // by live goroutine: how many of the members
  std::vector<Index> owners;
  for (const Index member : members) {
    ownersOf(member, owners);
    for (const Index owner : owners) ++reached[owner];
  }
  std::vector<Index> partners(members.size(), kNone);
  for (std::size_t i = 0; i < members.size(); ++i) {
    ownersOf(members[i], owners);
    const auto own = [&](Index owner) { return reached.at(owner) <= kMost; };
    const auto at = std::ranges::find_if(owners, own);
    if (at != owners.end()) partners[i] = *at;
  }
  return partners;
}

}  // namespace parked::leak
