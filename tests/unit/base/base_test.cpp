#include <array>
#include <gtest/gtest.h>
#include <string>

#include "base/closest.h"
#include "base/incomplete.h"
#include "base/intern.h"
#include "base/observer.h"

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

}  // namespace
}  // namespace parked
