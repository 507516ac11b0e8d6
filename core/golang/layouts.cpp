#include "golang/layouts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string>
#include <vector>

namespace parked::golang {

using image::Binder;

static void bindG(image::LayoutSource& source, std::vector<std::string>& missing, GLayout& g) {
  Binder binder(source, "runtime.g", missing);
  g.size = binder.size();
  binder.required(g.stackLo, "stack.lo");
  binder.required(g.stackHi, "stack.hi");
  binder.required(g.m, "m");
  binder.required(g.schedSp, "sched.sp");
  binder.required(g.schedPc, "sched.pc");
  binder.required(g.schedG, "sched.g");
  binder.required(g.schedLr, "sched.lr");
  binder.required(g.syscallSp, "syscallsp");
  binder.required(g.syscallPc, "syscallpc");
  binder.required(g.param, "param");
  binder.required(g.atomicStatus, "atomicstatus");
  binder.required(g.goid, "goid");
  binder.required(g.waitSince, "waitsince");
  binder.required(g.waitReason, "waitreason");
  binder.required(g.lockedM, "lockedm");
  binder.optional(g.parentGoid, "parentGoid");
  binder.required(g.gopc, "gopc");
  binder.required(g.startPc, "startpc");
  binder.required(g.waiting, "waiting");
  binder.required(g.labels, "labels");
  binder.required(g.selectDone, "selectDone");
  binder.optional(g.runningCleanups, "runningCleanups");
  binder.optional(g.bubble, "bubble", "syncGroup");
  binder.optional(g.panic, "_panic");
  binder.optional(g.deferred, "_defer");
}

static void bindM(image::LayoutSource& source, std::vector<std::string>& missing, MLayout& m) {
  Binder binder(source, "runtime.m", missing);
  m.size = binder.size();
  binder.required(m.g0, "g0");
  binder.required(m.gsignal, "gsignal");
  binder.required(m.curg, "curg");
  binder.required(m.procId, "procid");
  binder.optional(m.vdsoSp, "vdsoSP");
  binder.optional(m.vdsoPc, "vdsoPC");
}

static void bindClock(image::LayoutSource& source, std::vector<std::string>& missing,
                      ClockLayout& clock) {
  Binder p(source, "runtime.p", missing);
  clock.pSize = p.size();
  p.optional(clock.schedWhen, "sysmontick.schedwhen");
  p.optional(clock.syscallWhen, "sysmontick.syscallwhen");
  Binder sched(source, "runtime.schedt", missing);
  sched.optional(clock.lastPoll, "lastpoll");
  Binder stats(source, "runtime.mstats", missing);
  clock.statsSize = stats.size();
  stats.optional(clock.lastGcUnix, "last_gc_unix");
  stats.optional(clock.lastGcNanotime, "last_gc_nanotime");
  stats.optional(clock.numGc, "numgc");
}

Result<Layouts> bindLayouts(image::LayoutSource& source) {
  Layouts layouts;
  std::vector<std::string> missing;
  bindG(source, missing, layouts.g);
  bindM(source, missing, layouts.m);
  if (!missing.empty()) {
    return fail(ErrorCode::unsupported,
                fmt::format("the layout of the runtime's structs is not known ({}): missing {}",
                            source.origin(), fmt::join(missing, ", ")));
  }
  std::vector<std::string> ignored;
  bindClock(source, ignored, layouts.clock);
  return layouts;
}

}  // namespace parked::golang
