#include "golang/timers.h"

#include "golang/channels.h"
#include "golang/clock.h"

namespace parked::golang {

namespace {

// timer.status up to 1.22
enum : std::uint32_t {
  kDeleted = 3,
  kRemoving = 4,
  kRemoved = 5,
  kModifying = 6,
  kModifiedEarlier = 7,
  kModifiedLater = 8,
  kMoving = 9,
};
// An eface is {type, data}: fixed by the language's implementation.
constexpr std::uint32_t kEfaceData = 8;

bool isContextDeadline(std::string_view callback) {
  // The closure of context.WithDeadline (WithDeadlineCause since 1.21); a copy of it carries the
  // name of the function it was inlined into.
  return callback.find("WithDeadline.func") != std::string_view::npos ||
         callback.find("WithDeadlineCause.func") != std::string_view::npos;
}

}  // namespace

TimerReader::TimerReader(Access& access)
    : access_(access), layout_(schema::TimerLayout::of(access.layouts, missing_)) {}

void TimerReader::notePassed(const Read& read, Clock& clock) {
  const Timer& timer = read.timer;
  if (timer.period <= 0 || timer.when <= timer.period || read.fake || read.changing) return;
  golang::notePassed(clock, timer.when - timer.period);
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
  const image::Object object = image::readObject(access_.memory, address, layout_.size);
  if (!object || address % sizeof(Addr) != 0) return std::nullopt;
  Read result;
  Timer& timer = result.timer;
  timer.address = address;
  timer.when = object[layout_.when];
  timer.period = object[layout_.period];
  if (layout_.state) {
    // Since 1.23 stopping and firing for the last time set `when` to 0. (The zombie bit is no
    // criterion: a channel timer that nobody listens to has it, too, and comes back.) `when` is the
    // timer's own; the heap's copy lags behind while the timer is marked modified.
    timer.stopped = timer.when <= 0;
    result.changing = mutexHeld(object[layout_.lock]);
    result.owner = object[layout_.timers];
    result.fake = object[layout_.isFake] != 0;
  } else {
    const std::uint32_t status = object[layout_.status];
    result.changing = status == kModifying || status == kMoving;
    timer.stopped = status == kDeleted || status == kRemoving || status == kRemoved;
    if (status == kModifiedEarlier || status == kModifiedLater)
      timer.when = object[layout_.nextWhen];
    result.owner = object[layout_.p];
  }
  timer.argument = object[image::Field<Addr>{layout_.argument + kEfaceData}];
  // A func value points at its code's address.
  if (const Addr value = object[layout_.function]; value != 0)
    access_.memory.read(value, timer.function);
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

}  // namespace parked::golang
