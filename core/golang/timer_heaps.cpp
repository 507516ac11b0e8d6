#include "golang/timer_heaps.h"

#include <cstring>
#include <span>

#include "golang/channels.h"
#include "golang/timers.h"
#include "schema/p.h"
#include "schema/slice.h"

namespace parked::golang {

namespace {

constexpr std::uint64_t kMaxTimers = 1 << 28;  // per P; more cannot be addressed sensibly

class HeapReader {
 public:
  HeapReader(Snapshot& snapshot, Access& access);
  void readAll();

 private:
  struct Entries {
    Addr owner = 0;  ///< what the timers must name as the set they are in
    Addr start = 0;
    std::span<const std::byte> bytes;
    std::int32_t p = 0;
    bool locked = false;
  };
  bool usable() const {
    return reader_.usable() && p_.timers != schema::PLayout::kAbsent && entry_.size != 0 &&
           entry_.timer.exists();
  }
  void readHeap(Addr p, std::int32_t number);
  void readEntries(const Entries& entries);

  Snapshot& snapshot_;
  Access& access_;
  TimerReader reader_;
  schema::PLayout p_;
  schema::TimerEntryLayout entry_;
  AddrMap seen_;  ///< a timer is in one place of one heap; the P's number
};

HeapReader::HeapReader(Snapshot& snapshot, Access& access)
    : snapshot_(snapshot),
      access_(access),
      reader_(access),
      p_(schema::PLayout::of(access.layouts)),
      entry_(schema::TimerEntryLayout::of(access.layouts, p_.timersAreSet())) {}

void HeapReader::readAll() {
  const Addr allp = access_.variable("runtime.allp");
  const auto list =
      usable() && allp != 0 ? schema::PList::read(access_.memory, allp) : std::nullopt;
  if (!list) {
    snapshot_.loseRoot("timers", "runtime.allp or the layout of its timers was not found", allp);
    return;
  }
  if (list->size() < snapshot_.gomaxprocs) {
    snapshot_.loseRootForNow("timers", "the list of Ps is shorter than the runtime says", allp);
  }
  for (std::uint64_t i = 0; i < list->size(); ++i) {
    const auto p = list->at(i);
    if (!p) {
      snapshot_.loseRoot("timers", "the list of Ps is not readable", list->data());
      return;
    }
    if (*p != 0) readHeap(*p, static_cast<std::int32_t>(i));
  }
}

void HeapReader::readHeap(Addr p, std::int32_t number) {
  schema::Slice heap;
  if (!schema::readSlice(access_.memory, p + p_.timerHeap, heap) || heap.length > kMaxTimers) {
    snapshot_.loseRoot("timers", "a P's timer heap is not readable", p);
    return;
  }
  std::uint32_t least = 0;
  std::uint64_t key = 0;
  const bool lockKnown = p_.timersLock && access_.memory.read(p + p_.timersLock.offset, key);
  const bool locked = lockKnown && mutexHeld(key);
  if (p_.timersCount && lockKnown && access_.memory.read(p + p_.timersCount.offset, least) &&
      heap.length < least && !locked) {
    snapshot_.loseRoot("timers", "a timer heap is shorter than the runtime says", p);
  }
  if (heap.length == 0) return;
  const auto bytes = access_.memory.bytes(heap.data, heap.length * entry_.size);
  if (bytes.empty()) {
    snapshot_.loseRoot("timers", "a P's timer heap is not readable", p);
    return;
  }
  readEntries({p_.timersAreSet() ? p + p_.timers : p, heap.data, bytes, number, locked});
}

/// Whoever holds the heap's lock moves one entry at a time. Of what is normal then, each can be
/// there once: an entry that stands twice, as another was lifted out to make room (sift up and
/// down; the last one that takes the place of a deleted one); the last entry empty, before it is
/// written or cut off; a timer that no longer says it is in the heap, just before it is taken out.
/// The one that was lifted out is on that thread's stack or in its registers, which the proof
/// takes whole.
void HeapReader::readEntries(const Entries& entries) {
  bool twice = false, empty = false, leaving = false;
  for (std::size_t at = 0; at < entries.bytes.size(); at += entry_.size) {
    const Addr timer =
        image::Object(entries.start + at, entries.bytes.subspan(at, entry_.size))[entry_.timer];
    const bool last = at + entry_.size == entries.bytes.size();
    if (entries.locked && timer == 0 && last && !empty) {
      empty = true;
      continue;
    }
    auto read = reader_.read(timer);
    if (read && read->owner == 0 && entries.locked && !leaving && !seen_.contains(timer)) {
      leaving = true;
      continue;
    }
    const bool known = read && read->owner == entries.owner;
    if (known && entries.locked && !twice &&
        seen_.find(timer) == static_cast<std::uint32_t>(entries.p)) {
      twice = true;
      continue;
    }
    if (!known || !seen_.insert(timer, static_cast<std::uint32_t>(entries.p))) {
      constexpr std::string_view kDamage = "an entry of a timer heap is damaged";
      if (entries.locked) {
        snapshot_.loseRootForNow("timers", kDamage, entries.start + at);
      } else {
        snapshot_.loseRoot("timers", kDamage, entries.start + at);
      }
      continue;
    }
    TimerReader::notePassed(*read, snapshot_.clock);
    if (read->fake) continue;
    read->timer.p = entries.p;
    snapshot_.timers.push_back(read->timer);
  }
  if (twice || empty || leaving) {
    snapshot_.momentary.add("timers", "a timer heap was being changed", entries.start);
  }
}

}  // namespace

void readTimers(Snapshot& snapshot, Access& access) { HeapReader(snapshot, access).readAll(); }

void readTimers(Snapshot& snapshot) {
  ImageCode code(*snapshot.image);
  ImageAccess access(*snapshot.image, code);
  readTimers(snapshot, access);
}

}  // namespace parked::golang
