// Maps made of bytes, in both forms, whole and damaged.
#include "golang/map_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

#include "golang/synthetic.h"

namespace parked::golang {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr Addr kMemory = 0xc000000000;
constexpr std::size_t kSize = 1 << 20;
constexpr Addr kHeader = kMemory, kTables = kMemory + 0x100, kData = kMemory + 0x1000,
               kOld = kMemory + 0x8000, kMore = kMemory + 0x10000, kHole = 0xdead0000;

/// Maps of uint64 to uint64.
class MapReaderTest : public testing::Test {
 protected:
  void SetUp() override { target.map(kMemory, kSize); }

  /// Of `times` visits the last.
  MapState visit(int times = 1) {
    auto layouts = std::make_unique<test::SyntheticLayouts>();
    // Not the real offsets, so that nothing can rely on them.
    layouts->add("runtime.hmap", 48,
                 {{"count", 8, 8, "int"},
                  {"flags", 2, 1, "uint8"},
                  {"B", 3, 1, "uint8"},
                  {"buckets", 24, 8, "unsafe.Pointer"},
                  {"oldbuckets", 16, 8, "unsafe.Pointer"}});
    layouts->add("internal/runtime/maps.Map", 48,
                 {{"used", 0, 8, "uint64"},
                  {"dirPtr", 16, 8, "unsafe.Pointer"},
                  {"dirLen", 24, 8, "int"},
                  {"writing", 34, 1, "uint8"}});
    layouts->add("internal/runtime/maps.table", 32,
                 {{"groups", 16, 16, "internal/runtime/maps.groupsReference"}});
    layouts->add("internal/runtime/maps.groupsReference", 16,
                 {{"data", 0, 8, "unsafe.Pointer"}, {"lengthMask", 8, 8, "uint64"}});
    image::Image::Parts parts;
    parts.layouts = std::move(layouts);
    const auto image = image::Image::assemble(target, std::move(parts));
    const MapReader reader(*image);
    MapState state = MapState::complete;
    for (int i = 0; i < times; ++i) {
      seen.clear();
      state = reader.visit(header, type, [&](Addr key, Addr element) {
        std::uint64_t k = 0, v = 0;
        target.memory().read(key, k);
        target.memory().read(element, v);
        seen.emplace_back(k, v);
      });
    }
    return state;
  }

