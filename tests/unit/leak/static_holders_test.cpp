#include "leak/static_holders.h"

#include <gtest/gtest.h>

namespace parked::leak {
namespace {

TEST(StaticHolders, TheNearestBelowThatIsNotTooFar) {
  const StaticHolders holders({{0x10, 0x5000}, {0x20, 0x4000}, {0x30, 0x4800}});
  EXPECT_EQ(holders.holderOf(0x3fff), 0U);
  EXPECT_EQ(holders.holderOf(0x4000), 0x20U);
  EXPECT_EQ(holders.holderOf(0x47ff), 0x20U);
  EXPECT_EQ(holders.holderOf(0x4810), 0x30U);
  EXPECT_EQ(holders.holderOf(0x14fff), 0x10U);
  EXPECT_EQ(holders.holderOf(0x15000), 0U) << "nothing that large is made at package level";
}

TEST(StaticHolders, OfTheSameValueTheFirst) {
  const StaticHolders holders({{0x10, 0x4000}, {0x20, 0x4000}});
  EXPECT_EQ(holders.holderOf(0x4008), 0x10U);
}

TEST(StaticHolders, NoneOfNone) {
  EXPECT_EQ(StaticHolders(std::vector<StaticHolders::Pointer>()).holderOf(0x4000), 0U);
}

}  // namespace
}  // namespace parked::leak
