#include "target/address_space.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <thread>
#include <vector>

#include "elf_builder.h"

namespace parked::target {
namespace {

Region mapped(Addr start, const Bytes& bytes) {
  Region region;
  region.start = start;
  region.end = start + bytes.size();
  region.mapped = bytes.data();
  return region;
}

TEST(AddressSpace, WhatWasAddedFirstWinsAndGapsAreFilled) {
  const Bytes first = filled(0x1000, 1);
  const Bytes second = filled(0x3000, 2);
  AddressSpace space;
  space.add(mapped(0x2000, first));
  space.add(mapped(0x1000, second));  // lies around the first
  ASSERT_EQ(space.regions().size(), 3U);
  EXPECT_EQ(space.bytes(0x1fff, 1)[0], std::byte{2});
  EXPECT_EQ(space.bytes(0x2000, 1)[0], std::byte{1});
  EXPECT_EQ(space.bytes(0x3000, 1)[0], std::byte{2});
  EXPECT_TRUE(space.bytes(0x0fff, 1).empty());
  EXPECT_TRUE(space.bytes(0x4000, 1).empty());
  EXPECT_EQ(space.size(), 0x3000U);
}

TEST(AddressSpace, ManyAtOnceFillTheSameGaps) {
  const Bytes bytes = filled(0x40000, 1);
  std::uint64_t seed = 1;
  const auto random = [&seed](std::uint64_t below) {
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return (seed >> 33) % below;
  };
  for (int round = 0; round < 200; ++round) {
    AddressSpace oneByOne, atOnce;
    std::vector<Region> more;
    for (int i = 0; i < 12; ++i) {
      const Addr start = random(0x20000);
      Region each = mapped(start, bytes);
      each.end = start + random(0x3000);
      each.writable = i >= 6;
      if (i >= 6) {
        more.push_back(each);
        continue;
      }
      oneByOne.add(each);
      atOnce.add(each);
    }
    std::ranges::sort(more, {}, &Region::start);
    for (const Region& each : more) oneByOne.add(each);
    atOnce.addAll(more);
    EXPECT_EQ(atOnce.size(), oneByOne.size());
    for (Addr at = 0; at < 0x24000; at += 0x11) {
      const Region* one = oneByOne.region(at);
      const Region* other = atOnce.region(at);
      ASSERT_EQ(one == nullptr, other == nullptr) << at;
      if (one == nullptr) continue;
      EXPECT_EQ(one->writable, other->writable) << at;
      EXPECT_EQ(one->mapped + (at - one->start), other->mapped + (at - other->start)) << at;
    }
  }
}

TEST(AddressSpace, AReadAcrossABorderIsOnePiece) {
  const Bytes first = filled(0x1000, 1);
  const Bytes second = filled(0x1000, 2);
  AddressSpace space;
  space.add(mapped(0x2000, second));
  space.add(mapped(0x1000, first));
  const auto piece = space.bytes(0x1ffe, 4);
  ASSERT_EQ(piece.size(), 4U);
  EXPECT_EQ(piece[1], std::byte{1});
  EXPECT_EQ(piece[2], std::byte{2});
  EXPECT_EQ(space.bytesUpTo(0x1ffe, 4).size(), 2U);
}

TEST(AddressSpace, NeighboursWhoseBytesAreInARowBecomeOne) {
  const Bytes bytes = filled(0x3000, 7);
  AddressSpace space;
  for (const Addr part : {0x0, 0x2000, 0x1000}) {
    Region region;
    region.start = 0x10000 + part;
    region.end = region.start + 0x1000;
    region.mapped = bytes.data() + part;
    space.add(region);
  }
  ASSERT_EQ(space.regions().size(), 1U);
  EXPECT_EQ(space.bytes(0x10000, 0x3000).data(), bytes.data());
}

TEST(AddressSpace, ManyOverlapsKeepTheOrderAndNeverOverlap) {
  const Bytes bytes = filled(0x10000, 3);
  AddressSpace space;
  std::uint32_t state = 12345;
  for (int i = 0; i < 2000; ++i) {
    state = state * 1664525 + 1013904223;
    Region region;
    region.start = state >> 12;
    region.end = region.start + (state & 0xfff);
    region.mapped = bytes.data();
    space.add(region);
  }
  Addr last = 0;
  for (const Region& region : space.regions()) {
    EXPECT_LT(region.start, region.end);
    EXPECT_GE(region.start, last);
    last = region.end;
  }
}

TEST(AddressSpace, WrappingAndHugeLengthsAreRefusedAndCounted) {
  const Bytes bytes = filled(0x1000, 1);
  AddressSpace space;
  space.add(mapped(0x1000, bytes));
  Region wrapping;
  wrapping.start = 0xfffffffffffff000;
  wrapping.end = 0x1000;
  space.add(wrapping);
  EXPECT_EQ(space.regions().size(), 1U);
  EXPECT_EQ(space.misses(), 0U);
  EXPECT_TRUE(space.bytes(0x1800, std::numeric_limits<std::size_t>::max()).empty());
  EXPECT_TRUE(space.bytes(0x1800, 0x1000).empty());
  EXPECT_EQ(space.word(0x9000), 0U);
  EXPECT_EQ(space.misses(), 3U);
  EXPECT_EQ(space.firstMiss(), 0x1800U);
}

TEST(AddressSpace, GoStringsAndCStringsAreBounded) {
  Bytes bytes = filled(0x100, 'x');
  const std::uint64_t good[] = {0x1010, 3};
  const std::uint64_t bad[] = {0x1010, std::uint64_t{1} << 62};
  std::memcpy(bytes.data() + 0x80, good, sizeof good);
  std::memcpy(bytes.data() + 0x90, bad, sizeof bad);
  bytes[0x20] = std::byte{0};
  AddressSpace space;
  space.add(mapped(0x1000, bytes));
  std::string text;
  EXPECT_TRUE(space.goString(0x1080, text));
  EXPECT_EQ(text, "xxx");
  EXPECT_FALSE(space.goString(0x1090, text));
  EXPECT_EQ(space.cstring(0x101e), "xx");
  EXPECT_EQ(space.cstring(0x10f0), "");  // runs off the end without a NUL
}

/// A string of `length` bytes at `data`, with its header at 0x1000.
Bytes withHeader(Addr data, std::uint64_t length, std::string_view text) {
  Bytes bytes = filled(0x1000, 0);
  std::memcpy(bytes.data(), &data, sizeof data);
  std::memcpy(bytes.data() + sizeof data, &length, sizeof length);
  std::memcpy(bytes.data() + 0x100, text.data(), text.size());
  return bytes;
}

TEST(AddressSpace, ALongGoStringIsCutBetweenCharacters) {
  struct Case {
    std::string_view text;
    std::size_t limit;
    std::string_view kept;
  };
  for (const Case& each :
       {Case{"parked", 6, "parked"}, Case{"parked", 5, "parke"}, Case{"par\u00e9", 5, "par\u00e9"},
        Case{"par\u00e9", 4, "par"}, Case{"a\u00e9b", 3, "a\u00e9"}, Case{"a\U0001f512", 4, "a"},
        Case{"a\U0001f512", 2, "a"},
        // What is no UTF-8 is cut where it is too long.
        Case{"ab\x80\x80\x80\x80\x80\x80", 7, "ab\x80\x80\x80\x80\x80"}, Case{"parked", 0, ""},
        Case{"", 10, ""}}) {
    const Bytes bytes = withHeader(0x1100, each.text.size(), each.text);
    AddressSpace space;
    space.add(mapped(0x1000, bytes));
    const auto read = space.goText(0x1000, each.limit);
    ASSERT_TRUE(read) << each.text;
    EXPECT_EQ(read->text, each.kept);
    EXPECT_EQ(read->length, each.text.size());
    EXPECT_EQ(read->cut(), each.kept.size() < each.text.size());
    EXPECT_EQ(space.misses(), 0U);
  }
}

TEST(AddressSpace, ACutGoStringSaysSo) {
  EXPECT_EQ((GoText{"par", 3}).shown(), "par");
  EXPECT_EQ((GoText{"par", 200000}).shown(), "par\u2026 (cut: 200000 bytes)");
}

TEST(AddressSpace, AGoStringLongerThanMemoryIsDamaged) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  for (const std::uint64_t length : {std::uint64_t{0xf01}, std::uint64_t{1} << 47, kMost / 2,
                                     kMost / 2 + 1, kMost - 0x1100, kMost}) {
    const Bytes bytes = withHeader(0x1100, length, "text");
    AddressSpace space;
    space.add(mapped(0x1000, bytes));
    EXPECT_FALSE(space.goText(0x1000, 4)) << length;
    EXPECT_EQ(space.misses(), 1U) << length;
  }
  const Bytes bytes = withHeader(0x1100, 0xf00, "text");  // all there is
  AddressSpace space;
  space.add(mapped(0x1000, bytes));
  EXPECT_TRUE(space.goText(0x1000, 4));
  EXPECT_FALSE(space.goText(0x1ff8, 4)) << "half of a header";
  EXPECT_EQ(space.misses(), 1U);
}

// Of large objects without pointers only the first page is copied of a live process.
TEST(AddressSpace, OfALongGoStringAsMuchIsTakenAsIsThere) {
  class FirstPage final : public ByteSource {
   public:
    explicit FirstPage(const Bytes& bytes) : bytes_(bytes) {}
    std::size_t read(Addr address, std::span<std::byte> out) override {
      if (address - 0x1000 >= bytes_.size()) return 0;
      const std::size_t size = std::min<std::size_t>(out.size(), 0x1000 + bytes_.size() - address);
      std::memcpy(out.data(), bytes_.data() + (address - 0x1000), size);
      return size;
    }

   private:
    const Bytes& bytes_;
  };
  const Bytes bytes = withHeader(0x1100, 0x100000, "text");
  FirstPage source(bytes);
  AddressSpace space;
  space.setSource(&source);
  space.add({.start = 0x1000, .end = 0x200000});
  const auto read = space.goText(0x1000, 0x1000);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text.size(), 0xf00U);
  EXPECT_EQ(read->length, 0x100000U);
  EXPECT_TRUE(read->cut());
}

