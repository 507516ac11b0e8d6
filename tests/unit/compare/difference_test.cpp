// What is new, gone and grown.

#include "compare/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parked::compare {
namespace {

using testing::ElementsAre;

Entry entryOf(std::uint64_t count, leak::Verdict verdict = leak::Verdict::proved) {
  Entry entry;
  entry.count = count;
  entry.verdict = verdict;
  entry.function = "main.f";
  entry.places = {{"main.f", ""}};
  return entry;
}

std::vector<std::pair<std::string, Change>> changesIn(const std::vector<Changed>& all) {
  std::vector<std::pair<std::string, Change>> changes;
  for (const Changed& each : all) changes.emplace_back(each.fingerprint, each.change);
  return changes;
}

TEST(Difference, ByFingerprintGravestFirst) {
  Side before, after;
  before.groups = {
      {"gone", entryOf(3)}, {"less", entryOf(3)}, {"more", entryOf(3)}, {"same", entryOf(3)}};
  after.groups = {{"less", entryOf(2)},
                  {"more", entryOf(4)},
                  {"new", entryOf(9, leak::Verdict::waiting)},
                  {"newer", entryOf(1)},
                  {"same", entryOf(3)}};
  EXPECT_THAT(changesIn(differenceOf(before, after).groups),
              ElementsAre(std::pair("newer", Change::added), std::pair("new", Change::added),
                          std::pair("more", Change::grown), std::pair("less", Change::shrunk),
                          std::pair("gone", Change::gone), std::pair("same", Change::same)));
}

TEST(Difference, OnePlaceMoreHasGrown) {
  Side before, after;
  before.groups["a"] = entryOf(3);
  after.groups["a"] = entryOf(3);
  after.groups["a"].places.insert({"main.f.func2", ""});
  EXPECT_EQ(differenceOf(before, after).groups.front().change, Change::grown);
}

TEST(Difference, TheRuntimesOwnAreLeftOut) {
  Side before, after;
  after.groups["a"] = entryOf(3);
  after.groups["a"].system = true;
  EXPECT_TRUE(differenceOf(before, after).groups.empty());
}

TEST(Difference, StillParkedInOneProcessOnly) {
  Side before, after;
  before.pid = after.pid = 7;
  before.startedNs = after.startedNs = 99;
  before.parked = {{18, 1, "a"}, {19, 2, "a"}, {20, 3, "a"}};
  after.parked = {{18, 1, "a"}, {19, 5, "a"}, {20, 3, "a"}, {21, 1, "a"}};
  before.groups["a"] = after.groups["a"] = entryOf(3);
  Difference difference = differenceOf(before, after);
  EXPECT_TRUE(difference.sameProcess);
  EXPECT_THAT(difference.stillParked, ElementsAre(18, 20));
  EXPECT_EQ(difference.groups.front().stillParked, 2U);
  // In a container every program may be process 7.
  after.startedNs = 100;
  difference = differenceOf(before, after);
  EXPECT_FALSE(difference.sameProcess);
  EXPECT_TRUE(difference.stillParked.empty());
}

}  // namespace
}  // namespace parked::compare
