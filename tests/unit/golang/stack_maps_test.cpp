#include "golang/stack_maps.h"

#include <gtest/gtest.h>

#include "golang/synthetic.h"

namespace parked::golang {
namespace {

constexpr Addr kTable = 0x600000;

TEST(StackObjects, AsTheyLieInTheFile) {
  // A core may have its segments anywhere in the file, also where no number is aligned.
  for (const Addr start : {kTable, kTable - 3}) {
    test::SyntheticTarget target;
    target.map(start, 0x100);
    target.put(kTable, std::uint64_t{2});
    target.put(kTable + 8, StackObject{-16, 16, 8, 1});
    target.put(kTable + 24, StackObject{8, 24, -8, 2});
    const auto objects = readStackObjects(target.memory(), kTable);
    ASSERT_TRUE(objects);
    ASSERT_EQ(objects->size(), 2U);
    EXPECT_EQ((*objects)[0].offset, -16);
    EXPECT_EQ((*objects)[1].size, 24);
    EXPECT_EQ((*objects)[1].pointers, -8);
    EXPECT_EQ((*objects)[1].mask, 2U);
  }
}

TEST(StackObjects, NoneIsNotDamage) {
  test::SyntheticTarget target;
  target.map(kTable, 0x100);
  for (const Addr table : {Addr{0}, kTable}) {
    const auto objects = readStackObjects(target.memory(), table);
    ASSERT_TRUE(objects);
    EXPECT_EQ(objects->size(), 0U);
  }
}

TEST(StackObjects, DamageIsSaid) {
  test::SyntheticTarget target;
  target.map(kTable, 0x100);
  EXPECT_FALSE(readStackObjects(target.memory(), kTable + 0x1000));  // not there
  target.put(kTable, std::uint64_t{16});                             // ends behind memory
  EXPECT_FALSE(readStackObjects(target.memory(), kTable));
  target.put(kTable, ~std::uint64_t{0});
  EXPECT_FALSE(readStackObjects(target.memory(), kTable));
}

}  // namespace
}  // namespace parked::golang