TEST(AddressSpace, CoversWhatRegionsHaveInARow) {
  const Bytes bytes = filled(0x1000, 1);
  AddressSpace space;
  space.add(mapped(0x1000, bytes));
  space.add(mapped(0x2000, bytes));
  space.add(mapped(0x4000, bytes));
  EXPECT_TRUE(space.covers(0x1800, 0x1000));
  EXPECT_TRUE(space.covers(0x1000, 0x2000));
  EXPECT_FALSE(space.covers(0x1000, 0x2001));
  EXPECT_FALSE(space.covers(0x4800, std::numeric_limits<std::uint64_t>::max()));
  EXPECT_FALSE(space.covers(0xfff, 1));
  EXPECT_TRUE(space.covers(0, 0));
  EXPECT_EQ(space.misses(), 0U);
}

// Has every second page, and counts the calls.
class Checkered final : public ByteSource {
 public:
  std::size_t read(Addr address, std::span<std::byte> out) override {
    ++calls;
    if ((address / 4096) % 2 != 0) return 0;
    const auto size = std::min<std::size_t>(out.size(), 4096 - address % 4096);
    std::memset(out.data(), static_cast<int>(value), size);
    return size;
  }
  int calls = 0;
  unsigned value = 5;
};

TEST(AddressSpace, ASourceIsAskedOnceAndItsHolesAreHoles) {
  Checkered source;
  AddressSpace space;
  space.setSource(&source);
  Region region;
  region.start = 0x100000;
  region.end = 0x200000;
  space.add(region);
  const auto before = space.bytes(0x100010, 8);
  ASSERT_EQ(before.size(), 8U);
  const int calls = source.calls;
  EXPECT_EQ(space.bytes(0x102ff8, 8).size(), 8U);
  EXPECT_TRUE(space.bytes(0x101000, 1).empty());
  EXPECT_TRUE(space.bytes(0x100ffc, 8).empty());
  EXPECT_EQ(source.calls, calls) << "one chunk is fetched once";
  EXPECT_GT(space.fetchedBytes(), 0U);

  source.value = 6;
  space.clear();
  space.add(region);
  EXPECT_EQ(space.bytes(0x100010, 1)[0], std::byte{6});
  EXPECT_EQ(before[0], std::byte{5}) << "what was handed out stays";
}

