#include "golang/timers.h"

#include <cstring>

#include "golang/channels.h"

namespace parked::golang {

namespace {

// timer.status up to 1.22
enum : std::uint32_t {
  kDeleted = 3,
  kRemoving = 4,
  kRemoved = 5,
  kModifiedEarlier = 7,
  kModifiedLater = 8,
};
// An eface is {type, data}; a slice {array, len, cap}: fixed by the language's implementation.
constexpr std::uint32_t kEfaceData = 8;
constexpr std::uint32_t kSliceLength = 8;

constexpr std::uint64_t kMaxTimers = 1 << 28;  // per P; more cannot be addressed sensibly
constexpr std::uint64_t kMaxPs = 1 << 16;

bool isContextDeadline(std::string_view callback) {
  // The closure of context.WithDeadline (WithDeadlineCause since 1.21); a copy of it carries the
  // name of the function it was inlined into.
  return callback.find("WithDeadline.func") != std::string_view::npos ||
         callback.find("WithDeadlineCause.func") != std::string_view::npos;
}

}  // namespace

TimerReader::TimerReader(Access& access) : access_(access) {
  image::Binder binder(access.layouts, "runtime.timer", missing_);
  size_ = binder.size();
  binder.required(when_, "when");
  binder.required(period_, "period");
  binder.required(function_, "f");
  argument_ = binder.offsetOf("arg", true);
  binder.optional(nextWhen_, "nextwhen");
  binder.optional(status_, "status");
  binder.optional(p_, "pp");
  binder.optional(state_, "state");
  binder.optional(timers_, "ts");
  binder.optional(isFake_, "isFake");
  if (!state_ && !status_) missing_.emplace_back("runtime.timer.state");
}

TimerKind TimerReader::kindOf(Addr function) {
  if (const auto known = kinds_.find(function); known != AddrMap::kMissing) {
    return static_cast<TimerKind>(known);
  }
  const std::string_view name = access_.code.functionAt(function);
  TimerKind kind = TimerKind::unknown;
  if (name == "time.sendTime") {
    kind = TimerKind::timer;  // or a ticker: the period tells
  } else if (name == "time.goFunc") {
    kind = TimerKind::afterFunc;
  } else if (name == "runtime.goroutineReady") {
    kind = TimerKind::sleep;
  } else if (name == "runtime.netpollDeadline" || name == "runtime.netpollReadDeadline" ||
             name == "runtime.netpollWriteDeadline") {
    kind = TimerKind::netDeadline;
  } else if (name.starts_with("runtime.")) {
    kind = TimerKind::runtimeInternal;
  }
  kinds_.insert(function, static_cast<std::uint32_t>(kind));
  return kind;
}

std::optional<TimerReader::Read> TimerReader::read(Addr address) {
  const image::Object object = image::readObject(access_.memory, address, size_);
  if (!object || address % sizeof(Addr) != 0) return std::nullopt;
  Read result;
  Timer& timer = result.timer;
  timer.address = address;
  timer.when = object[when_];
  timer.period = object[period_];
  if (state_) {
    // Since 1.23 stopping and firing for the last time set `when` to 0. (The zombie bit is no
    // criterion: a channel timer that nobody listens to has it, too, and comes back.) `when` is the
    // timer's own; the heap's copy lags behind while the timer is marked modified.
    timer.stopped = timer.when <= 0;
    result.owner = object[timers_];
    result.fake = object[isFake_] != 0;
  } else {
    const std::uint32_t status = object[status_];
    timer.stopped = status == kDeleted || status == kRemoving || status == kRemoved;
    if (status == kModifiedEarlier || status == kModifiedLater) timer.when = object[nextWhen_];
    result.owner = object[p_];
  }
  timer.argument = object[image::Field<Addr>{argument_ + kEfaceData}];
  // A func value points at its code's address.
  if (const Addr value = object[function_]; value != 0) access_.memory.read(value, timer.function);
  timer.kind = kindOf(timer.function);
  switch (timer.kind) {
    case TimerKind::timer:
      if (timer.period > 0) timer.kind = TimerKind::ticker;
      timer.channel = timer.argument;
      break;
    case TimerKind::afterFunc:
      timer.closure = timer.argument;
      if (timer.closure != 0) access_.memory.read(timer.closure, timer.callback);
      if (!contextCallbacks_.contains(timer.callback)) {
        contextCallbacks_.insert(timer.callback,
                                 isContextDeadline(access_.code.functionAt(timer.callback)));
      }
      if (contextCallbacks_.find(timer.callback) == 1) timer.kind = TimerKind::contextDeadline;
      break;
    default:
      break;
  }
  return result;
}

void readTimers(Snapshot& snapshot, Access& access) {
  TimerReader reader(access);
  std::vector<std::string> missing;
  image::Binder p(access.layouts, "runtime.p", missing);
  // Up to 1.22 p.timers is a []*timer; since 1.23 a struct whose heap is a []timerWhen.
  const std::uint32_t set = p.offsetOf("timers", true);
  const std::uint32_t modernHeap = p.offsetOf("timers.heap", false);
  const bool modern = modernHeap != image::Field<Addr>::kAbsent;
  image::Field<std::uint32_t> counted;  // how many there are, kept beside the heap
  image::Field<std::uint64_t> lock;
  p.optional(counted, "timers.len", "numTimers");
  p.optional(lock, "timers.mu.key", "timersLock.key");
  image::Binder entry(access.layouts, "runtime.timerWhen", missing);
  image::Field<Addr> entryTimer{0};
  std::uint32_t entrySize = sizeof(Addr);
  if (modern) {
    entry.required(entryTimer, "timer");
    entrySize = entry.size();
  }
  const Addr allp = access.variable("runtime.allp");
  Addr array = 0;
  std::uint64_t count = 0;
  if (!reader.usable() || set == image::Field<Addr>::kAbsent || entrySize == 0 ||
      !entryTimer.exists() || allp == 0 || !access.memory.read(allp, array) ||
      !access.memory.read(allp + kSliceLength, count) || count > kMaxPs) {
    snapshot.loseRoot("timers", "runtime.allp or the layout of its timers was not found", allp);
    return;
  }
  if (count < snapshot.gomaxprocs) {
    snapshot.loseRoot("timers", "the list of Ps is shorter than the runtime says", allp);
  }
  AddrMap seen;  // a timer is in one place of one heap
  for (std::uint64_t i = 0; i < count; ++i) {
    Addr address = 0;
    if (!access.memory.read(array + i * sizeof(Addr), address)) {
      snapshot.loseRoot("timers", "the list of Ps is not readable", array);
      return;
    }
    if (address == 0) continue;  // allp has grown, the P is not made yet
    const Addr heap = address + (modern ? modernHeap : set);
    Addr entries = 0;
    std::uint64_t length = 0;
    if (!access.memory.read(heap, entries) || !access.memory.read(heap + kSliceLength, length) ||
        length > kMaxTimers) {
      snapshot.loseRoot("timers", "a P's timer heap is not readable", address);
      continue;
    }
    std::uint32_t least = 0;
    std::uint64_t key = 0;
    if (counted && lock && access.memory.read(address + counted.offset, least) &&
        access.memory.read(address + lock.offset, key) && length < least && !mutexHeld(key)) {
      snapshot.loseRoot("timers", "a timer heap is shorter than the runtime says", address);
    }
    if (length == 0) continue;
    const auto bytes = access.memory.bytes(entries, length * entrySize);
    if (bytes.empty()) {
      snapshot.loseRoot("timers", "a P's timer heap is not readable", address);
      continue;
    }
    // What the timers of this heap must name as the set they are in.
    const Addr owner = modern ? address + set : address;
    for (std::size_t at = 0; at < bytes.size(); at += entrySize) {
      const Addr timer = image::Object(entries + at, bytes.subspan(at, entrySize))[entryTimer];
      auto read = reader.read(timer);
      if (!read || read->owner != owner || !seen.insert(timer, 0)) {
        snapshot.loseRoot("timers", "an entry of a timer heap is damaged", entries + at);
        continue;
      }
      if (read->fake) continue;
      read->timer.p = static_cast<std::int32_t>(i);
      snapshot.timers.push_back(read->timer);
    }
  }
}

void readTimers(Snapshot& snapshot) {
  ImageCode code(*snapshot.image);
  ImageAccess access(*snapshot.image, code);
  readTimers(snapshot, access);
}

}  // namespace parked::golang
