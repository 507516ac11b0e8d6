#include "golang/stack_pool.h"

#include <gtest/gtest.h>
#include <vector>

namespace parked::golang {
namespace {

FramePc at(Addr pc, bool exact = false) { return {.pc = pc & 0xffffffffffff, .exact = exact}; }

TEST(StackPoolTest, EqualStacksShareOne) {
  Snapshot snapshot;
  StackPool pool(snapshot);
  const std::vector<FramePc> ab{at(1), at(2)}, abc{at(1), at(2), at(3)}, ba{at(2), at(1)};
  const Index first = pool.add(ab, false);
  EXPECT_EQ(pool.add(ab, false), first);
  EXPECT_NE(pool.add(abc, false), first);
  EXPECT_NE(pool.add(ba, false), first);
  EXPECT_NE(pool.add(ab, true), first) << "a truncated stack is another one";
  EXPECT_NE(pool.add(std::vector{at(1, true), at(2)}, false), first);
  EXPECT_EQ(snapshot.stacks.size(), 5u);
  EXPECT_EQ(snapshot.pcs.size(), 11u);
}

TEST(StackPoolTest, EmptyStackIsNone) {
  Snapshot snapshot;
  EXPECT_EQ(StackPool(snapshot).add({}, true), kNone);
}

TEST(StackPoolTest, KeepsItsAnswersWhileItGrows) {
  Snapshot snapshot;
  StackPool pool(snapshot);
  for (int round = 0; round < 2; ++round) {
    for (Index i = 0; i < 20000; ++i) {
      ASSERT_EQ(pool.add(std::vector{at(i + 1), at(7)}, false), i);
    }
  }
  EXPECT_EQ(snapshot.pcs.size(), 40000u);
}

}  // namespace
}  // namespace parked::golang
