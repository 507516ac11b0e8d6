#include "leak/trend.h"

#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace parked::leak {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

Trend trend(const std::vector<std::uint64_t>& counts) {
  std::vector<Count> looks;
  for (const std::uint64_t count : counts) {
    looks.push_back(
        {1'000'000 * kSecond + static_cast<std::int64_t>(looks.size()) * 10 * kSecond, count});
  }
  return trendOf(looks);
}

TEST(Trend, WhatGrowsFromLookToLook) {
  EXPECT_TRUE(trend({10, 20, 30, 40}).rising);
  EXPECT_DOUBLE_EQ(trend({10, 20, 30, 40}).perMinute, 60);
  EXPECT_TRUE(trend({0, 0, 0, 0, 1, 2, 3}).rising);
  EXPECT_TRUE(trend({1, 1, 1, 1, 2, 2, 2, 2, 3}).rising);        // one a while
  EXPECT_TRUE(trend({10, 25, 22, 41, 38, 55, 61, 58}).rising);   // with noise on it
  EXPECT_TRUE(trend({1, 2, 900'000, 3, 4, 5, 6, 7, 8}).rising);  // one outlier does not hide it
}

TEST(Trend, WhatDoesNot) {
  EXPECT_FALSE(trend({}).rising);
  EXPECT_FALSE(trend({7}).rising);
  EXPECT_FALSE(trend({1, 2, 3}).rising);  // one of six rows of three does that by chance
  EXPECT_FALSE(trend({5, 5, 5, 5, 5, 5}).rising);
  EXPECT_EQ(trend({5, 5, 5, 5, 5, 5}).perMinute, 0);
  EXPECT_FALSE(trend({40, 30, 20, 10}).rising);
  EXPECT_LT(trend({40, 30, 20, 10}).perMinute, 0);
  EXPECT_FALSE(trend({5, 5, 5, 5, 5, 6}).rising);        // one more is no trend
  EXPECT_FALSE(trend({1, 1, 1, 900'000, 1, 1}).rising);  // a burst is none either
}

TEST(Trend, ChanceIsSeldomTakenForGrowth) {
  std::mt19937 random(7);
  std::uniform_int_distribution<std::uint64_t> any(0, 30);
  int rising = 0;
  constexpr int kRows = 4000;
  for (int row = 0; row < kRows; ++row) {
    std::vector<std::uint64_t> counts(4 + static_cast<std::size_t>(row) % 27);
    for (std::uint64_t& count : counts) count = any(random);
    rising += trend(counts).rising ? 1 : 0;
  }
  EXPECT_LT(rising, kRows * 6 / 100);
  EXPECT_GT(rising, 0);  // the other way round: the test is not deaf
}

}  // namespace
}  // namespace parked::leak