  test::SyntheticTarget target;
  image::RuntimeType type;
  Addr header = kHeader;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> seen;
};

class BucketsTest : public MapReaderTest {
 protected:
  static constexpr std::uint64_t kBucket = 8 + 64 + 64 + 8;
  void SetUp() override {
    MapReaderTest::SetUp();
    type.kind = image::TypeKind::map;
    type.map = {.groupSize = kBucket,
                .keyOffset = 8,
                .keyStride = 8,
                .elementOffset = 72,
                .elementStride = 8};
    target.put(kHeader + 24, kData);
  }
  void count(std::int64_t value) { target.put(kHeader + 8, value); }
  void bits(std::uint8_t value) { target.put(kHeader + 3, value); }
  void entry(Addr bucket, unsigned slot, std::uint64_t key, std::uint8_t hash = 0x80) {
    target.put(bucket + slot, hash);
    target.put(bucket + 8 + 8 * slot, key);
    target.put(bucket + 72 + 8 * slot, key * 10);
  }
  void overflow(Addr bucket, Addr next) { target.put(bucket + kBucket - 8, next); }
};

TEST_F(BucketsTest, EntriesOfBucketsAndTheirOverflow) {
  count(4);
  bits(1);
  entry(kData, 0, 1);
  entry(kData, 3, 2, 5);
  entry(kData, 4, 99, 1);  // emptyOne
  entry(kData, 5, 99, 4);  // evacuatedEmpty
  entry(kData + kBucket, 7, 3);
  overflow(kData + kBucket, kMore);
  entry(kMore, 0, 4);
  EXPECT_EQ(visit(), MapState::complete);
  EXPECT_THAT(seen,
              ElementsAre(std::pair(1, 10), std::pair(2, 20), std::pair(3, 30), std::pair(4, 40)));
}

TEST_F(BucketsTest, NilAndEmpty) {
  header = 0;
  EXPECT_EQ(visit(), MapState::complete);
  header = kHeader;
  target.put(kHeader + 24, Addr{0});  // a map without a bucket yet
  EXPECT_EQ(visit(), MapState::complete);
  EXPECT_THAT(seen, IsEmpty());
}

TEST_F(BucketsTest, GrowingMapHasEntriesInOldBuckets) {
  count(3);
  bits(1);
  target.put(kHeader + 16, kOld);  // one old bucket, not moved yet
  entry(kOld, 0, 1);
  entry(kOld, 1, 2);
  entry(kData, 0, 3);
  EXPECT_EQ(visit(), MapState::complete);
  EXPECT_THAT(seen, UnorderedElementsAre(std::pair(1, 10), std::pair(2, 20), std::pair(3, 30)));
}

TEST_F(BucketsTest, MovedOldBucketsAreLeftOut) {
  count(1);
  bits(1);
  target.put(kHeader + 16, kOld);
  entry(kOld, 0, 1, 2);  // evacuatedX: it is in the new bucket
  overflow(kOld, kHole);
  entry(kData, 0, 1);
  EXPECT_EQ(visit(), MapState::complete);
  EXPECT_THAT(seen, ElementsAre(std::pair(1, 10)));
}

TEST_F(BucketsTest, GrowthOfTheSameSizeHasAsManyOldBuckets) {
  count(2);
  bits(1);
  target.put(kHeader + 2, std::uint8_t{8});
  target.put(kHeader + 16, kOld);
  entry(kOld, 0, 1);
  entry(kOld + kBucket, 0, 2);
  EXPECT_EQ(visit(), MapState::complete);
  EXPECT_THAT(seen, ElementsAre(std::pair(1, 10), std::pair(2, 20)));
}

TEST_F(BucketsTest, IndirectKeysAndElements) {
  count(1);
  type.map.indirectKey = type.map.indirectElement = true;
  target.put(kMore, std::uint64_t{7});
  target.put(kMore + 8, std::uint64_t{70});
  entry(kData, 0, kMore);
  target.put(kData + 72, kMore + 8);
  EXPECT_EQ(visit(), MapState::complete);
  EXPECT_THAT(seen, ElementsAre(std::pair(7, 70)));
}

TEST_F(BucketsTest, OverflowInACircleEnds) {
  count(1);
  entry(kData, 0, 1);
  overflow(kData, kMore);
  overflow(kMore, kData);
  EXPECT_EQ(visit(), MapState::damaged);
  EXPECT_LE(seen.size(), 16U);
}

TEST_F(BucketsTest, EmptyBucketsInACircleEnd) {
  // Neither do they have entries, nor is the number of buckets a bound.
  bits(48);
  overflow(kData, kMore);
  overflow(kMore, kData);
  EXPECT_EQ(visit(), MapState::damaged);
}

TEST_F(BucketsTest, AbsurdHeaders) {
  for (const std::int64_t value : {std::int64_t{-1}, std::numeric_limits<std::int64_t>::max(),
                                   std::numeric_limits<std::int64_t>::min()}) {
    count(value);
    EXPECT_EQ(visit(), MapState::damaged) << value;
  }
  count(1);
  for (const unsigned value : {49U, 255U}) {
    bits(static_cast<std::uint8_t>(value));
    EXPECT_EQ(visit(), MapState::damaged) << value;
  }
  bits(48);  // more buckets than there is memory
  EXPECT_EQ(visit(), MapState::damaged);
  bits(0);
  overflow(kData, kHole);
  EXPECT_EQ(visit(), MapState::damaged);
  target.put(kHeader + 24, kHole);
  EXPECT_EQ(visit(), MapState::damaged);
  header = kHole;
  EXPECT_EQ(visit(), MapState::damaged);
}

TEST_F(BucketsTest, SomebodyIsWriting) {
  target.put(kHeader + 2, std::uint8_t{4});
  count(1);
  entry(kData, 0, 1);
  EXPECT_EQ(visit(), MapState::unstable);
  overflow(kData, kHole);
  EXPECT_EQ(visit(), MapState::unstable);
}

TEST_F(BucketsTest, CountThatDoesNotFitIsNotComplete) {
  count(2);
  entry(kData, 0, 1);
  EXPECT_EQ(visit(), MapState::unstable);
}

class SwissTest : public MapReaderTest {
 protected:
  static constexpr std::uint64_t kGroup = 8 + 8 * 16;
  static constexpr std::uint8_t kEmpty = 0x80, kDeleted = 0xfe;
  void SetUp() override {
    MapReaderTest::SetUp();
    type.kind = image::TypeKind::map;
    type.map = {.swiss = true,
                .groupSize = kGroup,
                .keyOffset = 8,
                .keyStride = 16,
                .elementOffset = 16,
                .elementStride = 16};
    for (const Addr at : {kData, kData + kGroup, kMore, kMore + kGroup}) clear(at);
  }
  void clear(Addr group) {
    for (unsigned i = 0; i < 8; ++i) target.put(group + i, kEmpty);
  }
  void entry(Addr group, unsigned slot, std::uint64_t key) {
    target.put(group + slot, std::uint8_t{0x11});
    target.put(group + 8 + 16 * slot, key);
    target.put(group + 16 + 16 * slot, key * 10);
  }
  void used(std::uint64_t value) { target.put(kHeader, value); }
  void small(Addr group) {
    target.put(kHeader + 16, group);
    target.put(kHeader + 24, std::int64_t{0});
  }
  void large(std::int64_t tables) {
    target.put(kHeader + 16, kTables);
    target.put(kHeader + 24, tables);
  }
  void table(unsigned number, Addr at, Addr groups, std::uint64_t mask) {
    target.put(kTables + 8 * number, at);
    target.put(at + 16, groups);
    target.put(at + 24, mask);
  }
};

TEST_F(SwissTest, SmallMapIsOneGroup) {
  small(kData);
  used(2);
  entry(kData, 0, 1);
  target.put(kData + 1, kDeleted);
  entry(kData, 7, 2);
  EXPECT_EQ(visit(), MapState::complete);
  EXPECT_THAT(seen, ElementsAre(std::pair(1, 10), std::pair(2, 20)));
}

TEST_F(SwissTest, EmptyMapHasNoGroup) {
  small(0);
  EXPECT_EQ(visit(), MapState::complete);
  used(1);
  EXPECT_EQ(visit(), MapState::unstable);
}

TEST_F(SwissTest, LargeMapHasTables) {
  large(4);  // the first table is not split yet: it stands there twice
  table(0, kTables + 0x100, kData, 1);
  table(1, kTables + 0x100, kData, 1);
  table(2, kTables + 0x200, kMore, 0);
  table(3, kTables + 0x300, kMore + kGroup, 0);
  entry(kData, 0, 1);
  entry(kData + kGroup, 5, 2);
  entry(kMore, 1, 3);
  entry(kMore + kGroup, 2, 4);
  used(4);
  EXPECT_EQ(visit(), MapState::complete);
  EXPECT_THAT(seen,
              ElementsAre(std::pair(1, 10), std::pair(2, 20), std::pair(3, 30), std::pair(4, 40)));
}

TEST_F(SwissTest, AbsurdHeaders) {
  small(kHole);
  EXPECT_EQ(visit(), MapState::damaged);
  large(-1);
  EXPECT_EQ(visit(), MapState::damaged);
  large(std::numeric_limits<std::int64_t>::max());  // its size in bytes does not fit a word
  EXPECT_EQ(visit(), MapState::damaged);
  large(1);
  target.put(kTables, kHole);
  EXPECT_EQ(visit(), MapState::damaged);
  table(0, kTables + 0x100, kData, ~std::uint64_t{0});
  EXPECT_EQ(visit(), MapState::damaged);
  table(0, kTables + 0x100, kData, (std::uint64_t{1} << 36) - 1);  // groups without end
  EXPECT_EQ(visit(), MapState::damaged);
  table(0, kTables + 0x100, kHole, 0);
  EXPECT_EQ(visit(), MapState::damaged);
  used(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(visit(), MapState::damaged);
  header = kHole;
  EXPECT_EQ(visit(), MapState::damaged);
}

TEST_F(SwissTest, ManyTablesThatAreOneEnd) {
  // Two tables in turn, for ever: more entries than the map says it has.
  large(4096);
  for (unsigned i = 0; i < 4096; ++i) {
    target.put(kMemory + 0x20000 + 8 * i, i % 2 == 0 ? kTables + 0x100 : kTables + 0x200);
  }
  table(0, kTables + 0x100, kData, 0);
  table(1, kTables + 0x200, kMore, 0);
  target.put(kHeader + 16, kMemory + 0x20000);
  entry(kData, 0, 1);
  entry(kMore, 0, 2);
  used(2);
  EXPECT_EQ(visit(), MapState::damaged);
  EXPECT_LE(seen.size(), 2U + 2 * 8);
}

TEST_F(SwissTest, ManyEmptyTablesThatAreOneEnd) {
  // More groups than memory has room for: 2^12 times 2^12.
  constexpr Addr kDirectory = kMemory + 0x20000, kArray = kMemory + 0x40000;
  constexpr std::uint64_t kMany = 4096;
  large(kMany);
  target.put(kHeader + 16, kDirectory);
  for (unsigned i = 0; i < 2; ++i) {
    target.put(kTables + 0x100 + 0x100 * i + 16, kArray);
    target.put(kTables + 0x100 + 0x100 * i + 24, kMany - 1);
  }
  for (unsigned i = 0; i < kMany; ++i) {
    target.put(kDirectory + 8 * i, kTables + 0x100 + 0x100 * (i % 2));
    clear(kArray + i * kGroup);
  }
  EXPECT_EQ(visit(), MapState::damaged);
}

TEST_F(SwissTest, ManyMapsThatAreOneEnd) {
  // Each of them is whole, but all together are larger than memory many times over.
  constexpr Addr kArray = kMemory + 0x40000;
  constexpr std::uint64_t kMany = 4096;
  large(1);
  table(0, kTables + 0x100, kArray, kMany - 1);
  for (unsigned i = 0; i < kMany; ++i) clear(kArray + i * kGroup);
  EXPECT_EQ(visit(4), MapState::complete);
  EXPECT_EQ(visit(100), MapState::damaged);
}

TEST_F(SwissTest, SomebodyIsWriting) {
  small(kData);
  used(1);
  entry(kData, 0, 1);
  target.put(kHeader + 34, std::uint8_t{1});
  EXPECT_EQ(visit(), MapState::unstable);
  small(kHole);
  EXPECT_EQ(visit(), MapState::unstable);
}

TEST_F(SwissTest, OtherTypesAreNoMaps) {
  type.kind = image::TypeKind::structure;
  EXPECT_EQ(visit(), MapState::damaged);
}

}  // namespace
}  // namespace parked::golang
