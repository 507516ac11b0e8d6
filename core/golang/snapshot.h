// The snapshot: everything read from the runtime in one pass, as flat arrays with indices for
// references. Immutable once built; every analysis and renderer shares it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/incomplete.h"
#include "base/intern.h"
#include "base/observer.h"
#include "golang/death.h"
#include "golang/object_kind.h"
#include "golang/reason_class.h"
#include "golang/status.h"
#include "image/image.h"
#include "target/target.h"

namespace parked::golang {

/// Index into one of the snapshot's arrays.
using Index = std::uint32_t;
inline constexpr Index kNone = 0xffffffff;

struct Reason {
  StringId text = kEmptyString;  ///< as Go prints it: "chan receive", "select (no cases)"
  ReasonClass kind = ReasonClass::none;
  bool durable = false;  ///< a synctest bubble's variant ("(durable)", "(synctest)")
};

/// A stack, stored once for all goroutines that have the same pcs.
struct Stack {
  std::uint32_t first = 0;  ///< into Snapshot::pcs
  std::uint32_t count = 0;
  bool truncated = false;  ///< unwinding stopped early: unknown pc, hole, or frame limit
};

/// The id of the goroutine that runs main.main.
inline constexpr std::uint64_t kMainGoroutine = 1;

/// A physical frame's pc. `exact`: the pc is where execution stands (innermost, or interrupted by
/// a signal); otherwise it is a return address and the call is at pc-1.
struct FramePc {
  std::uint64_t pc : 63;
  std::uint64_t exact : 1;

  /// Inside of the instruction that execution stands at or that made the call.
  Addr inside() const { return exact != 0 ? pc : pc - 1; }
};

struct Goroutine {
  Addr address = 0;  ///< of the g
  std::uint64_t id = 0;
  std::uint64_t parentId = 0;  ///< creator's goid, 0 before 1.21 or if there is none
  Addr stackLo = 0, stackHi = 0;
  Addr sp = 0, pc = 0;              ///< where its stack was unwound from
  Addr link = 0;                    ///< the link register then, where there is one
  Addr startPc = 0, creatorPc = 0;  ///< g.startpc, g.gopc (0: none)
  std::int64_t waitSince =
      0;                  ///< g.waitsince; when it was blocked for certain: blockedAt(clock, …)
  Addr waitingSudog = 0;  ///< g.waiting
  Addr param = 0;
  Addr m = 0;
  Index stack = kNone;   ///< into Snapshot::stacks
  Index thread = kNone;  ///< into Target::threads(), when it runs on one
  Index firstWait = 0;   ///< its waits are waits[firstWait, firstWait+waitCount)
  std::uint16_t waitCount = 0;
  std::uint16_t reason = 0;  ///< into Snapshot::reasons; meaningful when waiting or leaked
  Index labels = kNone;      ///< into Snapshot::labelSets
  std::uint32_t bubble = 0;  ///< synctest bubble as Go's traceback numbers it, 0: none
  Status status = Status::unknown;
  bool scan = false;    ///< the GC held its _Gscan bit
  bool system = false;  ///< by the runtime's own rule (runtime.isSystemGoroutine)
  bool lockedToThread = false;
  bool selectDone = false;  ///< g.selectDone: a waker has already won
  bool inFlux = false;      ///< it went on while it was read: what was read may be of two moments

