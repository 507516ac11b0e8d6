#include "proof/machine_roots.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>

#include "golang/layouts.h"
#include "golang/stack_start.h"

namespace parked::proof {

using golang::Index;
using golang::kNone;

namespace {

constexpr std::size_t kMaxThreads = 1 << 20;
constexpr std::uint64_t kMaxStack = 64 << 20;
constexpr std::uint64_t kWord = 8;

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
  void readM(const image::Object& m, const golang::Layouts& layouts, golang::StackStarts& starts);
  void readStack(const Bounds& stack, Addr from);
  bool isIdle(const golang::StackStarts::Point& point, const Bounds& stack);
  bool mayMove(Addr pc) const;
  void problem(std::string_view what) {
    if (result_.problem.empty()) result_.problem = what;
  }

  const golang::Snapshot& snapshot_;
  image::Image& image_;
  target::AddressSpace& memory_;
  golang::Unwinder unwinder_;
  image::Field<Addr> processor_;                                 // m.p
  std::unordered_map<Addr, const golang::Goroutine*> onThread_;  // by address
  MachineRoots result_;
};

MachineRoots Reader::read() {
  const auto layouts = golang::bindLayouts(image_.layouts());
  std::vector<std::string> missing;
  image::Binder binder(image_.layouts(), "runtime.m", missing);
  image::Field<Addr> next;
  binder.required(next, "alllink");
  binder.required(processor_, "p");
  image::Binder sched(image_.layouts(), "runtime.schedt", missing);
  image::Field<std::uint64_t> made, ended;
  sched.required(made, "mnext");
  sched.required(ended, "nmfreed");
  const auto symbol = image_.symbol("runtime.allm");
  Addr at = 0;
  const auto counts = image_.symbol("runtime.sched");
  std::uint64_t threads = 0, gone = 0;
  if (!layouts || !missing.empty() || !symbol || !memory_.read(*symbol, at) || !counts ||
      !memory_.read(*counts + made.offset, threads) ||
      !memory_.read(*counts + ended.offset, gone)) {
    problem("the list of threads was not found");
    return std::move(result_);
  }
  for (const golang::Goroutine& goroutine : snapshot_.goroutines) {
    if (goroutine.m != 0) onThread_[goroutine.address] = &goroutine;
  }
  golang::StackStarts starts(image_, *layouts, unwinder_);
  std::size_t count = 0;
  for (; at != 0; ++count) {
    const image::Object m = image::readObject(memory_, at, binder.size());
    if (!m || count >= kMaxThreads) {
      problem("the list of threads is damaged or not readable");
      break;
    }
    readM(m, *layouts, starts);
    at = m[next];
  }
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

void Reader::readM(const image::Object& m, const golang::Layouts& layouts,
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
  const bool hasProcessor = m[processor_] != 0;
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
