#include "proof/machine_roots.h"

#include <gtest/gtest.h>
#include <initializer_list>
#include <vector>

namespace parked::proof {
namespace {

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

TEST(MachineRoots, AThreadThatDoesSomethingIsNotIdle) {
  EXPECT_FALSE(idle({}));
  EXPECT_FALSE(idle({"runtime.findRunnable", "runtime.schedule"}));
  EXPECT_FALSE(idle({"runtime.futex", "runtime.futexsleep"}));
  EXPECT_FALSE(idle({"runtime.futex", "runtime.futexsleep", "runtime.notesleep",
                     "runtime.stopTheWorldWithSema"}));
}

}  // namespace
}  // namespace parked::proof
