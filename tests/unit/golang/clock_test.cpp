// What "now" is where nothing measured it: the latest moment that has certainly passed.
#include "golang/clock.h"

#include <gtest/gtest.h>
#include <memory>

#include "golang/synthetic.h"

namespace parked::golang {
namespace {

using test::entryOf;

enum : std::uint32_t { kGopark, kWorker, kSleep };

constexpr Addr kData = 0xa00000, kInitTime = kData, kMemstats = kData + 0x100;
constexpr Addr kG = 0xc000000000, kTimer = kG + 0x1000;
constexpr std::int64_t kStart = 1'000'000;
constexpr std::int64_t kWall = 1'700'000'000'000'000'000;
// Fields of the g and the timer, at offsets of the test's own.
constexpr Addr kNumGc = 16, kRing = 24;
constexpr Addr kTimerOf = 8, kSleepWhen = 16, kStamp = 24, kNextWhen = 8, kFake = 16;

class ClockTest : public testing::TestWithParam<bool> {
 protected:
  bool modern() const { return GetParam(); }

  void SetUp() override {
    target_.map(kData, 0x2000);
    target_.map(kG, 0x2000);
    target_.put(kInitTime, kStart);
    auto layouts = std::make_unique<test::SyntheticLayouts>();
    std::vector<image::FieldLayout> g{{"timer", kTimerOf, 8, "*runtime.timer"},
                                      {"trackingStamp", kStamp, 8, "int64"}};
    std::vector<image::FieldLayout> timer;
    if (modern()) {
      g.push_back({"sleepWhen", kSleepWhen, 8, "int64"});
      timer.push_back({"isFake", kFake, 1, "bool"});
    } else {
      timer.push_back({"nextwhen", kNextWhen, 8, "int64"});
    }
    layouts->add("runtime.g", 64, std::move(g));
    layouts->add("runtime.timer", 32, std::move(timer));
    layouts->add("runtime.mstats", kRing + 2048,
                 {{"last_gc_unix", 0, 8, "uint64"},
                  {"last_gc_nanotime", 8, 8, "uint64"},
                  {"numgc", kNumGc, 4, "uint32"},
                  {"pause_end", kRing, 2048, "[256]uint64"}});
    image::Image::Parts parts;
    parts.functions = test::makeFunctions(target_, {{.name = "runtime.gopark", .frame = 0x18},
                                                    {.name = "main.worker", .frame = 0x28},
                                                    {.name = "time.Sleep", .frame = 0x28}});
    parts.layouts = std::move(layouts);
    parts.symbols = {{"runtime.runtimeInitTime", kInitTime}, {"runtime.memstats", kMemstats}};
    image_ = image::Image::assemble(target_, std::move(parts));
    snapshot_.image = image_.get();
    snapshot_.pcs = {{entryOf(kWorker) + 9, 0},
                     {entryOf(kGopark) + 9, 0},
                     {entryOf(kSleep) + 9, 0},
                     {entryOf(kWorker) + 9, 0}};
    snapshot_.stacks = {{0, 1, false}, {1, 3, false}, {0, 1, true}};
    Goroutine& goroutine = snapshot_.goroutines.emplace_back();
    goroutine.address = kG;
    goroutine.stack = 0;
    target_.put(kG + kTimerOf, kTimer);
  }
  Goroutine& goroutine() { return snapshot_.goroutines[0]; }
  void slept(std::int64_t until) {
    target_.put(modern() ? kG + kSleepWhen : kTimer + kNextWhen, until);
  }
  /// A collection that ended so long after the start, by both clocks.
  void collected(std::int64_t end, std::int64_t setBack = 0) {
    target_.put(kMemstats + kRing + 8 * (collections_ % 256), kWall + end + setBack);
    target_.put(kMemstats, kWall + end);
    target_.put(kMemstats + 8, kStart + end);
    target_.put(kMemstats + kNumGc, ++collections_);
  }
  /// When somebody was blocked whose waitsince is so long after the start, counted from it, too.
  std::int64_t blocked(std::int64_t waitSince) {
    const std::int64_t at = blockedAt(read(), kStart + waitSince);
    return at == 0 ? 0 : at - kStart;
  }
  const Clock& read() {
    snapshot_.clock = {};
    readRuntimeState(snapshot_);
    readClock(snapshot_);
    return snapshot_.clock;
  }

