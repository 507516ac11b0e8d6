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
  void readStack(const Bounds& stack, Addr from);
  bool isIdle(const golang::StackStarts::Point& point, const Bounds& stack);
  bool mayMove(Addr pc) const;
  void problem(std::string_view what) {
    if (!result_.problem) result_.problem = what;
  }

  const golang::Snapshot& snapshot_;
  image::Image& image_;
  target::AddressSpace& memory_;
  golang::Unwinder unwinder_;
  std::unordered_map<Addr, const golang::Goroutine*> onThread_;  // by address
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
  golang::StackStarts starts(image_, *layouts, unwinder_);
  std::size_t count = 0;
  const bool whole = schema::forEachM(memory_, layouts->m, at, [&](const image::Object& m) {
    readM(m, *layouts, starts);
    ++count;
  });
  if (!whole) problem("the list of threads is damaged or not readable");
  if (count + gone < threads) problem("the list of threads is shorter than the runtime says");
  return std::move(result_);
}

bool Reader::isIdle(const golang::StackStarts::Point& point, const Bounds& stack) {
  std::vector<golang::Frame> frames;
  unwinder_.unwind({.pc = point.pc,
                    .sp = point.sp,
                    .lr = point.lr,
                    .stackLo = stack.lo,
                    .stackHi = stack.hi,
                    .trap = true},
                   frames, 100);
  const auto& functions = image_.functions();
  std::vector<std::string_view> calls;
  calls.reserve(frames.size());
  for (const golang::Frame& frame : frames) {
    calls.push_back(functions.function(frame.function).name);
  }
  return sleepsIdle(calls);
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
  const auto bytes = memory_.bytes(from, stack.hi - from);
  if (bytes.empty()) problem("the system stack of a thread is not in the target's memory");
  for (std::size_t at = 0; at + kWord <= bytes.size(); at += kWord) {
    Addr value;
    std::memcpy(&value, bytes.data() + at, kWord);
    result_.pointers.push_back({from + at, value, true});
  }
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
  if (m[layouts.m.procId] == 0 && !works) return;  // its thread has not started
  const Index number = starts.threadOf(m);
  const auto& threads = image_.target().threads();
  if (number == kNone || threads[number].words.empty()) {
    // A thread that has ended is still in the list for a moment; one that runs is not told of.
    if (works) problem("the registers of a running thread are not known");
    return;
  }
  const target::Thread& thread = threads[number];
  const Bounds system = starts.stackOf(m[layouts.m.g0]);
  const Bounds signal = starts.stackOf(m[layouts.m.gsignal]);
  const auto point = starts.withoutSignals(m, thread);
  if (point && system.contains(point->sp) && isIdle(*point, system)) return;

  if (!thread.hasVectors && mayMove(thread.registers.pc)) {
    problem("the vector registers of a running thread are not known");
  }
  for (const std::uint64_t word : thread.words) result_.pointers.push_back({0, word, true});
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
