#include "proof/stack_roots.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

#include "proof/small_runtime.h"

namespace parked::proof {
namespace {

using golang::Status;
using test::SmallRuntime;

constexpr Addr kBelow = 0xc000700000;  // what a word below the saved sp points to

bool holdsWhatIsBelow(Status status, Addr m,
                      golang::ReasonClass reason = golang::ReasonClass::chanReceive) {
  SmallRuntime runtime;
  runtime.reason(reason);
  golang::Goroutine& goroutine = runtime.park(0);
  goroutine.status = status;
  goroutine.m = m;
  runtime.target().put(goroutine.stackLo + 64, kBelow);
  StackRoots roots(runtime.snapshot());
  EXPECT_EQ(roots.problem(), std::nullopt);
  std::vector<HeldPointer> held;
  EXPECT_TRUE(roots.read(goroutine, held));
  return std::ranges::find(held, kBelow, &HeldPointer::value) != held.end();
}

TEST(StackRoots, OfOneThatIsParkedNothingBelowItsFramesCounts) {
  EXPECT_FALSE(holdsWhatIsBelow(Status::waiting, 0));
  EXPECT_FALSE(holdsWhatIsBelow(Status::runnable, 0));
  EXPECT_FALSE(holdsWhatIsBelow(Status::syscall, SmallRuntime::mAt(0)));
}

// It runs, whatever its status says, and not where it stood when it was last parked.
TEST(StackRoots, OfOneThatHasAThreadTheWholeStackCounts) {
  for (const Status status : {Status::waiting, Status::runnable, Status::preempted}) {
    EXPECT_TRUE(holdsWhatIsBelow(status, SmallRuntime::mAt(0)));
  }
}

// The collector's worker, on the thread's own stack: what it left of older frames is nobody's.
TEST(StackRoots, WhoWaitsForTheRuntimesWorkIsParked) {
  EXPECT_FALSE(holdsWhatIsBelow(Status::waiting, SmallRuntime::mAt(0),
                                golang::ReasonClass::runtimeInternal));
  EXPECT_TRUE(holdsWhatIsBelow(Status::runnable, SmallRuntime::mAt(0),
                               golang::ReasonClass::runtimeInternal));
}

// As a recursion without end leaves them: ten thousand frames with the same words.
TEST(StackRoots, WhatARecursionHoldsIsTakenOnce) {
  SmallRuntime runtime;
  golang::Goroutine& goroutine = runtime.park(0);
  goroutine.status = Status::running;
  goroutine.sp = goroutine.stackLo;
  const Addr values[] = {0x7f0000001000, goroutine.stackLo + 64, 0x7f0000002000};
  for (Addr at = goroutine.stackLo; at + sizeof values <= goroutine.stackHi; at += sizeof values) {
    runtime.target().put(at, values, sizeof values);
  }
  StackRoots roots(runtime.snapshot());
  std::vector<HeldPointer> held;
  EXPECT_TRUE(roots.read(goroutine, held));
  for (const Addr value : {values[0], values[2]}) {
    EXPECT_EQ(std::ranges::count(held, value, &HeldPointer::value), 1) << std::hex << value;
  }
}

}  // namespace
}  // namespace parked::proof
