#include "proof/machine_roots.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <initializer_list>
#include <string>
#include <vector>

#include "proof/small_runtime.h"

namespace parked::proof {
namespace {

using test::SmallRuntime;

constexpr std::string_view kNotKnown = "the registers of a running thread are not known";

/// What is said of a thread that the target does not have.
std::optional<std::string> problemOf(std::uint64_t procId, Addr p, Addr curg,
                                     golang::Status status) {
  SmallRuntime runtime;
  golang::Goroutine& goroutine = runtime.park(0);
  const Addr m = runtime.thread();
  goroutine.m = m;
  goroutine.status = status;
  runtime.target().put(m + SmallRuntime::kProcId, procId);
  runtime.target().put(m + SmallRuntime::kP, p);
  runtime.target().put(m + SmallRuntime::kCurg, curg);
  return readMachineRoots(runtime.snapshot()).problem;
}

bool idle(std::initializer_list<std::string_view> calls) {
  return sleepsIdle(std::vector<std::string_view>(calls));
}

TEST(MachineRoots, AThreadThatWaitsForWorkHoldsNothing) {
  EXPECT_TRUE(idle({"runtime.futex", "runtime.futexsleep", "runtime.notesleep", "runtime.mPark",
                    "runtime.stopm", "runtime.findRunnable", "runtime.schedule"}));
  EXPECT_TRUE(idle({"runtime.futex", "runtime.futexsleep", "runtime.notesleep",
                    "runtime.stoplockedm", "runtime.schedule"}));
  EXPECT_TRUE(idle({"runtime.usleep", "runtime.sysmon", "runtime.mstart1"}));
  EXPECT_TRUE(idle({"runtime.epollwait", "runtime.netpoll", "runtime.findrunnable"}));
  EXPECT_TRUE(idle({"internal/runtime/syscall.Syscall6", "runtime.netpoll", "runtime.findRunnable",
                    "runtime.schedule"}));
  // Where the poller's system call is not inlined: Go 1.20 to 1.22, to 1.25, since.
  for (const std::string package : {"runtime/internal/syscall.", "internal/runtime/syscall.",
                                    "internal/runtime/syscall/linux."}) {
    const std::string call = package + "Syscall6";
    const std::string wait = package + "EpollWait";
    EXPECT_TRUE(idle({call, wait, "runtime.netpoll", "runtime.findRunnable"})) << package;
  }
}

TEST(MachineRoots, ATimerCallbackThatWaitsForALockHoldsItsArgument) {
  EXPECT_FALSE(idle({"runtime.futex", "runtime.futexsleep", "runtime.lock2", "runtime.gfget",
                     "runtime.newproc1", "runtime.newproc.func1", "time.goFunc",
                     "runtime.(*timer).unlockAndRun", "runtime.(*timers).check",
                     "runtime.findRunnable", "runtime.schedule"}));
  EXPECT_FALSE(idle({"runtime.futex", "runtime.futexwakeup", "runtime.unlock2",
                     "runtime.runOneTimer", "runtime.findrunnable"}));
}

TEST(MachineRoots, AThreadWithAPIsThere) {
  using golang::Status;
  constexpr Addr kP = 0xc000002000;
  const Addr g = SmallRuntime::gAt(0), dead = SmallRuntime::gAt(1);
  for (const std::uint64_t procId :
       {std::uint64_t{0}, std::uint64_t{501}}) {  // one that has not started, or has ended
    EXPECT_EQ(problemOf(procId, 0, 0, Status::waiting), std::nullopt);
    EXPECT_EQ(problemOf(procId, kP, 0, Status::waiting), kNotKnown);
    EXPECT_EQ(problemOf(procId, kP, g, Status::waiting), kNotKnown);
    EXPECT_EQ(problemOf(procId, kP, g, Status::syscall), std::nullopt);
    EXPECT_EQ(problemOf(procId, kP, dead, Status::waiting), std::nullopt);  // of a thread of C
    EXPECT_EQ(problemOf(procId, 0, g, Status::running), kNotKnown);
  }
}

// Who is in a system call holds nothing in registers; but not whose m names another by damage.
TEST(MachineRoots, OnlyItsOwnGoroutineIsInASystemCall) {
  constexpr Addr kHeld = 0xc000700000;
  for (const bool own : {true, false}) {
    SmallRuntime runtime;
    golang::Goroutine& goroutine = runtime.park(0);
    const Addr m = runtime.thread();
    goroutine.m = own ? m : SmallRuntime::mAt(1);
    goroutine.status = golang::Status::syscall;
    runtime.target().put(m + SmallRuntime::kProcId, std::uint64_t{501});
    runtime.target().put(m + SmallRuntime::kCurg, goroutine.address);
    target::Thread& thread = runtime.target().mutableThreads().emplace_back();
    thread.tid = 501;
    thread.hasRegisters = true;
    thread.words = {kHeld};
    const MachineRoots roots = readMachineRoots(runtime.snapshot());
    EXPECT_EQ(std::ranges::find(roots.pointers, kHeld, &HeldPointer::value) != roots.pointers.end(),
              !own);
  }
}

TEST(MachineRoots, AThreadThatDoesSomethingIsNotIdle) {
  EXPECT_FALSE(idle({}));
  EXPECT_FALSE(idle({"runtime.findRunnable", "runtime.schedule"}));
  EXPECT_FALSE(idle({"runtime.futex", "runtime.futexsleep"}));
  EXPECT_FALSE(idle({"runtime.futex", "runtime.futexsleep", "runtime.notesleep",
                     "runtime.stopTheWorldWithSema"}));
}

}  // namespace
}  // namespace parked::proof
