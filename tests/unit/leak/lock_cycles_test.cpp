// Circles of locks, over holders made by hand.

#include "leak/lock_cycles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_program.h"

namespace parked {
namespace {

using fake::Builder;
using fake::Index;
using fake::ObjectKind;
using fake::ReasonClass;
using fake::WaitOp;
using leak::LockHolder;
using leak::LockHolders;
using testing::ElementsAre;

/// Goroutine i waits for lock i.
Builder waiters(Index count) {
  Builder program;
  for (Index i = 0; i < count; ++i) {
    const Index lock = program.lock(ObjectKind::mutex, 0xc000 + 0x100 * Addr{i});
    program.blocked("sync.Mutex.Lock", ReasonClass::mutexLock, golang::kNone);
    program.wait(ObjectKind::mutex, WaitOp::lock, lock);
  }
  return program;
}

LockHolder held(Index by, bool exact = true) {
  LockHolder holder;
  holder.goroutine = by;
  holder.exact = exact;
  return holder;
}

/// The circles, each as the goroutines in it.
std::vector<std::vector<Index>> circles(const Builder& program,
                                        std::vector<std::vector<LockHolder>> of) {
  LockHolders holders;
  holders.of = std::move(of);
  std::vector<Index> locks;
  for (Index i = 0; i < holders.of.size(); ++i) locks.push_back(i);
  leak::findLockCycles(program.snapshot, locks, holders);
  std::vector<std::vector<Index>> result;
  for (std::size_t c = 0; c < holders.cycles.size(); ++c) {
    auto& members = result.emplace_back();
    for (std::size_t m = 0; m < holders.cycles[c].members.size(); ++m) {
      const auto& member = holders.cycles[c].members[m];
      members.push_back(member.goroutine);
      EXPECT_EQ(leak::lockWaitedFor(program.snapshot, member.goroutine), member.lock);
      EXPECT_EQ(holders.cycleOf.at(member.goroutine).cycle, c);
      EXPECT_EQ(holders.cycleOf.at(member.goroutine).member, m);
    }
  }
  return result;
}

TEST(LockCycles, TwoThatHoldWhatTheOtherWaitsFor) {
  EXPECT_THAT(circles(waiters(2), {{held(1)}, {held(0)}}), ElementsAre(ElementsAre(0U, 1U)));
}

TEST(LockCycles, AWayIntoACircleIsNotInIt) {
  EXPECT_THAT(circles(waiters(4), {{held(1)}, {held(2)}, {held(3)}, {held(1)}}),
              ElementsAre(ElementsAre(1U, 2U, 3U)));
}

TEST(LockCycles, NoneWhereSomebodyElseMayHoldIt) {
  EXPECT_TRUE(circles(waiters(2), {{held(1), held(0)}, {held(0)}}).empty());
  EXPECT_TRUE(circles(waiters(2), {{}, {held(0)}}).empty());
}

TEST(LockCycles, OneAloneHasToHaveTheLockItself) {
  EXPECT_THAT(circles(waiters(1), {{held(0)}}), ElementsAre(ElementsAre(0U)));
  EXPECT_TRUE(circles(waiters(1), {{held(0, false)}}).empty());
}

TEST(LockCycles, AHolderThatWaitsForSomethingElseEndsTheWay) {
  Builder program = waiters(1);
  program.sender(program.channel(0xd000));
  EXPECT_TRUE(circles(program, {{held(1)}}).empty());
  EXPECT_EQ(leak::lockWaitedFor(program.snapshot, 1), golang::kNone);
}

TEST(LockCycles, TwoApart) {
  EXPECT_THAT(circles(waiters(4), {{held(1)}, {held(0)}, {held(3)}, {held(2)}}),
              ElementsAre(ElementsAre(0U, 1U), ElementsAre(2U, 3U)));
}

}  // namespace
}  // namespace parked