// Every byte tells its address.
class Telling final : public ByteSource {
 public:
  static std::byte at(Addr address) { return static_cast<std::byte>(address * 31 >> 3); }
  std::size_t read(Addr address, std::span<std::byte> out) override {
    ++calls;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = at(address + i);
    return out.size();
  }
  int calls = 0;
};

bool tells(Addr address, std::span<const std::byte> bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != Telling::at(address + i)) return false;
  }
  return true;
}

// A stack of a live process is longer than what is fetched at once.
TEST(AddressSpace, WhatASourceHasInARowIsNotCutWhereFetchesEnd) {
  Telling source;
  AddressSpace space;
  space.setSource(&source);
  space.add({.start = 0x7ffff0000, .end = 0x7ffff0000 + (80 << 20)});
  for (const Addr address : {Addr{0x7ffff0008}, Addr{0x7fffffff8}, Addr{0x803fffff8}}) {
    const auto row = space.bytesUpTo(address, 1 << 20);
    EXPECT_EQ(row.size(), 1U << 20) << std::hex << address;
    EXPECT_TRUE(tells(address, row)) << std::hex << address;
  }
}

TEST(AddressSpace, ARangeOverABorderIsCopiedOnce) {
  const Bytes low = filled(0x1000, 1);
  const Bytes high = filled(0x1000, 2);
  AddressSpace space;
  space.add(mapped(0x1000, low));
  space.add(mapped(0x2000, high));
  ASSERT_EQ(space.regions().size(), 2U);
  const auto once = space.bytes(0x1ff8, 16);
  ASSERT_EQ(once.size(), 16U);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(space.bytes(0x1ff8, 16).data(), once.data());
  EXPECT_EQ(space.bytes(0x1ff8, 9).data(), once.data()) << "a shorter one is part of it";
}

