#include "proof/machine_roots.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>

#include "golang/stack_start.h"
#include "schema/layouts.h"
#include "schema/sched.h"

namespace parked::proof {

using golang::Index;
using golang::kNone;

namespace {

constexpr std::uint64_t kMaxStack = 64 << 20;

/// A thread that sleeps in one of these holds nothing: what its system stack still has in it is
/// left over from earlier work.
constexpr std::array<std::string_view, 7> kIdle = {
    "runtime.stopm",          "runtime.sysmon",      "runtime.findRunnable", "runtime.findrunnable",
    "runtime.templateThread", "runtime.stoplockedm", "runtime.gcstopm"};

/// The ways there from the system call.
constexpr std::array<std::string_view, 16> kSleeps = {"runtime.futex",
                                                      "runtime.futexsleep",
                                                      "runtime.notesleep",
                                                      "runtime.notetsleep",
                                                      "runtime.notetsleep_internal",
                                                      "runtime.mPark",
                                                      "runtime.usleep",
                                                      "runtime.osyield",
                                                      "runtime.epollwait",
                                                      "runtime.netpoll",
                                                      "internal/runtime/syscall.Syscall6",
                                                      "internal/runtime/syscall.EpollWait",
                                                      "internal/runtime/syscall/linux.Syscall6",
                                                      "internal/runtime/syscall/linux.EpollWait",
                                                      "runtime/internal/syscall.Syscall6",
                                                      "runtime/internal/syscall.EpollWait"};

/// What makes an m: its number is taken first (mReserveID), it is in the list at the end.
constexpr std::array<std::string_view, 3> kMakers = {"runtime.startm", "runtime.allocm",
                                                     "runtime.mcommoninit"};

class Reader {
 public:
  explicit Reader(const golang::Snapshot& snapshot)
      : snapshot_(snapshot),
        image_(*snapshot.image),
        memory_(image_.target().memory()),
        unwinder_(image_) {}

  MachineRoots read();

 private:
  using Bounds = golang::StackStarts::Bounds;
  void readM(const image::Object& m, const schema::Layouts& layouts, golang::StackStarts& starts);
  void noteMaker(const std::vector<std::string_view>& names) {
    if (std::ranges::find_first_of(names, kMakers) != names.end()) ++makers_;
  }
  void readEnding(const target::Thread& thread);
  void readRegisters(const target::Thread& thread);
  Index threadOn(const Bounds& system) const;
  void readStack(const Bounds& stack, Addr from);
  std::vector<golang::Frame> frames(const golang::StackStarts::Point& point, const Bounds& stack);
  std::vector<std::string_view> namesOf(const std::vector<golang::Frame>& frames) const;
  bool mayMove(Addr pc) const;
  void problem(std::string_view what) {
    if (!result_.problem) result_.problem = what;
  }

