// The timer heaps of all Ps. Mirrors runtime/time.go: addtimer, dodeltimer, siftupTimer,
// adjusttimers (up to 1.22); timers.addHeap, deleteMin, adjust, siftUp (since 1.23).
#include <cstring>
#include <span>

#include "golang/channels.h"
#include "golang/timers.h"

namespace parked::golang {

namespace {

// A slice is {array, len, cap}: fixed by the language's implementation.
constexpr std::uint32_t kSliceLength = 8;
constexpr std::uint64_t kMaxTimers = 1 << 28;  // per P; more cannot be addressed sensibly
constexpr std::uint64_t kMaxPs = 1 << 16;

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
    return reader_.usable() && set_ != image::Field<Addr>::kAbsent && entrySize_ != 0 &&
           entryTimer_.exists();
  }
  void readHeap(Addr p, std::int32_t number);
  void readEntries(const Entries& entries);

  Snapshot& snapshot_;
  Access& access_;
  TimerReader reader_;
  bool modern_ = false;     ///< since 1.23: p.timers is a struct whose heap is a []timerWhen
  std::uint32_t set_ = 0;   ///< of p.timers, up to 1.22 a []*timer
  std::uint32_t heap_ = 0;  ///< of the slice
  std::uint32_t entrySize_ = sizeof(Addr);
  image::Field<Addr> entryTimer_{0};
  image::Field<std::uint32_t> counted_;  ///< how many there are, kept beside the heap
  image::Field<std::uint64_t> lock_;
  AddrMap seen_;  ///< a timer is in one place of one heap; the P's number
};

HeapReader::HeapReader(Snapshot& snapshot, Access& access)
    : snapshot_(snapshot), access_(access), reader_(access) {
  std::vector<std::string> missing;
  image::Binder p(access.layouts, "runtime.p", missing);
  set_ = p.offsetOf("timers", true);
  const std::uint32_t modernHeap = p.offsetOf("timers.heap", false);
  modern_ = modernHeap != image::Field<Addr>::kAbsent;
  heap_ = modern_ ? modernHeap : set_;
  p.optional(counted_, "timers.len", "numTimers");
  p.optional(lock_, "timers.mu.key", "timersLock.key");
  if (!modern_) return;
  image::Binder entry(access.layouts, "runtime.timerWhen", missing);
  entry.required(entryTimer_, "timer");
  entrySize_ = entry.size();
}

void HeapReader::readAll() {
  const Addr allp = access_.variable("runtime.allp");
  Addr array = 0;
  std::uint64_t count = 0;
  if (!usable() || allp == 0 || !access_.memory.read(allp, array) ||
      !access_.memory.read(allp + kSliceLength, count) || count > kMaxPs) {
    snapshot_.loseRoot("timers", "runtime.allp or the layout of its timers was not found", allp);
    return;
  }
  if (count < snapshot_.gomaxprocs) {
    snapshot_.loseRootForNow("timers", "the list of Ps is shorter than the runtime says", allp);
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    Addr p = 0;
    if (!access_.memory.read(array + i * sizeof(Addr), p)) {
      snapshot_.loseRoot("timers", "the list of Ps is not readable", array);
      return;
    }
    // 0: allp has grown, the P is not made yet.
    if (p != 0) readHeap(p, static_cast<std::int32_t>(i));
  }
}

void HeapReader::readHeap(Addr p, std::int32_t number) {
  Addr start = 0;
  std::uint64_t length = 0;
  if (!access_.memory.read(p + heap_, start) ||
      !access_.memory.read(p + heap_ + kSliceLength, length) || length > kMaxTimers) {
    snapshot_.loseRoot("timers", "a P's timer heap is not readable", p);
    return;
  }
  std::uint32_t least = 0;
  std::uint64_t key = 0;
  const bool lockKnown = lock_ && access_.memory.read(p + lock_.offset, key);
  const bool locked = lockKnown && mutexHeld(key);
  if (counted_ && lockKnown && access_.memory.read(p + counted_.offset, least) && length < least &&
      !locked) {
    snapshot_.loseRoot("timers", "a timer heap is shorter than the runtime says", p);
  }
  if (length == 0) return;
  const auto bytes = access_.memory.bytes(start, length * entrySize_);
  if (bytes.empty()) {
    snapshot_.loseRoot("timers", "a P's timer heap is not readable", p);
    return;
  }
  readEntries({modern_ ? p + set_ : p, start, bytes, number, locked});
}

/// Whoever holds the heap's lock moves one entry at a time. Of what is normal then, each can be
/// there once: an entry that stands twice, as another was lifted out to make room (sift up and
/// down; the last one that takes the place of a deleted one); the last entry empty, before it is
/// written or cut off; a timer that no longer says it is in the heap, just before it is taken out.
/// The one that was lifted out is on that thread's stack or in its registers, which the proof
/// takes whole.
void HeapReader::readEntries(const Entries& entries) {
  bool twice = false, empty = false, leaving = false;
  for (std::size_t at = 0; at < entries.bytes.size(); at += entrySize_) {
    const Addr timer =
        image::Object(entries.start + at, entries.bytes.subspan(at, entrySize_))[entryTimer_];
    const bool last = at + entrySize_ == entries.bytes.size();
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
