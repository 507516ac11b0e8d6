#include "golang/goroutines.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/progress.h"
#include "golang/bubbles.h"
#include "golang/dead_rule.h"
#include "golang/labels.h"
#include "golang/stack_pool.h"
#include "golang/stack_start.h"
#include "golang/system_goroutine.h"
#include "golang/unwind.h"
#include "image/missing_variables.h"
#include "image/not_started.h"

namespace parked::golang {

namespace {

using image::Object;

constexpr std::uint64_t kMaxGoroutines = 1u << 31;  // an Index must hold them
// A stack is a power of two between these (runtime/stack.go: stackMin, newstack; proc.go: main,
// maxstackceiling).
constexpr std::uint64_t kMinStack = 2048, kMaxStack = std::uint64_t{1} << 31;
// A recursion a million calls deep says no more than its innermost part. All stacks together have
// a budget as well, so that overlapping stacks of a damaged target do not fill the memory; once it
// is spent, each further stack gets a few frames.
constexpr std::size_t kFrameLimit = 1 << 20;
constexpr std::size_t kFrameBudget = 1 << 27;
constexpr std::size_t kFramesOverBudget = 64;
constexpr Addr kPcMask = ~Addr{0} >> 1;  // the width of FramePc::pc

/// Free g's stay in allgs. One that is being made is dead, too, before it gets there: none is idle.
bool isDead(Status status) { return traitsOf(status).dead; }

// A big target's stacks lie scattered over gigabytes: asking for the cache lines of a later one
// while this one is unwound halves the time.
constexpr std::size_t kAhead = 8;

void prefetch(std::span<const std::byte> bytes) {
  constexpr std::size_t kLine = 64;
  for (std::size_t i = 0; i < bytes.size(); i += kLine) __builtin_prefetch(bytes.data() + i);
}

class Walker {
 public:
  Walker(Snapshot& snapshot, const schema::Layouts& layouts, Observer* observer)
      : snapshot_(snapshot),
        image_(*snapshot.image),
        layouts_(layouts),
        g_(layouts.g),
        observer_(observer),
        stopped_(image_.target().kind() != target::Kind::liveUnstopped) {}

  Result<void> collect();
  void describe();
  void unwind();

 private:
  struct Found {
    std::uint64_t goid;
    Object g;
  };

  Result<std::span<const std::byte>> allgs();
  Result<std::span<const std::byte>> wholeList();
  std::string_view reject(const Object& g) const;
  bool mayPass(const Object& g) const;
  void sortById();
  void fill(const Object& g, Goroutine& out);
  void missing(const Goroutine& goroutine, std::string_view why, bool momentary);
  bool proceed(Progress& progress) const;

