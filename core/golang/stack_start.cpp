#include "golang/stack_start.h"

#include <algorithm>

#include "arch/architecture.h"

namespace parked::golang {

using image::Object;
using image::readObject;

StackStarts::StackStarts(image::Image& image, const schema::Layouts& layouts, Unwinder& unwinder)
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
    if (result.problem && goroutine.stackMoves()) {
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
  result.thread = threadOf(m);
  // In the vDSO the thread's pc is no Go code and its stack is g0's; the runtime notes its caller.
  if (const Addr sp = m[layouts_.m.vdsoSp]; sp != 0) {
    if (stack.contains(sp)) {
      start.pc = m[layouts_.m.vdsoPc];
      start.sp = sp;
    } else {
      fromScheduler(goroutine, g, m, result);
    }
    return;
  }
  if (result.thread == kNone) {
    result.problem = "running, but its thread is not known";
    return;
  }
  const target::Thread& thread = image_.target().threads()[result.thread];
  if (!thread.hasRegisters) {
    result.problem = image_.target().kind() == target::Kind::liveUnstopped
                         ? "running, and read without stopping the process"
                         : "running, and the registers of its thread are not known";
    return;
  }
  if (const auto point = withoutSignals(m, thread)) {
    fromRegisters(*point, goroutine, g, m, result);
  } else {
    result.problem = "its thread was at the edge of a signal handler";
    result.momentary = true;
  }
}

/// Its thread is on another stack, so that the scheduler saved where it will go on.
void StackStarts::fromScheduler(const Goroutine& goroutine, const Object& g, const Object& m,
                                StackStart& result) const {
  const Index thread = result.thread;
  result = saved(goroutine, g);
  result.thread = thread;
  if (m[layouts_.m.curg] != goroutine.address) {
    result.problem = "running, but its thread runs another goroutine";
  } else if (result.problem) {
    result.problem = "its thread was switching stacks";
    result.momentary = true;
  }
}

/// Its thread stands at `point`, or would without the signal handlers it is in.
void StackStarts::fromRegisters(const Point& point, const Goroutine& goroutine, const Object& g,
                                const Object& m, StackStart& result) const {
  UnwindStart& start = result.start;
  const Bounds stack{goroutine.stackLo, goroutine.stackHi};
  if (stack.contains(point.sp)) {
    start.pc = point.pc;
    start.sp = point.sp;
    start.lr = point.lr;
    start.trap = true;
    if (isGogo(point.pc)) {
      // The stack is the goroutine's already; the saved pc, which stays there, comes next.
      start.pc = g[layouts_.g.schedPc];
      start.lr = g[layouts_.g.schedLr];
      start.trap = false;
    }
  } else if (stackOf(m[layouts_.m.g0]).contains(point.sp)) {
    // systemstack, mcall, morestack and asmcgocall all save where the goroutine will go on.
    fromScheduler(goroutine, g, m, result);
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

/// Whether the thread is between the handler and the kernel, to which it returns.
bool StackStarts::returnsFromSignal(const Point& point) {
  const arch::SignalFrame& frame = image_.target().arch().signalFrame;
  const auto& functions = image_.functions();
  const image::FuncIndex function = functions.find(point.pc);
  if (function != image::kNoFunc) {
    return functions.function(function).name == frame.returnFunction;
  }
  // At the beginning of the code, or at the system call with which it ends.
  const std::size_t size = frame.returnCode.size();
  for (std::size_t at = 0; at < size; at += image_.target().arch().minInstruction) {
    if (!memory_.contains(point.pc - at)) return false;
    const auto code = memory_.bytesUpTo(point.pc - at, size);
    if (std::ranges::equal(code, frame.returnCode)) return true;
  }
  return false;
}

/// What a thread did before the signal whose handler it is in. The handler is runtime.sigtramp
/// whoever installed it; what the kernel pushed is found by position, since the return address is
/// libc's in cgo programs, and the runtime's own or the vDSO's in others.
bool StackStarts::interrupted(const Bounds& signalStack, const Point& handler, Arrival& out) {
  const arch::SignalFrame& layout = image_.target().arch().signalFrame;
  const auto& functions = image_.functions();
  Addr context = 0;
  if (returnsFromSignal(handler)) {
    context = handler.sp;
  } else {
    scratch_.clear();
    unwinder_.unwind({.pc = handler.pc,
                      .sp = handler.sp,
                      .lr = handler.lr,
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
  const auto info = memory_.bytes(context + layout.info, target::SignalInfo::kBytes);
  out.signal = target::decodeSignalInfo(info);
  const bool hasLink = layout.link != arch::SignalFrame::kNone;
  return memory_.read(context + layout.sp, out.at.sp) &&
         memory_.read(context + layout.pc, out.at.pc) &&
         (!hasLink || memory_.read(context + layout.link, out.at.lr));
}

}  // namespace parked::golang