  /// Its stack may be half moved (runtime/stack.go, copystack): by itself, as it grows, or by the
  /// collector, which holds the scan bit. Pointers into it may lead to where it was before.
  bool stackMoves() const { return scan || status == Status::copystack; }
};

struct Wait {
  Index goroutine = kNone;
  ObjectKind kind = ObjectKind::unknown;
  WaitOp op = WaitOp::none;
  bool queued =
      false;  ///< the sudog was found in the object's own queue (a waker is not in flight)
  bool inSelect = false;
  std::int16_t caseIndex = -1;  ///< select: index in source order if it could be told, else -1
  Index object = kNone;
  Addr address = 0;  ///< of the object (channel, lock, semaphore word, pollDesc, timer), 0 if none
  Addr sudog = 0;    ///< 0 if none
  StringId note = kEmptyString;  ///< why the object is unknown or doubtful
};

struct Channel {
  Addr address = 0;
  std::uint64_t length = 0;    ///< qcount
  std::uint64_t capacity = 0;  ///< dataqsiz (0 for a synchronous timer channel, as Go reports it)
  std::uint32_t elementSize = 0;
  StringId elementType = kEmptyString;  ///< "int", "*main.job"; "" if it could not be read
  Addr elementTypeAddress = 0;
  bool closed = false;
  bool locked = false;      ///< hchan.lock was held: the queues may be half-updated
  bool queuesRead = false;  ///< both queues were walked to their end
  std::uint32_t senders = 0, receivers = 0;  ///< goroutines in sendq, recvq
  Addr timer = 0;                            ///< hchan.timer (1.23+), 0 if none
};

/// A lock-like object behind a semaphore or notify list, with its decoded state.
struct Lock {
  Addr address = 0;  ///< of the sync object's base (sync.Mutex, sync.RWMutex, …)
  ObjectKind kind = ObjectKind::semaphore;
  Addr semaphore = 0;         ///< address of the semaphore word, 0 for Cond
  std::uint32_t waiters = 0;  ///< goroutines found waiting on it (all its semaphores)
  // mutex (and the inner writer mutex of an RWMutex)
  bool mutexLocked = false, mutexWoken = false, mutexStarving = false;
  std::uint32_t mutexWaiters = 0;
  // rwMutex
  std::int64_t readers = 0;     ///< readers holding it
  bool writerPending = false;   ///< a writer holds it or waits for the readers to leave
  std::int64_t readerWait = 0;  ///< readers the pending writer still waits for
  // waitGroup
  std::int64_t counter = 0;
  std::uint32_t groupWaiters = 0;
  // cond
  std::uint32_t condWait = 0, condNotify = 0;
  bool decoded = false;  ///< the state fields above are valid
};

enum class TimerKind : std::uint8_t {
  unknown,
  afterFunc,
  ticker,
  timer,
  sleep,
  contextDeadline,
  netDeadline,
  runtimeInternal,
};

struct Timer {
  Addr address = 0;
  std::int32_t p = -1;      ///< P whose heap holds it; -1: found elsewhere (idle channel timer)
  std::int64_t when = 0;    ///< monotonic ns
  std::int64_t period = 0;  ///< ns, 0 if one-shot
  TimerKind kind = TimerKind::unknown;
  bool stopped = false;     ///< deleted/zombie: still in the heap but will not fire
  Addr function = 0;        ///< code address of timer.f
  Addr callback = 0;        ///< code address of the user's function (AfterFunc), 0 if none
  Addr closure = 0;         ///< its closure object
  Addr argument = 0;        ///< data word of timer.arg
  Addr channel = 0;         ///< for ticker/timer: the channel
  Index goroutine = kNone;  ///< sleep: who sleeps
};

/// A pollDesc: a file descriptor known to the network poller (runtime/netpoll.go).
struct PollFd {
  Addr address = 0;
  std::int64_t fd = -1;
  Addr reader = 0, writer = 0;                       ///< waiting g, 0 if none
  std::int64_t readDeadline = 0, writeDeadline = 0;  ///< monotonic ns; 0 none; <0 expired
};

struct Labels {
  std::vector<std::pair<std::string, std::string>> pairs;
};

/// What "now" is in the target's monotonic clock, and where that comes from.
struct Clock {
  std::int64_t now = 0;         ///< best estimate, ns; 0 if unknown
  std::int64_t lowerBound = 0;  ///< certainly not later than this: sound basis of "at least"
  std::int64_t started = 0;     ///< runtime.runtimeInitTime
  std::int64_t lastGc = 0;      ///< start or end of the last GC, 0 if none ran
  std::uint32_t gcCount = 0;
  std::vector<std::int64_t> gcEnds;  ///< when the last GCs ended, monotonic ns, oldest first
  std::string source;  ///< "clock of the machine", "core file's time and last GC", "lower bound"
};

struct Snapshot {
  image::Image* image = nullptr;
  StringTable strings;

  std::vector<Goroutine> goroutines;  ///< all but dead ones, in order of goid
  std::vector<Stack> stacks;
  std::vector<FramePc> pcs;
  std::vector<Reason> reasons;  ///< by the target's number
  std::vector<Wait> waits;
  std::vector<Channel> channels;  ///< every channel somebody waits on, in order of address
  std::vector<Lock> locks;
  std::vector<Timer> timers;
  std::vector<PollFd> fds;
  std::vector<Labels> labelSets;
  std::uint64_t deadGoroutines = 0;
  std::uint64_t unreadGoroutines = 0;  ///< listed, dead or not, but not in the target's memory
  std::uint32_t gomaxprocs = 0;
  bool gcRunning = false;
  /// The user asked to stop (Observer::cancelled): goroutines or stacks are missing, and no waits
  /// were read. `incomplete` says so, too.
  bool interrupted = false;
  Clock clock;
  IncompleteList incomplete;
  /// What could not be read because the program was just changing it, as a running program always
  /// does somewhere, and no verdict rests on.
  IncompleteList momentary;
  /// Something that is normal for a moment cost a part of the answer: a process is looked at again.
  bool passing = false;
  /// What was not readable of those that can run or will wake somebody; "" if all was. Nothing can
  /// be proved then: what they hold is not known.
  std::string lostRoot;
  std::vector<Panicking> panicking;  ///< in order of their goroutines
  /// What the program is dying of or died of; nullopt if of nothing, as far as is known.
  std::optional<Crash> crash;

  /// Counts damage that leaves a root of the proof unknown.
  void loseRoot(std::string_view what, std::string_view detail, Addr address) {
    incomplete.add(what, detail, address);
    if (lostRoot.empty()) lostRoot.append(what).append(": ").append(detail);
  }
  /// The same where it may be no damage, but a state that lasts for a moment.
  void loseRootForNow(std::string_view what, std::string_view detail, Addr address) {
    loseRoot(what, detail, address);
    passing = true;
  }

  std::span<const FramePc> frames(const Goroutine& g) const {
    if (g.stack == kNone) return {};
    const Stack& stack = stacks[g.stack];
    return {pcs.data() + stack.first, stack.count};
  }
  std::span<const Wait> waitsOf(const Goroutine& g) const {
    return {waits.data() + g.firstWait, g.waitCount};
  }
  /// Of the reason that it waits for; none if that was damaged.
  ReasonClass reasonOf(const Goroutine& g) const {
    return g.reason < reasons.size() ? reasons[g.reason].kind : ReasonClass::none;
  }
  const Goroutine* byId(std::uint64_t id) const;
};

/// Reads the whole snapshot. Fails only when nothing can be said at all (no allgs); every smaller
/// damage is counted in Snapshot::incomplete. Interrupted, it gives what it has
/// (Snapshot::interrupted); ErrorCode::interrupted if that is nothing.
Result<std::unique_ptr<Snapshot>> takeSnapshot(image::Image& image, Observer* observer,
                                               Timings* timings);

}  // namespace parked::golang