TEST(AddressSpace, CopiesOverBordersAreBoundedTogether) {
  constexpr std::size_t kPiece = 1 << 20, kSize = 120 * kPiece;
  const Bytes bytes = filled(kPiece, 1);
  AddressSpace space;
  for (Addr i = 0; i < 128; ++i) space.add(mapped(kPiece * (1 + i), bytes));
  ASSERT_EQ(space.regions().size(), 128U);
  Addr at = kPiece;
  while (at < kPiece + 100 && !space.bytes(at, kSize).empty()) ++at;
  EXPECT_EQ(at, kPiece + 4) << "512 MiB together";
  EXPECT_EQ(space.misses(), 1U);
  EXPECT_EQ(space.firstMiss(), at);
  EXPECT_EQ(space.bytes(2 * kPiece - 8, 16).size(), 16U) << "there is room for it";
  EXPECT_EQ(space.bytes(kPiece, kSize).size(), kSize) << "and that is here";
}

TEST(AddressSpace, AfterTheSourceLeavesOnlyWhatWasFetchedIsThere) {
  Telling source;
  AddressSpace space;
  space.setSource(&source);
  space.add({.start = 0x100000, .end = 0x200000});
  ASSERT_EQ(space.bytes(0x100000, 8).size(), 8U);
  const int calls = source.calls;
  space.setSource(nullptr);
  EXPECT_EQ(space.bytes(0x100100, 8).size(), 8U);
  EXPECT_TRUE(space.bytes(0x180000, 8).empty());
  EXPECT_EQ(source.calls, calls);
  EXPECT_EQ(space.misses(), 1U);
}

TEST(AddressSpace, AnAbsurdLengthInALiveTargetCostsNoCallAPage) {
  class Nothing final : public ByteSource {
   public:
    std::size_t read(Addr, std::span<std::byte>) override { return ++calls, 0; }
    int calls = 0;
  } source;
  AddressSpace space;
  space.setSource(&source);
  space.add({.start = 0x10000, .end = Addr{1} << 47});
  EXPECT_TRUE(space.bytes(0x100000, std::size_t{1} << 46).empty());
  EXPECT_TRUE(space.bytesUpTo(0x40100000, std::size_t{1} << 46).empty());
  EXPECT_LT(source.calls, 100);
}

TEST(AddressSpace, RangesAreJoinedByWholePages) {
  const std::vector<Range> expected{{0x1000, 0x4000}, {0x8000, 0x9000}};
  EXPECT_EQ(joined({{0x8800, 0x8801}, {0x1001, 0x2000}, {0x5000, 0x5000}, {0x1800, 0x3001}}),
            expected);
  EXPECT_EQ(sizeOf(expected), 0x4000U);
  EXPECT_TRUE(joined({{0x2000, 0x1000}}).empty());
  EXPECT_EQ(joined({{0x1000, ~Addr{0}}}), (std::vector<Range>{{0x1000, ~Addr{0xfff}}}));
}

