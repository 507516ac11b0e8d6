#include "leak/island_kinds.h"

#include <gtest/gtest.h>
#include <initializer_list>
#include <utility>
#include <vector>

namespace parked::leak {
namespace {

constexpr Addr kRun = 0x1000, kPing = 0x2000, kMake = 0x3000;

/// Islands of goroutines that are given by their ids; each sleeps, or receives where nobody sends.
class IslandKinds : public testing::Test {
 protected:
  void SetUp() override { snapshot_.gomaxprocs = 2; }

  void island(std::initializer_list<std::uint64_t> ids, bool receives = true) {
    proof::Island island;
    island.firstGoroutine = static_cast<Index>(islands_.goroutines.size());
    Addr start = kRun;
    for (const std::uint64_t id : ids) {
      golang::Goroutine goroutine;
      goroutine.id = id;
      goroutine.startPc = std::exchange(start, kPing);
      goroutine.creatorPc = kMake;
      goroutine.firstWait = static_cast<Index>(snapshot_.waits.size());
      goroutine.waitCount = 1;
      golang::Wait wait;
      wait.goroutine = static_cast<Index>(snapshot_.goroutines.size());
      wait.kind = receives ? golang::ObjectKind::channel : golang::ObjectKind::timer;
      snapshot_.waits.push_back(wait);
      islands_.goroutines.push_back(static_cast<Index>(snapshot_.goroutines.size()));
      snapshot_.goroutines.push_back(goroutine);
      ++island.goroutines;
    }
    islands_.all.push_back(island);
  }

  void many(std::uint64_t count, std::uint64_t step, bool receives = true) {
    for (std::uint64_t i = 0; i < count; ++i) island({10 + i * step}, receives);
  }

  Background only() const {
    const auto kinds = islandKinds(snapshot_, islands_, thresholds_);
    EXPECT_EQ(kinds.size(), 1U);
    return kinds.front().background;
  }

  golang::Snapshot snapshot_;
  proof::Islands islands_;
  Thresholds thresholds_;
};

TEST_F(IslandKinds, FewAreBackground) {
  many(4, 1000);
  EXPECT_EQ(only(), Background::few);
  thresholds_.orphans = 4;
  EXPECT_EQ(only(), Background::none);
}

TEST_F(IslandKinds, OneForEachCpuIsBackground) {
  snapshot_.gomaxprocs = 8;
  many(8, 1);
  EXPECT_EQ(only(), Background::each);
}

TEST_F(IslandKinds, AsManyMadeOverTimeAreNot) {
  snapshot_.gomaxprocs = 8;
  many(8, 1000);
  EXPECT_EQ(only(), Background::none);
}

TEST_F(IslandKinds, APoolOfLoopsIsBackground) {
  many(30, 1, false);
  EXPECT_EQ(only(), Background::pool);
}

TEST_F(IslandKinds, LoopsMadeOverTimeAreNot) {
  many(30, 1000, false);
  EXPECT_EQ(only(), Background::none);
}

TEST_F(IslandKinds, WhatWasMeantToBeStoppedIsNoPool) {
  many(30, 1);
  EXPECT_EQ(only(), Background::none);
}

TEST_F(IslandKinds, OneIslandThatHasGrownIsALeak) {
  proof::Island grown;
  for (std::uint64_t i = 0; i < 100; ++i) island({10 + i * 50});
  grown.goroutines = 100;
  islands_.all = {grown};
  EXPECT_EQ(only(), Background::none);
  thresholds_.some = 101;
  EXPECT_EQ(only(), Background::few);
}

/// Which of an island's goroutines is the oldest is chance.
TEST_F(IslandKinds, TheOrderOfGoidsTellsNothing) {
  island({1000, 1001});
  island({2000, 2001});
  std::swap(snapshot_.goroutines[2].startPc, snapshot_.goroutines[3].startPc);
  const auto kinds = islandKinds(snapshot_, islands_, thresholds_);
  ASSERT_EQ(kinds.size(), 1U);
  EXPECT_EQ(kinds.front().islands.size(), 2U);
  EXPECT_EQ(kinds.front().goroutines, 4U);
}

}  // namespace
}  // namespace parked::leak
