#include "golang/addr_map.h"

#include <gtest/gtest.h>

namespace parked::golang {
namespace {

TEST(AddrMap, FindsWhatWasInsertedAndNothingElse) {
  AddrMap map;
  for (std::uint32_t i = 1; i <= 100000; ++i) ASSERT_TRUE(map.insert(i * 64, i));
  EXPECT_EQ(map.size(), 100000U);
  for (std::uint32_t i = 1; i <= 100000; ++i) ASSERT_EQ(map.find(i * 64), i);
  EXPECT_EQ(map.find(63), AddrMap::kMissing);
  EXPECT_EQ(map.find(100001 * 64), AddrMap::kMissing);
}

TEST(AddrMap, KeepsTheFirstValueOfAKey) {
  AddrMap map;
  EXPECT_TRUE(map.insert(8, 1));
  EXPECT_FALSE(map.insert(8, 2));
  EXPECT_EQ(map.find(8), 1U);
}

TEST(AddrMap, NilIsNoKey) {
  AddrMap map(10);
  EXPECT_FALSE(map.insert(0, 1));
  EXPECT_FALSE(map.contains(0));
  EXPECT_EQ(map.size(), 0U);
}

}  // namespace
}  // namespace parked::golang
