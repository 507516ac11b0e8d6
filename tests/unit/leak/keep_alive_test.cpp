#include "leak/keep_alive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parked::leak {
namespace {

std::vector<KeepAliveStep> way(std::size_t steps, std::size_t longName) {
  std::vector<KeepAliveStep> all;
  for (std::size_t i = 0; i < steps; ++i) {
    all.emplace_back().what = "*main." + std::string(longName, static_cast<char>('a' + i));
  }
  return all;
}

TEST(KeepAliveLine, ShortOnesAreWhole) {
  EXPECT_EQ(keepAliveLine(way(3, 4)), "*main.aaaa -> *main.bbbb -> *main.cccc");
  EXPECT_EQ(keepAliveLine({}), "");
}

TEST(KeepAliveLine, OfManyStepsTheEndsAreShown) {
  EXPECT_EQ(keepAliveLine(way(9, 1)),
            "*main.a -> *main.b -> *main.c -> 3 more -> *main.g -> *main.h -> *main.i");
}

TEST(KeepAliveLine, OfLongStepsFewer) {
  const std::string line = keepAliveLine(way(9, 25));
  EXPECT_LE(line.size(), 160U);
  EXPECT_THAT(line, testing::StartsWith("*main." + std::string(25, 'a') + " -> "));
  EXPECT_THAT(line, testing::HasSubstr(" -> 5 more -> "));
  EXPECT_THAT(line, testing::EndsWith(" -> *main." + std::string(25, 'i')));
  // Two are shown however long they are.
  EXPECT_THAT(keepAliveLine(way(9, 50)), testing::HasSubstr(" -> 7 more -> "));
}

}  // namespace
}  // namespace parked::leak
