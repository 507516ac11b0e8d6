#include "schema/g.h"

namespace parked::schema {

GLayout GLayout::of(image::LayoutSource& source, std::vector<std::string>& missing) {
  GLayout g;
  image::Binder binder(source, "runtime.g", missing);
  g.size = binder.size();
  binder.required(g.stackLo, "stack.lo");
  binder.required(g.stackHi, "stack.hi");
  binder.required(g.m, "m");
  binder.required(g.schedSp, "sched.sp");
  binder.required(g.schedPc, "sched.pc");
  binder.required(g.schedG, "sched.g");
  binder.required(g.schedLr, "sched.lr");
  binder.optional(g.schedContext, "sched.ctxt");
  binder.optional(g.schedFrame, "sched.bp");
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
  binder.optional(g.ancestors, "ancestors");
  binder.required(g.waiting, "waiting");
  binder.required(g.labels, "labels");
  binder.required(g.selectDone, "selectDone");
  binder.optional(g.coroutine, "coroarg");
  binder.optional(g.runningCleanups, "runningCleanups");
  binder.optional(g.bubble, "bubble", "syncGroup");
  binder.optional(g.panic, "_panic");
  binder.optional(g.deferred, "_defer");
  binder.optional(g.savedRegisters, "xRegs.state");
  binder.optional(g.timer, "timer");
  binder.optional(g.sleepWhen, "sleepWhen");
  binder.optional(g.trackingStamp, "trackingStamp");
  binder.optional(g.signal, "sig");
  binder.optional(g.signalCode, "sigcode0");
  binder.optional(g.faultAddress, "sigcode1");
  binder.optional(g.signalPc, "sigpc");
  return g;
}

GLayout GLayout::of(image::LayoutSource& source) {
  std::vector<std::string> missing;
  return of(source, missing);
}

}  // namespace parked::schema