  const golang::Snapshot& snapshot_;
  image::Image& image_;
  target::AddressSpace& memory_;
  golang::Unwinder unwinder_;
  std::unordered_map<Addr, const golang::Goroutine*> onThread_;  // by address
  std::vector<std::pair<Addr, Index>> stackPointers_;            // of all threads, in order
  std::vector<bool> ofAnM_;                                      // by thread
  std::size_t makers_ = 0, ending_ = 0;  // threads that are making an m, or were one's
  MachineRoots result_;
};

MachineRoots Reader::read() {
  const auto layouts = schema::bindLayouts(image_.layouts());
  const auto sched = schema::SchedLayout::of(image_.layouts());
  const auto symbol = image_.symbol("runtime.allm");
  Addr at = 0;
  const auto counts = image_.symbol("runtime.sched");
  std::uint64_t threads = 0, gone = 0;
  if (!layouts || !layouts->m.next || !layouts->m.p || !sched.threads || !sched.freed || !symbol ||
      !memory_.read(*symbol, at) || !counts ||
      !memory_.read(*counts + sched.threads.offset, threads) ||
      !memory_.read(*counts + sched.freed.offset, gone)) {
    problem("the list of threads was not found");
    return std::move(result_);
  }
  for (const golang::Goroutine& goroutine : snapshot_.goroutines) {
    if (goroutine.m != 0) onThread_[goroutine.address] = &goroutine;
  }
  const auto& all = image_.target().threads();
  ofAnM_.resize(all.size());
  for (Index i = 0; i < all.size(); ++i) stackPointers_.emplace_back(all[i].registers.sp, i);
  std::ranges::sort(stackPointers_);
  golang::StackStarts starts(image_, *layouts, unwinder_);
  std::size_t count = 0;
  std::optional<std::int64_t> last;
  const bool whole = schema::forEachM(memory_, layouts->m, at, [&](const image::Object& m) {
    readM(m, *layouts, starts);
    ++count;
    if (layouts->m.id) last = m[layouts->m.id];
  });
  if (!whole) problem("the list of threads is damaged or not readable");
  // The first one of all stays at the end of the list. Where it is there, those that lack are being
  // made, or have left the list and are not yet counted as gone (mexit).
  if (last == 0 && count + gone < threads) {
    for (Index i = 0; i < all.size(); ++i) {
      if (!ofAnM_[i] && all[i].hasRegisters) readEnding(all[i]);
    }
    count += makers_ + ending_;
  }
  if (count + gone < threads) problem("the list of threads is shorter than the runtime says");
  return std::move(result_);
}

/// Of a system stack, innermost first.
std::vector<golang::Frame> Reader::frames(const golang::StackStarts::Point& point,
                                          const Bounds& stack) {
  std::vector<golang::Frame> found;
  unwinder_.unwind({.pc = point.pc,
                    .sp = point.sp,
                    .lr = point.lr,
                    .stackLo = stack.lo,
                    .stackHi = stack.hi,
                    .trap = true},
                   found, 100);
  return found;
}

std::vector<std::string_view> Reader::namesOf(const std::vector<golang::Frame>& frames) const {
  const auto& functions = image_.functions();
  std::vector<std::string_view> names;
  names.reserve(frames.size());
  for (const golang::Frame& frame : frames) {
    names.push_back(functions.function(frame.function).name);
  }
  return names;
}

/// Whether code at `pc` may hold a pointer in a vector register alone. Compiled Go moves values
/// that way, but with the store next to the load, so the source still has it; memmove does not.
bool Reader::mayMove(Addr pc) const {
  const auto& functions = image_.functions();
  const image::FuncIndex number = functions.find(pc);
  return number == image::kNoFunc || functions.function(number).flags.assembly;
}

void Reader::readStack(const Bounds& stack, Addr from) {
  from = from / kWord * kWord;
  if (from < stack.lo || from >= stack.hi || stack.hi - from > kMaxStack) {
    problem("the system stack of a thread is not readable");
    return;
  }
  const auto bytes = memory_.view(from, stack.hi - from);
  if (bytes.empty()) problem("the system stack of a thread is not in the target's memory");
  for (std::size_t at = 0; at + kWord <= bytes.size(); at += kWord) {
    Addr value;
    std::memcpy(&value, bytes.data() + at, kWord);
    result_.pointers.push_back({from + at, value, true});
  }
}

/// A thread that is no m's in the list: if it is on its way out of mexit, what it still holds. How
/// far its stack goes nothing tells any more, but its frames do.
void Reader::readEnding(const target::Thread& thread) {
  constexpr std::uint64_t kFar = 1 << 16;
  const Addr sp = thread.registers.sp;
  const auto calls = frames({thread.registers.pc, sp, thread.registers.link}, {sp, sp + kFar});
  const auto names = namesOf(calls);
  const auto exit = std::ranges::find(names, std::string_view("runtime.mexit"));
  if (exit == names.end()) return;
  ++ending_;
  noteMaker(names);
  readRegisters(thread);
  const Addr end = calls[static_cast<std::size_t>(exit - names.begin())].fp;
  if (end > sp) readStack({sp, end}, sp);
}

void Reader::readRegisters(const target::Thread& thread) {
  if (!thread.hasVectors && mayMove(thread.registers.pc)) {
    problem("the vector registers of a running thread are not known");
  }
  for (const std::uint64_t word : thread.words) result_.pointers.push_back({0, word, true});
}

/// The thread on the stack of a g0 whose m has no thread's number: the first one has none before it
/// has begun, and one that ends has none any more.
Index Reader::threadOn(const Bounds& system) const {
  const auto found = std::ranges::lower_bound(stackPointers_, std::pair(system.lo, Index{0}));
  return found != stackPointers_.end() && system.contains(found->first) ? found->second : kNone;
}

void Reader::readM(const image::Object& m, const schema::Layouts& layouts,
                   golang::StackStarts& starts) {
  const Addr curg = m[layouts.m.curg];
  const auto found = onThread_.find(curg);
  // One that names another thread is not this one's.
  const golang::Goroutine* goroutine =
      found != onThread_.end() && found->second->m == m.address() ? found->second : nullptr;
  // In a system call, or in C: its goroutine's stack has all that it will come back to.
  if (goroutine != nullptr && goroutine->status == golang::Status::syscall) return;
  // A thread gets its P when it has started, and gives it up before it ends or sleeps. Since 1.26
  // one of C may have its own still, with a goroutine that is dead and not in the snapshot.
  const bool hasProcessor = m[layouts.m.p] != 0;
  const bool works = goroutine != nullptr
                         ? hasProcessor || goroutine->status == golang::Status::running
                         : hasProcessor && curg == 0;
  const bool numbered = m[layouts.m.procId] != 0;
  if (!numbered && !works) return;  // its thread has not started
  const Bounds system = starts.stackOf(m[layouts.m.g0]);
  const Index number = numbered ? starts.threadOf(m) : threadOn(system);
  const auto& threads = image_.target().threads();
  if (number == kNone || threads[number].words.empty()) {
    // A thread that has ended is still in the list for a moment; one that runs is not told of.
    if (works) problem("the registers of a running thread are not known");
    return;
  }
  ofAnM_[number] = true;
  const target::Thread& thread = threads[number];
  const Bounds signal = starts.stackOf(m[layouts.m.gsignal]);
  const auto point = starts.withoutSignals(m, thread);
  if (point && system.contains(point->sp)) {
    const auto names = namesOf(frames(*point, system));
    if (sleepsIdle(names)) return;
    noteMaker(names);
  }

  readRegisters(thread);
  // The interrupted registers are on the signal stack, where the kernel put them.
  if (signal.contains(thread.registers.sp)) readStack(signal, thread.registers.sp);
  if (!point) {
    readStack(system, system.lo);
  } else if (system.contains(point->sp)) {
    readStack(system, point->sp);
  }
}

}  // namespace

bool sleepsIdle(std::span<const std::string_view> calls) {
  const auto awake = std::ranges::find_if(calls, [](std::string_view name) {
    return std::ranges::find(kSleeps, name) == kSleeps.end();
  });
  return awake != calls.begin() && awake != calls.end() &&
         std::ranges::find(kIdle, *awake) != kIdle.end();
}

MachineRoots readMachineRoots(const golang::Snapshot& snapshot) { return Reader(snapshot).read(); }

}  // namespace parked::proof
