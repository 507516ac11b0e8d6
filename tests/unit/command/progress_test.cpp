// The line that says how far long work is.

#include "../../../cli/progress.h"

#include <gtest/gtest.h>

namespace parked {
namespace {

using namespace std::chrono_literals;
using cli::progressText;

TEST(Progress, StageShareRateAndRest) {
  EXPECT_EQ(progressText("heap", 250'000, 1'000'000, 2s), "heap 25%, 125k/s, 7s left");
  EXPECT_EQ(progressText("stacks", 30, 1'000, 1s), "stacks 3%, 30/s, 33s left");
  EXPECT_EQ(progressText("unpacking", 100'000'000, 25'000'000'000, 2s),
            "unpacking 0%, 50.0M/s, 8m19s left");
  EXPECT_EQ(progressText("heap", 1, 20'000, 1s), "heap 0%, 1/s, 5h33m left");
}

TEST(Progress, WhatIsNotKnownIsNotSaid) {
  EXPECT_EQ(progressText("executable", 0, 0, 5s), "executable");
  EXPECT_EQ(progressText("reachability", 4'000'000, 0, 2s), "reachability, 2.0M/s");
  EXPECT_EQ(progressText("heap", 0, 1'000, 5s), "heap 0%");
  EXPECT_EQ(progressText("heap", 500, 1'000, 10ms), "heap 50%");  // too early for a rate
  EXPECT_EQ(progressText("heap", 1'000, 1'000, 2s), "heap 100%, 500/s");
  EXPECT_EQ(progressText("heap", 2'000, 1'000, 2s), "heap 100%, 500/s");  // more than was foreseen
  EXPECT_EQ(progressText("heap", 1, ~0ULL, 2s), "heap 0%, 0/s");          // no estimate
}

}  // namespace
}  // namespace parked
