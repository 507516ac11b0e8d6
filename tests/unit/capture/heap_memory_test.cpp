#include "capture/heap_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "heap/fake_heap.h"

namespace parked::capture {
namespace {

using heap::kArenaSize;
using heap::kPageSize;
using heap::PointerScheme;
using target::Range;
using test::FakeHeap;
using test::kHeap;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint8_t kFree = 0, kByHand = 2;

TEST(Needed, SpansByWhatTheyHold) {
  FakeHeap fake(PointerScheme::headers);
  fake.add({.elementSize = 64});
  fake.add({.base = kHeap + kPageSize, .elementSize = 128});  // the next page: one range
  fake.add({.base = kHeap + 4 * kPageSize, .elementSize = 16, .scan = false});
  const Addr stack = fake.add({.base = kHeap + 8 * kPageSize, .pages = 4, .elementSize = 32768});
  fake.target().put(stack + FakeHeap::kState, kByHand);
  const Addr free = fake.add({.base = kHeap + 16 * kPageSize});
  fake.target().put(free + FakeHeap::kState, kFree);
  const auto needed = neededOf(fake.image());
  ASSERT_TRUE(needed) << needed.error().message;
  EXPECT_THAT(needed->pointers, ElementsAre(Range{kHeap, kHeap + 2 * kPageSize}));
  EXPECT_THAT(needed->values, ElementsAre(Range{kHeap + 4 * kPageSize, kHeap + 5 * kPageSize}));
  EXPECT_THAT(needed->stacks, ElementsAre(Range{kHeap + 8 * kPageSize, kHeap + 12 * kPageSize}));
}

TEST(Needed, OfLargeObjectsWithoutPointersTheFirstPage) {
  FakeHeap fake(PointerScheme::headers);
  fake.add({.base = kHeap, .pages = 100, .elementSize = 100 * kPageSize, .scan = false});
  fake.add({.base = kHeap + 200 * kPageSize, .pages = 3, .elementSize = 12288, .scan = false});
  const auto needed = neededOf(fake.image());
  ASSERT_TRUE(needed) << needed.error().message;
  constexpr Addr kSecond = kHeap + 200 * kPageSize;
  EXPECT_THAT(needed->values,
              ElementsAre(Range{kHeap, kHeap + 4096}, Range{kSecond, kSecond + 4096},
                          Range{kSecond + 12288, kSecond + 12288 + 4096}));
}

TEST(Needed, DamagedSpansDoNotAskForMoreThanThereIs) {
  FakeHeap fake(PointerScheme::headers);
  fake.add({.elementSize = 64});
  for (int i = 0; i < 40; ++i) {
    const Addr span = fake.add({.base = kHeap + 64 * kPageSize, .elementSize = 64});
    fake.target().put(span + FakeHeap::kPages, std::uint64_t{1} << (20 + i));
  }
  const Addr crooked = fake.add({.base = kHeap + 65 * kPageSize});
  fake.target().put(crooked + FakeHeap::kStart, kHeap + 12);
  const auto needed = neededOf(fake.image());
  ASSERT_TRUE(needed) << needed.error().message;
  std::uint64_t there = 0;
  for (const auto& region : fake.target().memory().regions()) there += region.end - region.start;
  EXPECT_LE(target::sizeOf(needed->pointers), there + 64 * kPageSize);
  EXPECT_EQ(needed->pointers.front(), (Range{kHeap, kHeap + kPageSize}));
}

TEST(Needed, WhatIsOutsideOfTheHeap) {
  FakeHeap fake(PointerScheme::headers);
  fake.add({.elementSize = 64});
  // One region of an arena and a neighbour that is none; of the arena's table there is only the
  // part with the heap, so that an address far away cannot be judged.
  const auto outside = outsideOfHeap(fake.image(), {{kHeap, kHeap + kArenaSize + 8 * kPageSize}});
  ASSERT_TRUE(outside) << outside.error().message;
  EXPECT_THAT(*outside, ElementsAre(Range{kHeap + kArenaSize, kHeap + kArenaSize + 8 * kPageSize}));
  EXPECT_FALSE(outsideOfHeap(fake.image(), {{0x10000, 0x20000}}));
}

}  // namespace
}  // namespace parked::capture
