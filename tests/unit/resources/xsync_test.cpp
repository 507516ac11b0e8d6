#include "resources/locks/xsync.h"

#include <gtest/gtest.h>

namespace parked::resources {
namespace {

TEST(ExtraSync, TellsWhatAGoroutineWaitsOn) {
  ExtraSync found;
  found.semaphores.resize(2);
  found.semaphores[0].waiters = {3};
  found.semaphores[1].waiters = {4, 5};
  found.groups.resize(2);
  found.groups[0].waiters = {6};
  found.groups[1].starters = {7};
  found.index();
  EXPECT_EQ(found.semaphoreOf(5), &found.semaphores[1]);
  EXPECT_EQ(found.semaphoreOf(3), &found.semaphores[0]);
  EXPECT_EQ(found.semaphoreOf(6), nullptr);
  EXPECT_EQ(found.groupOf(6), &found.groups[0]);
  EXPECT_EQ(found.groupOf(7), &found.groups[1]);
  EXPECT_EQ(found.groupOf(5), nullptr);
  const ExtraSync copy = found;
  EXPECT_EQ(copy.groupOf(7), &copy.groups[1]);
}

}  // namespace
}  // namespace parked::resources