  std::uint32_t collections_ = 0;
  test::SyntheticTarget target_;
  std::unique_ptr<image::Image> image_;
  Snapshot snapshot_;
};
INSTANTIATE_TEST_SUITE_P(Timers, ClockTest, testing::Bool());

TEST_P(ClockTest, NothingButTheStartIsKnown) {
  EXPECT_EQ(read().now, kStart);
  EXPECT_TRUE(isLowerBound(snapshot_.clock));
}

TEST_P(ClockTest, WhoHasSleptWasWokenByTime) {
  slept(kStart + 500);
  EXPECT_EQ(read().lowerBound, kStart + 500);
  EXPECT_EQ(snapshot_.clock.now, kStart + 500);
}

TEST_P(ClockTest, WhoSleepsStillOrIsAboutToSaysNothing) {
  slept(kStart + 500);
  goroutine().stack = 1;
  EXPECT_EQ(read().lowerBound, kStart);
  goroutine().stack = 2;  // cut short: it may be there
  EXPECT_EQ(read().lowerBound, kStart);
  goroutine().stack = kNone;
  EXPECT_EQ(read().lowerBound, kStart);
}

TEST_P(ClockTest, ABubblesClockIsAnother) {
  slept(kStart + 500);
  goroutine().bubble = 7;
  EXPECT_EQ(read().lowerBound, kStart);
  goroutine().bubble = 0;
  if (!modern()) return;
  target_.put(kTimer + kFake, std::uint8_t{1});
  EXPECT_EQ(read().lowerBound, kStart);
}

TEST_P(ClockTest, WhatTheSchedulerNotedHasPassed) {
  goroutine().waitSince = kStart + 100;
  EXPECT_EQ(read().lowerBound, kStart + 100);
  target_.put(kG + kStamp, kStart + 200);
  EXPECT_EQ(read().lowerBound, kStart + 200);
}

TEST_P(ClockTest, WhatCannotBeATimeIsIgnored) {
  for (const std::int64_t time : {std::int64_t{-1}, kStart - 1, std::int64_t{1} << 62}) {
    slept(time);
    target_.put(kG + kStamp, time);
    goroutine().waitSince = time;
    EXPECT_EQ(read().lowerBound, kStart);
  }
}

TEST_P(ClockTest, WhoACollectionSawBlockedWasAtItsEnd) {
  EXPECT_EQ(blocked(90), 0) << "nothing was collected";
  collected(100);
  EXPECT_EQ(blocked(90), 0) << "the collection that saw it has not ended";
  collected(5000);
  collected(6000);
  EXPECT_EQ(blocked(90), 5000) << "it blocked after the first one, perhaps just before the second";
  EXPECT_EQ(blocked(4990), 6000);
  EXPECT_EQ(blocked(5990), 0);
  EXPECT_EQ(blockedAt(read(), 0), 0);
}

TEST_P(ClockTest, OfManyCollectionsTheLastAreKept) {
  for (int i = 1; i <= 300; ++i) collected(1000 * i);
  EXPECT_EQ(blocked(298'990), 300'000);
  EXPECT_EQ(blocked(199'990), 201'000);
  EXPECT_EQ(blocked(1'990), 46'000) << "the oldest that is kept is the 45th";
}

TEST_P(ClockTest, TheWallClockMayBeSet) {
  collected(1'000);
  collected(2'000);
  collected(3'000, 500'000);  // and set back after it
  collected(4'000);
  EXPECT_EQ(blocked(990), 2'000);
  EXPECT_EQ(blocked(1'990), 4'000) << "later than it was, never earlier";
  target_.put(kMemstats + kRing + 8, ~std::uint64_t{0});  // damage
  EXPECT_EQ(blocked(3'990), 0);
}

TEST_P(ClockTest, ACollectionAndTheCoresDateTellMore) {
  target_.put(kMemstats, kWall);
  target_.put(kMemstats + 8, kStart + 100);
  target_.setWallTimeNs(kWall + 50);
  EXPECT_EQ(read().now, kStart + 150);
  EXPECT_EQ(snapshot_.clock.lowerBound, kStart + 100);
  EXPECT_FALSE(isLowerBound(snapshot_.clock));
  // What has passed is later: the date is wrong.
  slept(kStart + 500);
  EXPECT_EQ(read().now, kStart + 500);
  EXPECT_TRUE(isLowerBound(snapshot_.clock));
}

}  // namespace
}  // namespace parked::golang
