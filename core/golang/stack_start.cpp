#include "golang/stack_start.h"

namespace parked::golang {

using image::Object;
using image::readObject;

StackStarts::StackStarts(image::Image& image, const Layouts& layouts, Unwinder& unwinder)
    : image_(image), memory_(image.target().memory()), layouts_(layouts), unwinder_(unwinder) {
  const auto& threads = image.target().threads();
  for (Index i = 0; i < threads.size(); ++i) {
    threads_.emplace(static_cast<std::uint64_t>(threads[i].tid), i);
  }
}

StackStart StackStarts::find(const Goroutine& goroutine, const Object& g) {
  StackStart result;
  if (goroutine.status != Status::running) {
    result = saved(goroutine, g);
    const bool onThread =
        goroutine.status == Status::syscall || goroutine.status == Status::copystack;
    if (onThread && goroutine.m != 0) {
      result.thread = threadOf(readObject(memory_, goroutine.m, layouts_.m.size));
    }
    if (!result.problem.empty() && goroutine.stackMoves()) {
      // The new stack is in place and its pointer is not yet, or the other way round.
      result.problem = "the runtime was moving the stack";
      result.momentary = true;
    }
    return result;
  }
  const Object m = readObject(memory_, goroutine.m, layouts_.m.size);
  if (goroutine.m == 0 || !m) {
    result.problem = "running, but its thread is not known";
    return result;
  }
  running(goroutine, g, m, result);
  return result;
}

/// The pair the scheduler or entersyscall saved; a pending syscall takes precedence, as in the
/// runtime.
StackStart StackStarts::saved(const Goroutine& goroutine, const Object& g) const {
  StackStart result;
  UnwindStart& start = result.start;
  start.stackLo = goroutine.stackLo;
  start.stackHi = goroutine.stackHi;
  const bool atCall = goroutine.status != Status::running && goroutine.status != Status::copystack;
  if (atCall && g[layouts_.g.syscallSp] != 0) {
    start.pc = g[layouts_.g.syscallPc];
    start.sp = g[layouts_.g.syscallSp];
    start.syscall = true;
  } else {
    start.pc = g[layouts_.g.schedPc];
    start.sp = g[layouts_.g.schedSp];
    start.lr = g[layouts_.g.schedLr];
  }
  if (start.sp < start.stackLo || start.sp >= start.stackHi) {
    result.problem = "the saved stack pointer lies outside the goroutine's stack";
  }
  return result;
}

void StackStarts::running(const Goroutine& goroutine, const Object& g, const Object& m,
                          StackStart& result) {
  UnwindStart& start = result.start;
  start.stackLo = goroutine.stackLo;
  start.stackHi = goroutine.stackHi;
  const Bounds stack{goroutine.stackLo, goroutine.stackHi};
  const Bounds system = stackOf(m[layouts_.m.g0]);
  result.thread = threadOf(m);

  const auto fromScheduler = [&] {
    const Index thread = result.thread;
    result = saved(goroutine, g);
    result.thread = thread;
    if (m[layouts_.m.curg] != goroutine.address) {
      result.problem = "running, but its thread runs another goroutine";
    } else if (!result.problem.empty()) {
      result.problem = "its thread was switching stacks";
      result.momentary = true;
    }
  };

  // In the vDSO the thread's pc is no Go code and its stack is g0's; the runtime notes its caller.
  if (const Addr sp = m[layouts_.m.vdsoSp]; sp != 0) {
    if (stack.contains(sp)) {
      start.pc = m[layouts_.m.vdsoPc];
      start.sp = sp;
    } else {
      fromScheduler();
    }
    return;
  }

  if (result.thread == kNone) {
    result.problem = "running, but its thread is not known";
    return;
  }
  const target::Thread& thread = image_.target().threads()[result.thread];
  if (!thread.hasRegisters) {
    result.problem = "running, and read without stopping the process";
    return;
  }

  const auto settled = withoutSignals(m, thread);
  if (!settled) {
    result.problem = "its thread was at the edge of a signal handler";
    result.momentary = true;
    return;
  }
  const Point& point = *settled;
  if (stack.contains(point.sp)) {
    start.pc = point.pc;
    start.sp = point.sp;
    start.lr = point.lr;
    start.trap = true;
    if (isGogo(point.pc)) {
      // The stack is the goroutine's already; the saved pc, which stays there, comes next.
      start.pc = g[layouts_.g.schedPc];
      start.trap = false;
    }
  } else if (system.contains(point.sp)) {
    // systemstack, mcall, morestack and asmcgocall all save where the goroutine will go on.
    fromScheduler();
  } else {
    result.problem = "running, and its thread is on a stack that is not Go's";
  }
}

std::optional<StackStarts::Point> StackStarts::withoutSignals(const Object& m,
                                                              const target::Thread& thread,
                                                              std::vector<Arrival>* arrivals) {
  Point point{thread.registers.pc, thread.registers.sp, thread.registers.link};
  // A handler can itself be interrupted: a crash raises the signal once more from inside of it.
  const Bounds signal = stackOf(m[layouts_.m.gsignal]);
  while (signal.contains(point.sp)) {
    Arrival before;
    if (!interrupted(signal, point, before) ||
        (signal.contains(before.at.sp) && before.at.sp <= point.sp)) {
      return std::nullopt;
    }
    point = before.at;
    if (arrivals != nullptr) arrivals->push_back(before);
  }
  return point;
}

/// runtime.gogo, or its part behind the switch, which is a function of its own.
bool StackStarts::isGogo(Addr pc) const {
  const auto& functions = image_.functions();
  const image::FuncIndex index = functions.find(pc);
  if (index == image::kNoFunc) return false;
  const std::string_view name = functions.function(index).name;
  return name == "gogo" || name == "runtime.gogo";
}

Index StackStarts::threadOf(const Object& m) const {
  const auto it = threads_.find(m[layouts_.m.procId]);
  return m && it != threads_.end() ? it->second : kNone;
}

StackStarts::Bounds StackStarts::stackOf(Addr g) const {
  const Object object = readObject(memory_, g, layouts_.g.size);
  return {object[layouts_.g.stackLo], object[layouts_.g.stackHi]};
}

/// What a thread did before the signal whose handler it is in. The kernel pushed a ucontext (struct
/// rt_sigframe of arch/x86/kernel/signal.c) right above the return address of the handler, which is
/// runtime.sigtramp whoever installed it; the words are found by position, since that return
/// address is libc's in cgo programs and the runtime's own in others.
bool StackStarts::interrupted(const Bounds& signalStack, const Point& handler, Arrival& out) {
  constexpr std::uint64_t kContextSp = 160,
                          kContextPc = 168;    // uc_mcontext.gregs[REG_RSP, REG_RIP]
  constexpr std::uint64_t kContextSize = 304;  // the kernel's own; the siginfo_t is behind it
  if (image_.target().arch() != target::Arch::amd64) return false;
  const auto& functions = image_.functions();

  Addr context = 0;
  const image::FuncIndex innermost = functions.find(handler.pc);
  if (innermost != image::kNoFunc &&
      functions.function(innermost).name == "runtime.sigreturn__sigaction") {
    context = handler.sp;  // the handler has returned, the kernel has not been called yet
  } else {
    scratch_.clear();
    unwinder_.unwind({.pc = handler.pc,
                      .sp = handler.sp,
                      .stackLo = signalStack.lo,
                      .stackHi = signalStack.hi,
                      .trap = true},
                     scratch_, 1000);
    for (const Frame& frame : scratch_) {
      const std::string_view name = functions.function(frame.function).name;
      if (name == "runtime.sigtramp" || name == "runtime.cgoSigtramp") {
        context = frame.fp;
        break;
      }
    }
  }
  if (context == 0) return false;
  const auto info = memory_.bytes(context + kContextSize, target::SignalInfo::kBytes);
  out.signal = target::decodeSignalInfo(info);
  return memory_.read(context + kContextSp, out.at.sp) &&
         memory_.read(context + kContextPc, out.at.pc);
}

}  // namespace parked::golang
