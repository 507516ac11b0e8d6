// What `parked watch --html` draws: points of all looks, however many there were.

#include "report/watch_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numeric>

#include "../leak/fake_program.h"

namespace parked {
namespace {

using fake::Builder;
using fake::ObjectKind;
using fake::ReasonClass;
using fake::WaitOp;
using report::WatchSeries;
using testing::ElementsAre;

constexpr std::int64_t kSecond = 1'000'000'000;

/// One look: so many goroutines at a nil channel, in a function, or in none.
void look(leak::History& history, std::uint64_t nth, std::size_t count) {
  Builder program;
  const auto stack = program.stack({fake::kGopark, fake::kHandle});
  std::vector<golang::Index> all(count);
  std::iota(all.begin(), all.end(), 0);
  for (std::size_t i = 0; i < count; ++i) {
    program.blocked("chan receive (nil chan)", ReasonClass::chanReceiveNil, stack);
    program.wait(ObjectKind::nilChannel, WaitOp::receive);
  }
  history.add(program.analyse(), all, 1000 * kSecond + static_cast<std::int64_t>(nth) * kSecond);
}

TEST(WatchSeries, APointForEachLook) {
  leak::History history;
  WatchSeries series;
  for (const std::size_t count : {0U, 2U, 5U, 4U}) {
    look(history, history.looks(), count);
    series.add(history);
  }
  EXPECT_THAT(series.times(), ElementsAre(0, kSecond, 2 * kSecond, 3 * kSecond));
  EXPECT_THAT(series.totals(), ElementsAre(0, 2, 5, 4));
  ASSERT_EQ(history.groups().size(), 1U);
  EXPECT_THAT(series.of(history.groups().front()->number), ElementsAre(0, 2, 5, 4));
  EXPECT_TRUE(series.of(77).empty());
}

TEST(WatchSeries, OfManyLooksEverySecondOrFourthAndTheLast) {
  leak::History history;
  WatchSeries series;
  for (std::uint64_t i = 0; i < 3 * WatchSeries::kPoints; ++i) {
    look(history, i, 1 + i % 7);
    series.add(history);
    const auto& times = series.times();
    ASSERT_LE(times.size(), WatchSeries::kPoints);
    ASSERT_EQ(times.back(), static_cast<std::int64_t>(i) * kSecond);
    ASSERT_EQ(series.totals().back(), 1 + i % 7);
    ASSERT_EQ(series.totals().size(), times.size());
    const auto& counts = series.of(history.groups().front()->number);
    ASSERT_EQ(counts.size(), times.size());
    const auto step = static_cast<std::int64_t>(series.step());
    for (std::size_t p = 0; p < times.size(); ++p) {
      const std::int64_t at = times[p] / kSecond;
      if (p + 1 < times.size()) {
        ASSERT_EQ(at, static_cast<std::int64_t>(p) * step) << i;
      }
      ASSERT_EQ(counts[p], static_cast<std::uint32_t>(1 + at % 7)) << i;
    }
  }
  EXPECT_EQ(series.step(), 4U);
}

TEST(WatchSeries, WhatTheHistoryForgetsGoes) {
  leak::History history;
  WatchSeries series;
  look(history, 0, 3);
  series.add(history);
  const std::uint32_t number = history.groups().front()->number;
  for (std::uint64_t i = 1; i <= leak::History::kKept; ++i) {
    look(history, i, 0);
    series.add(history);
  }
  EXPECT_TRUE(history.groups().empty());
  EXPECT_TRUE(series.of(number).empty());
}

}  // namespace
}  // namespace parked
