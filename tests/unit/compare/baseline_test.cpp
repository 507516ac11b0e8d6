// What a baseline excuses.

#include "compare/baseline.h"

#include <gtest/gtest.h>

#include "files.h"

namespace parked::compare {
namespace {

using leak::Verdict;

const std::string kGroup = "00000000000000aa";

Baseline baselineOf(std::string_view text) {
  auto read = Baseline::read(fileOf(text, "baseline"));
  EXPECT_TRUE(read) << read.error().message;
  return *read;
}

TEST(Baseline, ALeakIsKnownByItsFingerprint) {
  const Baseline baseline = baselineOf(documentOf("PROVED"));
  EXPECT_TRUE(baseline.hasGroup(kGroup, {Verdict::proved, 1, 1}));
  EXPECT_TRUE(baseline.hasGroup(kGroup, {Verdict::suspect, 1, 1}));
  EXPECT_TRUE(baseline.hasGroup(kGroup, {Verdict::waiting, 1, 0}));
  EXPECT_FALSE(baseline.hasGroup("00000000000000ab", {Verdict::proved, 1, 1}));
  EXPECT_TRUE(baseline.hasFinding("00000000000000bb", {Verdict::proved, 1, 1}));
}

TEST(Baseline, WhatWaitedDoesNotExcuseWhatLeaks) {
  const Baseline baseline = baselineOf(documentOf("WAITING"));
  EXPECT_FALSE(baseline.hasGroup(kGroup, {Verdict::proved, 1, 1}));
  EXPECT_FALSE(baseline.hasGroup(kGroup, {Verdict::unknown, 1, 0}));
  EXPECT_TRUE(baseline.hasGroup(kGroup, {Verdict::waiting, 1, 0}));
}

TEST(Baseline, OnePlaceMoreIsNew) {
  const Baseline baseline = baselineOf(documentOf("PROVED"));
  EXPECT_FALSE(baseline.hasGroup(kGroup, {Verdict::proved, 2, 2}));
  EXPECT_TRUE(baseline.hasGroup(kGroup, {Verdict::proved, 2, 1}));
}

TEST(Baseline, AsItIsWritten) {
  const Baseline baseline = baselineOf(
      R"({"schema":"parked-baseline/1","findings":[],"groups":[
{"fingerprint":"00000000000000aa","verdict":"SUSPECT","places":2,"func":"main.f"}]})");
  EXPECT_TRUE(baseline.hasGroup(kGroup, {Verdict::proved, 2, 2}));
  EXPECT_FALSE(baseline.hasGroup(kGroup, {Verdict::proved, 3, 3}));
}

TEST(Baseline, WhatIsNone) {
  for (
      const std::string_view text :
      {"", "IgnoreRule PK005\n", "{}",
       R"({"schema":"parked-baseline/2","groups":[],"findings":[]})",
       R"({"schema":"parked-baseline/1","groups":[]})",
       R"({"schema":"parked-baseline/1","findings":[],"groups":[{"fingerprint":"a","verdict":"X","places":1}]})",
       R"({"schema":"parked-baseline/1","findings":[],"groups":[{"fingerprint":"a","verdict":"PROVED","places":-1}]})",
       R"({"schema":"parked-baseline/1","findings":[],"groups":[7]})"}) {
    EXPECT_FALSE(Baseline::read(fileOf(text))) << text;
  }
  EXPECT_FALSE(Baseline::read("/none/such/file"));
}

}  // namespace
}  // namespace parked::compare