  Snapshot& snapshot_;
  image::Image& image_;
  const schema::Layouts& layouts_;
  const schema::GLayout& g_;
  Observer* observer_;
  bool stopped_;  // else a g may change while it is read, and contradict itself
  std::vector<Found> found_;
};

/// False once the user asked to stop; the snapshot is marked then.
bool Walker::proceed(Progress& progress) const {
  if (!progress.step()) snapshot_.interrupted = true;
  return !snapshot_.interrupted;
}

/// The pointers of runtime.allgs, as many as are there. None is an error, but of a target that is
/// cut off: that has a report of what is left.
Result<std::span<const std::byte>> Walker::allgs() {
  auto found = wholeList();
  if (found || !image_.target().cutOff()) return found;
  snapshot_.loseRoot("goroutines", "the list of them is not in the target", found.error().address);
  return std::span<const std::byte>();
}

Result<std::span<const std::byte>> Walker::wholeList() {
  auto& memory = image_.target().memory();
  const auto symbol = image_.symbol("runtime.allgs");
  if (!symbol) {
    if (const auto missing = image::missingVariables(image_.target())) {
      return fail(ErrorCode::unreadable,
                  "the list of goroutines, runtime.allgs, was not found: " + *missing);
    }
    if (image::hasNoGoroutineYet(image_)) {
      return fail(ErrorCode::notFound, std::string(image::kNotStarted));
    }
    return fail(
        ErrorCode::unsupported,
        "the list of goroutines, runtime.allgs, was not found: the executable has no "
        "symbol for it, and nothing in the program's data looks like it, or what it leads to is "
        "not in the target's memory");
  }
  Addr data = 0;
  std::uint64_t count = 0;
  if (!memory.read(*symbol, data) || !memory.read(*symbol + 8, count)) {
    return fail(ErrorCode::unreadable, "runtime.allgs is not in the target's memory", *symbol);
  }
  if (count == 0) {
    std::string why(image::kNotStarted);
    // Variables that a core has no segment for count as never written to.
    if (target::isFile(image_.target().kind())) why += ", or the core lacks that memory";
    return fail(ErrorCode::notFound, why, *symbol);
  }
  if (count > kMaxGoroutines) {
    return fail(ErrorCode::badFormat,
                fmt::format("runtime.allgs is damaged: it claims {} goroutines", count), *symbol);
  }
  // Appended to before it is counted, and never shortened.
  std::uint64_t least = 0;
  const auto counter = image_.symbol("runtime.allglen");
  if (counter && memory.read(*counter, least) && count < least) {
    snapshot_.loseRoot("goroutines", "runtime.allgs is shorter than the runtime says", *symbol);
  }
  // The length grows before the entry is written, which is of one that is just being made.
  Addr last = 0;
  if (counter && count == least + 1 && count > 1 &&
      memory.read(data + (count - 1) * sizeof(Addr), last) && last == 0) {
    --count;
  }
  auto pointers = memory.bytes(data, count * sizeof(Addr));
  if (pointers.empty()) {
    pointers = memory.bytesUpTo(data, count * sizeof(Addr));
    snapshot_.unreadGoroutines = count - pointers.size() / sizeof(Addr);
    if (pointers.size() < sizeof(Addr)) {
      return fail(ErrorCode::unreadable,
                  fmt::format("the list of goroutines is not in the target's memory: runtime.allgs "
                              "at {:#x} has {} of them at {:#x}, which the target lacks",
                              *symbol, count, data),
                  data);
    }
    snapshot_.loseRoot("goroutines", "a part of runtime.allgs is not in the target", data);
  }
  return pointers;
}

/// Why this is no g; nullptr if it is one.
/// Why it cannot be a g; empty if it can.
std::string_view Walker::reject(const Object& g) const {
  const std::uint64_t goid = g[g_.goid];
  const Addr lo = g[g_.stackLo], hi = g[g_.stackHi];
  if (g[g_.schedG] != g.address()) return "its g does not point to itself";
  if (goid == 0 || goid >> 63 != 0) return "its id is impossible";
  if (lo == 0 || lo >= hi || hi - lo > kMaxStack || !std::has_single_bit(hi - lo) ||
      lo % kMinStack != 0) {
    return "its stack bounds are impossible";
  }
  return {};
}

/// What looks impossible may be on its way. Up to 1.23 a new goroutine is runnable before it has
/// its id (newproc1); and the bounds of a stack are two words.
bool Walker::mayPass(const Object& g) const {
  const std::uint32_t raw = g[g_.atomicStatus];
  const Status status = statusOf(raw);
  return g && ((status == Status::runnable && g[g_.goid] == 0) || status == Status::copystack ||
               status == Status::running || (raw & schema::kScanBit) != 0);
}

Result<void> Walker::collect() {
  const auto pointers = allgs();
  if (!pointers) return tl::unexpected(pointers.error());
  auto& memory = image_.target().memory();
  const std::size_t count = pointers->size() / sizeof(Addr);
  found_.reserve(count);
  DeadRule rule(image_, g_);
  std::size_t bad = 0;
  Progress progress(observer_, "goroutines", count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!proceed(progress)) break;
    Addr address = 0;
    std::memcpy(&address, pointers->data() + i * sizeof(Addr), sizeof(Addr));
    const Object g = image::readObject(memory, address, g_.size);
    std::string_view damage;
    if (!g) {
      damage = "its g is not in the target's memory";
      ++snapshot_.unreadGoroutines;
    } else {
      const Status status = statusOf(g[g_.atomicStatus]);
      if (stopped_ ? isDead(status) && rule.canBeDead(g)
                   : isDead(status) || status == Status::idle) {
        ++snapshot_.deadGoroutines;
        continue;
      }
      damage = isDead(status)              ? "it may not be dead, as its status says"
               : status == Status::unknown ? "its status is unknown"
               : status == Status::idle    ? "its status is that of none in the list"
                                           : reject(g);
    }
    if (!damage.empty()) {
      ++bad;
      snapshot_.loseRoot("goroutine", damage, address);
      snapshot_.passing = snapshot_.passing || mayPass(g);
      continue;
    }
    found_.push_back({g[g_.goid], g});
  }
  if (found_.empty() && snapshot_.interrupted) {
    return fail(ErrorCode::interrupted, "interrupted before a goroutine was read");
  }
  if (found_.empty() && bad > 0 && !image_.target().cutOff()) {
    return fail(ErrorCode::mismatch,
                fmt::format("none of the {} entries of runtime.allgs is a goroutine: the "
                            "executable is not the one that ran",
                            count));
  }
  sortById();
  return {};
}

void Walker::sortById() {
  const auto less = [](const Found& a, const Found& b) {
    return std::pair(a.goid, a.g.address()) < std::pair(b.goid, b.g.address());
  };
  if (!std::ranges::is_sorted(found_, less)) std::ranges::sort(found_, less);
  const auto repeated = std::ranges::unique(found_, {}, &Found::goid);
  for (const Found& found : repeated) {
    snapshot_.loseRoot("goroutine", "another goroutine has the same id", found.g.address());
  }
  found_.erase(repeated.begin(), repeated.end());
}

void Walker::fill(const Object& g, Goroutine& out) {
  const std::uint32_t raw = g[g_.atomicStatus];
  out.address = g.address();
  out.id = g[g_.goid];
  out.parentId = g[g_.parentGoid];
  out.stackLo = g[g_.stackLo];
  out.stackHi = g[g_.stackHi];
  out.sp = g[g_.schedSp];  // where most are unwound from
  out.startPc = g[g_.startPc];
  out.creatorPc = g[g_.gopc];
  out.waitingSudog = g[g_.waiting];
  out.param = g[g_.param];
  out.m = g[g_.m];
  out.status = statusOf(raw);
  out.scan = (raw & schema::kScanBit) != 0;
  out.lockedToThread = g[g_.lockedM] != 0;
  out.selectDone = g[g_.selectDone] != 0;
  // Elsewhere both keep the values of an earlier wait.
  if (isBlocked(out.status) || out.status == Status::syscall) out.waitSince = g[g_.waitSince];
  if (isBlocked(out.status)) {
    const std::uint8_t reason = g[g_.waitReason];
    out.reason = reason < snapshot_.reasons.size() ? reason : std::uint16_t{0};
  }
}

/// Is not interrupted: it is quick, and what was found is worth nothing without.
void Walker::describe() {
  SystemRule rule(image_);
  const BubbleReader bubbles(image_, g_);
  LabelReader labels(snapshot_);
  snapshot_.goroutines.resize(found_.size());
  for (std::size_t i = 0; i < found_.size(); ++i) {
    const Object& g = found_[i].g;
    Goroutine& goroutine = snapshot_.goroutines[i];
    fill(g, goroutine);
    goroutine.system = rule.isSystem(goroutine.startPc, g, g_);
    goroutine.labels = labels.read(g[g_.labels]);
    goroutine.bubble = static_cast<std::uint32_t>(bubbles.read(g));
    if (g[g_.panic] != 0) {
      snapshot_.panicking.push_back({.goroutine = static_cast<Index>(i),
                                     .panics = {Panic{.address = g[g_.panic]}},
                                     .deferred = {g[g_.deferred]}});
    }
    // Set before the status when a system call begins, cleared after it at the end.
    if (goroutine.status == Status::syscall && g[g_.syscallSp] == 0 && stopped_) {
      snapshot_.loseRoot("goroutine", "it may not be in a system call, as its status says",
                         goroutine.address);
    }
  }
}

/// Of one that can run anyhow, a stack that is not readable for a moment costs only its frames: its
/// verdict does not rest on them, and the proof takes every word of such a stack.
void Walker::missing(const Goroutine& goroutine, std::string_view why, bool momentary) {
  if (momentary && !isBlocked(goroutine.status)) {
    snapshot_.momentary.add("stack", why, goroutine.address);
    return;
  }
  snapshot_.incomplete.add("stack", why, goroutine.address);
  snapshot_.passing = true;
}

/// Stops when the user asks: the rest has no stack then, as if it were not readable.
void Walker::unwind() {
  Unwinder unwinder(image_);
  StackStarts starts(image_, layouts_, unwinder);
  StackPool pool(snapshot_);
  std::vector<Frame> frames;
  std::vector<FramePc> pcs;
  std::size_t unwound = 0;
  auto& memory = image_.target().memory();
  constexpr std::size_t kInnermost = 512;  // bytes of stack that the frames of most waits span
  Progress progress(observer_, "stacks", found_.size());
  for (std::size_t i = 0; i < found_.size(); ++i) {
    if (!proceed(progress)) {
      snapshot_.goroutines[i].sp = 0;
      continue;
    }
    if (i + kAhead < found_.size()) {
      prefetch(memory.viewUpTo(snapshot_.goroutines[i + kAhead].sp, kInnermost));
    }
    Goroutine& goroutine = snapshot_.goroutines[i];
    const StackStart from = starts.find(goroutine, found_[i].g);
    goroutine.thread = from.thread;
    if (from.problem) {
      goroutine.sp = 0;
      missing(goroutine, *from.problem, from.momentary);
      continue;
    }
    goroutine.pc = from.start.pc;
    goroutine.sp = from.start.sp;
    goroutine.link = from.start.lr;
    frames.clear();
    const std::size_t left = unwound < kFrameBudget ? kFrameBudget - unwound : 0;
    const UnwindEnd end =
        unwinder.unwind(from.start, frames, std::clamp(left, kFramesOverBudget, kFrameLimit));
    unwound += frames.size();
    // What is beyond the limit is left out on purpose; no answer but the stack itself needs it.
    const bool leftOut = end == UnwindEnd::limit && frames.size() == kFrameLimit;
    if (end != UnwindEnd::top && !leftOut) {
      missing(goroutine, golang::describe(end), end == UnwindEnd::stackSwitched);
    } else if (!leftOut && !memory.contains(goroutine.stackHi - 1)) {
      snapshot_.incomplete.add("stack", "it ends outside of the target's memory",
                               goroutine.address);
    }
    pcs.resize(frames.size());
    std::ranges::transform(frames, pcs.begin(), [](const Frame& frame) {
      return FramePc{.pc = frame.pc & kPcMask, .exact = frame.exact};
    });
    goroutine.stack = pool.add(pcs, end != UnwindEnd::top);
  }
}

}  // namespace

Result<void> readGoroutines(Snapshot& snapshot, const schema::Layouts& layouts, Observer* observer,
                            Timings* timings) {
  Walker walker(snapshot, layouts, observer);
  {
    Timings::Scope scope(timings, "goroutines");
    if (auto done = walker.collect(); !done) return done;
    walker.describe();
  }
  Timings::Scope scope(timings, "stacks");
  walker.unwind();
  return {};
}

}  // namespace parked::golang
