#include "capture/live_copy.h"

#include <gtest/gtest.h>

namespace parked::capture {
namespace {

TEST(LiveCopy, WhatWasCutShortProvesNothing) {
  for (const bool letGo : {false, true}) {
    EXPECT_FALSE(LiveCopy::cutShort(LiveCopy::Result::whole, letGo)) << "it needed no more";
    EXPECT_EQ(LiveCopy::cutShort(LiveCopy::Result::unknown, letGo), letGo);
    EXPECT_TRUE(LiveCopy::cutShort(LiveCopy::Result::late, letGo));
  }
}

}  // namespace
}  // namespace parked::capture