// From several threads at once.
class Shared final : public ByteSource {
 public:
  explicit Shared(Addr hole = 0) : hole_(hole) {}
  std::size_t read(Addr address, std::span<std::byte> out) override {
    ++calls;
    std::size_t i = 0;
    for (; i < out.size() && (address + i) / 4096 != hole_ / 4096; ++i) {
      out[i] = Telling::at(address + i);
    }
    return i;
  }
  std::atomic<int> calls{0};

 private:
  Addr hole_;
};

TEST(AddressSpace, FetchedTogetherRangesNeedNoSourceLater) {
  constexpr Addr kStart = 0x7ffff0000, kEnd = kStart + (80 << 20), kHole = kStart + 0x5000;
  for (const bool prepared : {false, true}) {
    Shared source(kHole);
    AddressSpace space;
    space.setSource(&source);
    space.add({.start = kStart, .end = kEnd});
    const std::vector<Range> ranges{{kStart, kStart + 0x10000},
                                    {kStart + (20 << 20), kStart + (70 << 20)},
                                    {kEnd - 0x1000, kEnd + 0x100000}};  // over its end
    if (prepared) {
      space.prepare(ranges);
      EXPECT_EQ(source.calls, 0);
      space.clear();
      space.add({.start = kStart, .end = kEnd});
    }
    EXPECT_TRUE(space.fetch(ranges, false, [] { return false; }));
    EXPECT_EQ(space.fetchedRanges(), (std::vector<Range>{{kStart, kHole},
                                                         {kHole + 0x1000, kStart + 0x10000},
                                                         {kStart + (20 << 20), kStart + (70 << 20)},
                                                         {kEnd - 0x1000, kEnd}}));
    space.setSource(nullptr);
    const int calls = source.calls;
    for (const Addr at : {kStart, kStart + (20 << 20), kStart + (60 << 20), kEnd - 0x1000}) {
      const auto bytes = space.bytes(at, 0x1000);
      ASSERT_EQ(bytes.size(), 0x1000U) << std::hex << at;
      EXPECT_TRUE(tells(at, bytes)) << std::hex << at;
    }
    const auto long_ = space.bytes(kStart + (20 << 20), 50 << 20);  // over the end of a window
    EXPECT_TRUE(long_.size() == 50 << 20 && tells(kStart + (20 << 20), long_));
    EXPECT_EQ(space.misses(), 0U);
    EXPECT_TRUE(space.bytes(kHole, 1).empty());
    EXPECT_TRUE(space.bytes(kStart + 0x10000, 1).empty()) << "nobody asked for it";
    EXPECT_EQ(space.misses(), 2U);
    EXPECT_EQ(source.calls, calls);
  }
}

TEST(AddressSpace, AFetchThatIsStoppedSaysSo) {
  Shared source;
  AddressSpace space;
  space.setSource(&source);
  space.add({.start = 0x10000000, .end = 0x20000000});
  EXPECT_FALSE(space.fetch({{0x10000000, 0x20000000}}, false, [&] { return source.calls > 3; }));
  EXPECT_GT(sizeOf(space.fetchedRanges()), 0U);
  EXPECT_LT(sizeOf(space.fetchedRanges()), 0x1000000U);
}

TEST(AddressSpace, ReadersInSeveralThreadsAgree) {
  Telling source;
  std::vector<Bytes> blocks;
  AddressSpace space;
  space.setSource(&source);
  for (unsigned i = 0; i < 32; ++i) blocks.push_back(filled(0x1000, static_cast<unsigned char>(i)));
  for (unsigned i = 0; i < 32; ++i) space.add(mapped(0x100000 + 0x1000 * i, blocks[31 - i]));
  space.add({.start = 0x10000000, .end = 0x10800000});
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    readers.emplace_back([&, seed] {
      std::uint64_t random = seed;
      for (int i = 0; i < 20000; ++i) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        const Addr inMapped = 0x100000 + (random >> 33) % (0x20000 - 16);
        const auto found = space.bytes(inMapped, 16);
        const std::byte first = blocks[31 - (inMapped - 0x100000) / 0x1000][0];
        if (found.size() != 16 || found[0] != first) ++wrong;
        const Addr fetched = 0x10000000 + (random >> 20) % (0x800000 - 16);
        if (const auto live = space.bytes(fetched, 16);
            live.size() != 16 || !tells(fetched, live)) {
          ++wrong;
        }
      }
    });
  }
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(space.misses(), 0U);
}

}  // namespace
}  // namespace parked::target
