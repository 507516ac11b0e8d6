#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <vector>

#include "base/closest.h"
#include "base/incomplete.h"
#include "base/intern.h"
#include "base/observer.h"
#include "base/progress.h"
#include "base/text.h"

namespace parked {
namespace {

TEST(ClosestWord, OfATypingError) {
  constexpr std::array<std::string_view, 4> kKnown = {"waiting", "running", "runnable", "PROVED"};
  EXPECT_EQ(closestWord("wating", kKnown), "waiting");
  EXPECT_EQ(closestWord("wiating", kKnown), "waiting");
  EXPECT_EQ(closestWord("runing", kKnown), "running");
  EXPECT_EQ(closestWord("runable", kKnown), "runnable");
  EXPECT_EQ(closestWord("prooved", kKnown), "PROVED");
  EXPECT_EQ(closestWord("blocked", kKnown), "");
  EXPECT_EQ(closestWord("x", kKnown), "");
  EXPECT_EQ(closestWord("", kKnown), "");
  EXPECT_EQ(closestWord(std::string(100000, 'w'), kKnown), "");
  EXPECT_EQ(didYouMean("wating", kKnown), " Did you mean 'waiting'?");
  EXPECT_EQ(editDistance("ab", "ba"), 1U);
  EXPECT_EQ(editDistance("kitten", "sitting"), 3U);
}

TEST(StringTable, EqualTextsShareAnIdAndViewsSurviveGrowth) {
  StringTable table;
  const StringId first = table.intern("main.worker");
  const std::string_view view = table[first];
  for (int i = 0; i < 10000; ++i) table.intern("f" + std::to_string(i));
  EXPECT_EQ(table.intern("main.worker"), first);
  EXPECT_EQ(view, "main.worker");
  EXPECT_EQ(view.data(), table[first].data());
  EXPECT_EQ(table[table.intern("f9999")], "f9999");
}

TEST(StringTable, EmptyTextHasTheFixedIdAndUnknownIdsAreEmpty) {
  StringTable table;
  EXPECT_EQ(table.intern(""), kEmptyString);
  EXPECT_EQ(table[12345], "");
}

TEST(IncompleteList, SameDamageIsCountedOnceWithItsFirstAddress) {
  IncompleteList list;
  EXPECT_TRUE(list.empty());
  list.add("stack", "not in the core", 0x1000);
  list.add("stack", "not in the core", 0x2000);
  list.add("stack", "outside its bounds", 0x3000);
  ASSERT_EQ(list.entries().size(), 2U);
  EXPECT_EQ(list.entries()[0].count, 2U);
  EXPECT_EQ(list.entries()[0].firstAddress, 0x1000U);
  EXPECT_EQ(list.entries()[1].count, 1U);
}

TEST(Timings, ScopesAreListedInTheOrderTheyEnd) {
  Timings timings;
  {
    const Timings::Scope outer(&timings, "outer");
    const Timings::Scope inner(&timings, "inner");
  }
  {
    const Timings::Scope nowhere(nullptr, "unused");
  }
  ASSERT_EQ(timings.entries().size(), 2U);
  EXPECT_EQ(timings.entries()[0].stage, "inner");
  EXPECT_EQ(timings.entries()[1].stage, "outer");
}

TEST(Numbers, Separators) {
  EXPECT_EQ(withSeparators(0), "0");
  EXPECT_EQ(withSeparators(999), "999");
  EXPECT_EQ(withSeparators(1000), "1,000");
  EXPECT_EQ(withSeparators(1234567), "1,234,567");
  EXPECT_EQ(withSeparators(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(Numbers, DurationsRoundDown) {
  const std::int64_t second = 1'000'000'000;
  EXPECT_EQ(humanDuration(0), "0s");
  EXPECT_EQ(humanDuration(999), "<1us");
  EXPECT_EQ(humanDuration(2'450'000), "2.4ms");
  EXPECT_EQ(humanDuration(850'000'000), "850ms");
  EXPECT_EQ(humanDuration(1'999'999'999), "1.9s");
  EXPECT_EQ(humanDuration(12 * second), "12s");
  EXPECT_EQ(humanDuration(90 * second), "1m30s");
  EXPECT_EQ(humanDuration(41 * 60 * second + 59 * second), "41m");
  EXPECT_EQ(humanDuration(3 * 3600 * second + 120 * second), "3h2m");
  EXPECT_EQ(humanDuration(48 * 3600 * second), "2d");
  EXPECT_EQ(humanDuration(-90 * second), "-1m30s");
  EXPECT_EQ(humanDuration(INT64_MIN).front(), '-');
}

TEST(Numbers, DurationsAreParsed) {
  EXPECT_EQ(durationFrom("1h30m"), 90 * 60 * 1'000'000'000LL);
  EXPECT_EQ(durationFrom("1.5s"), 1'500'000'000LL);
  EXPECT_EQ(durationFrom("2d"), 48 * 3600 * 1'000'000'000LL);
  EXPECT_EQ(durationFrom("250ms"), 250'000'000LL);
  EXPECT_EQ(durationFrom("0"), 0);
  for (const char* bad : {"", "5", "m", "-3s", "5 minutes", "1h30", "9e99s", "999999999999d"}) {
    EXPECT_EQ(durationFrom(bad), std::nullopt) << bad;
  }
}

class Counting final : public Observer {
 public:
  void progress(std::string_view stage, std::uint64_t done, std::uint64_t total) override {
    told.push_back(std::string(stage) + " " + std::to_string(done) + "/" + std::to_string(total));
  }
  bool cancelled() override { return told.size() >= stopAfter; }
  std::vector<std::string> told;
  std::size_t stopAfter = 100;
};

TEST(Progress, TellsNowAndThenAndStopsForGood) {
  Counting observer;
  observer.stopAfter = 3;
  Progress progress(&observer, "heap", 5000, Progress::kDear);
  std::size_t steps = 0;
  while (progress.step()) ++steps;
  EXPECT_EQ(steps, 2U * Progress::kDear);
  EXPECT_THAT(observer.told, testing::ElementsAre("heap 0/5000", "heap 256/5000", "heap 512/5000"));
  observer.stopAfter = 100;
  EXPECT_FALSE(progress.step());
  EXPECT_TRUE(progress.stopped());
}

TEST(Progress, WithoutAStageOnlyAsks) {
  Counting observer;
  observer.stopAfter = 0;
  Progress progress(&observer);
  EXPECT_FALSE(progress.step());
  EXPECT_TRUE(observer.told.empty());
  Progress alone(nullptr, "heap", 1);
  EXPECT_TRUE(alone.step());
  EXPECT_FALSE(alone.stopped());
}

}  // namespace
}  // namespace parked
