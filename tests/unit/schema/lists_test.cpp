// The runtime's lists of Ps, Ms and spans, whole and damaged.
#include <gtest/gtest.h>
#include <vector>

#include "arch/architecture.h"
#include "golang/synthetic.h"
#include "schema/g.h"
#include "schema/m.h"
#include "schema/mheap.h"
#include "schema/p.h"

namespace parked::schema {
namespace {

constexpr Addr kData = 0x600000, kList = kData + 0x800;

class ListsTest : public testing::Test {
 protected:
  void SetUp() override {
    target.map(kData, 0x1000);
    // Not the real offsets, so that nothing can rely on them.
    layouts.add("runtime.m", 32, {{"id", 8, 8, "int64"}, {"alllink", 16, 8, "*runtime.m"}});
    layouts.add("runtime.mheap", 64,
                {{"allspans", 8, 24, "[]*runtime.mspan"},
                 {"arenas", 32, 8, "[1]*[4194304]*runtime.heapArena"},
                 {"sweepgen", 40, 4, "uint32"}});
  }

  void slice(Addr at, Addr data, std::uint64_t length) {
    target.put(at, data);
    target.put(at + 8, length);
  }
  /// The ids of the m's from the first on.
  std::vector<std::int64_t> idsFrom(Addr first, bool& whole) {
    const MLayout m = MLayout::of(layouts);
    std::vector<std::int64_t> ids;
    whole = forEachM(target.memory(), m, first,
                     [&](const image::Object& each) { ids.push_back(each[m.id]); });
    return ids;
  }

  test::SyntheticTarget target;
  test::SyntheticLayouts layouts;
};

TEST_F(ListsTest, PsAreReadOneByOne) {
  slice(kData, kList, 2);
  target.put(kList, Addr{0x1234});
  const auto list = PList::read(target.memory(), kData);
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), 2U);
  EXPECT_EQ(list->at(0), 0x1234U);
  EXPECT_EQ(list->at(1), 0U) << "not made yet";
}

TEST_F(ListsTest, AListOfPsThatIsNotThereOrTooLong) {
  EXPECT_FALSE(PList::read(target.memory(), 0x10));
  slice(kData, kList, kMostPs + 1);
  EXPECT_FALSE(PList::read(target.memory(), kData));
  slice(kData, 0x10, 1);
  const auto list = PList::read(target.memory(), kData);
  ASSERT_TRUE(list);
  EXPECT_FALSE(list->at(0));
}

TEST_F(ListsTest, MsFromTheNewestOn) {
  const Addr second = kList + 0x100;
  target.put(kList + 8, std::int64_t{7});
  target.put(kList + 16, second);
  target.put(second + 8, std::int64_t{3});
  bool whole = false;
  EXPECT_EQ(idsFrom(kList, whole), (std::vector<std::int64_t>{7, 3}));
  EXPECT_TRUE(whole);
  EXPECT_TRUE(idsFrom(0, whole).empty());
  EXPECT_TRUE(whole);
}

TEST_F(ListsTest, AListOfMsThatIsDamaged) {
  bool whole = true;
  target.put(kList + 16, Addr{0x10});
  EXPECT_EQ(idsFrom(kList, whole).size(), 1U);
  EXPECT_FALSE(whole);
  target.put(kList + 16, kList);  // a circle
  EXPECT_EQ(idsFrom(kList, whole).size(), kMostMs);
  EXPECT_FALSE(whole);
}

TEST_F(ListsTest, SpansAreListed) {
  std::vector<std::string> missing;
  const MheapLayout heap = MheapLayout::of(layouts, missing);
  EXPECT_TRUE(missing.empty());
  slice(kData + 8, kList, 2);
  target.put(kList + 8, Addr{0x5678});
  const auto list = SpanList::read(target.memory(), heap, kData);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ((*list)[1], 0x5678U);
  slice(kData + 8, kList, kMostSpans + 1);
  EXPECT_EQ(SpanList::read(target.memory(), heap, kData).error().code, ErrorCode::badFormat);
  slice(kData + 8, 0x10, 1);
  EXPECT_EQ(SpanList::read(target.memory(), heap, kData).error().code, ErrorCode::unreadable);
  EXPECT_EQ(SpanList::read(target.memory(), heap, 0x10).error().code, ErrorCode::unreadable);
}

TEST_F(ListsTest, ArenasByAddress) {
  EXPECT_EQ(
      arenaEntry(*arch::byName("amd64"), 0xc000000000) - arenaEntry(*arch::byName("amd64"), 0),
      0xc000000000 / kArenaSize * sizeof(Addr));
  EXPECT_EQ(arenaEntry(*arch::byName("amd64"), 0), (Addr{1} << 47) / kArenaSize * sizeof(Addr));
  EXPECT_EQ(arenaEntry(*arch::byName("arm64"), kArenaSize), sizeof(Addr));
}

TEST_F(ListsTest, WhatIsMissingOfAGIsNamed) {
  layouts.add("runtime.g", 16, {{"goid", 8, 8, "uint64"}});
  std::vector<std::string> missing;
  const GLayout g = GLayout::of(layouts, missing);
  EXPECT_TRUE(g.goid);
  EXPECT_FALSE(g.timer);
  ASSERT_FALSE(missing.empty());
  EXPECT_EQ(missing.front(), "runtime.g.stack.lo");
}

}  // namespace
}  // namespace parked::schema
