#include "heap/heap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "heap/fake_heap.h"
#include "heap/pointers.h"

namespace parked::heap {
namespace {

using test::FakeHeap;
using test::kHeap;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

class EveryScheme : public testing::TestWithParam<PointerScheme> {};
INSTANTIATE_TEST_SUITE_P(Heap, EveryScheme,
                         testing::Values(PointerScheme::arenaNibbles, PointerScheme::arenaBits,
                                         PointerScheme::headers));

std::vector<Addr> pointersOf(const Heap& heap, TypeMasks& types, Addr object,
                             bool* parsed = nullptr) {
  std::vector<Addr> words;
  const bool done =
      Pointers(heap, types).visit(heap.find(object), [&](Addr at, Addr) { words.push_back(at); });
  if (parsed != nullptr) *parsed = done;
  return words;
}

TEST_P(EveryScheme, FindsObjectsByAnyAddressInThem) {
  FakeHeap fake(GetParam());
  const FakeHeap::SpanSpec first{.elementSize = 48};
  const FakeHeap::SpanSpec second{
      .base = kHeap + 4 * kPageSize, .pages = 2, .elementSize = 8192, .scan = false};
  fake.add(first);
  fake.add(second);
  const auto heap = fake.open();
  ASSERT_TRUE(heap) << heap.error().message;
  EXPECT_EQ((*heap)->problem(), std::nullopt);
  EXPECT_EQ((*heap)->find(kHeap + 47), (ObjectRef{0, 0}));
  EXPECT_EQ((*heap)->find(kHeap + 48), (ObjectRef{0, 1}));
  EXPECT_EQ((*heap)->address((*heap)->find(kHeap + 100)), kHeap + 96);
  EXPECT_EQ((*heap)->find(kHeap + 4 * kPageSize + 8191 + 8), (ObjectRef{1, 1}));
  EXPECT_FALSE((*heap)->find(kHeap + kPageSize - 1)) << "behind the last object of the span";
  EXPECT_FALSE((*heap)->find(kHeap + 2 * kPageSize)) << "a page of no span";
  EXPECT_FALSE((*heap)->find(0));
  EXPECT_FALSE((*heap)->find(~Addr{0}));
  const ObjectRef last{0, (*heap)->spans()[0].objects - 1};
  EXPECT_EQ((*heap)->byScanSlot((*heap)->scanSlot(last)), last);
  EXPECT_FALSE((*heap)->byScanSlot((*heap)->scanSlots())) << "the other span holds no pointers";
}

TEST_P(EveryScheme, VisitsThePointersOfOneObjectOnly) {
  FakeHeap fake(GetParam());
  const FakeHeap::SpanSpec spec{.elementSize = 48};
  fake.add(spec);
  fake.pointer(spec, kHeap + 48, kHeap);       // the first word of object 1
  fake.pointer(spec, kHeap + 48 + 40, kHeap);  // its last
  fake.pointer(spec, kHeap + 96, kHeap + 48);  // the first of object 2
  const auto heap = fake.open();
  ASSERT_TRUE(heap) << heap.error().message;
  TypeMasks types(fake.image());
  EXPECT_THAT(pointersOf(**heap, types, kHeap), ElementsAre());
  EXPECT_THAT(pointersOf(**heap, types, kHeap + 48), ElementsAre(kHeap + 48, kHeap + 88));
  EXPECT_THAT(pointersOf(**heap, types, kHeap + 96), ElementsAre(kHeap + 96));
}

TEST(Headers, InlineMarksMoveTheBits) {
  FakeHeap fake(PointerScheme::headers);
  const FakeHeap::SpanSpec spec{.elementSize = 512, .inlineMarks = true};
  fake.add(spec);
  for (const Addr word : {0, 504, 512}) fake.pointer(spec, kHeap + word, kHeap);
  const auto heap = fake.open();
  ASSERT_TRUE(heap) << heap.error().message;
  TypeMasks types(fake.image());
  EXPECT_THAT(pointersOf(**heap, types, kHeap), ElementsAre(kHeap, kHeap + 504));
  EXPECT_THAT(pointersOf(**heap, types, kHeap + 512), ElementsAre(kHeap + 512));
}

TEST(Headers, TheTypeInFrontIsRepeatedOverTheObject) {
  FakeHeap fake(PointerScheme::headers);
  const FakeHeap::SpanSpec spec{.elementSize = 1024};
  fake.add(spec);
  fake.target().put(kHeap + 1024, fake.type(400, 16, 0b10));
  const auto heap = fake.open();
  ASSERT_TRUE(heap) << heap.error().message;
  TypeMasks types(fake.image());
  EXPECT_THAT(pointersOf(**heap, types, kHeap), ElementsAre()) << "no type yet: not initialised";
  const Addr user = kHeap + 1024 + 8;
  EXPECT_THAT(pointersOf(**heap, types, kHeap + 1024),
              ElementsAre(user + 8, user + 408, user + 808));
}

TEST(Headers, ALargeObjectHasItsTypeInTheSpan) {
  FakeHeap fake(PointerScheme::headers);
  fake.add({.pages = 5,
            .elementSize = 5 * kPageSize,
            .objects = 1,
            .large = true,
            .largeType = fake.type(5 * kPageSize - 64, 24, 0b101),
            .limit = kHeap + 5 * kPageSize - 64});
  const auto heap = fake.open();
  ASSERT_TRUE(heap) << heap.error().message;
  TypeMasks types(fake.image());
  EXPECT_THAT(pointersOf(**heap, types, kHeap + 30000), ElementsAre(kHeap, kHeap + 16));
}

TEST(Headers, ADamagedTypeIsNotGuessed) {
  FakeHeap fake(PointerScheme::headers);
  fake.add({.elementSize = 1024});
  fake.target().put(kHeap, Addr{0x123456789});
  const auto heap = fake.open();
  ASSERT_TRUE(heap);
  TypeMasks types(fake.image());
  bool parsed = true;
  pointersOf(**heap, types, kHeap, &parsed);
  EXPECT_FALSE(parsed);
}

TEST(Headers, ATypeLargerThanEverythingEndsTheObject) {
  FakeHeap fake(PointerScheme::headers);
  fake.add({.elementSize = 1024});
  fake.target().put(kHeap, fake.type(~std::uint64_t{9}, 8, 1));
  const auto heap = fake.open();
  ASSERT_TRUE(heap);
  TypeMasks types(fake.image());
  EXPECT_THAT(pointersOf(**heap, types, kHeap), ElementsAre(kHeap + 8));
}

TEST(Heap, FreeSlotsAreNotAllocated) {
  FakeHeap fake(PointerScheme::headers);
  fake.add({.elementSize = 64, .freeIndex = 2});
  const auto heap = fake.open();
  ASSERT_TRUE(heap);
  EXPECT_TRUE((*heap)->allocated({0, 1}));
  EXPECT_FALSE((*heap)->allocated({0, 2}));
}

// What mspan.sweepgen says of a span: runtime/mheap.go.
TEST(Heap, WhatTheCollectorDidNotReachIsDeadUntilItIsSwept) {
  FakeHeap fake(PointerScheme::headers);
  std::vector<Addr> spans;
  const auto sweepGeneration = [](int ahead) {
    return static_cast<std::uint32_t>(static_cast<int>(FakeHeap::kSwept) + ahead);
  };
  for (const int ahead : {0, 3, -2, -1, 1}) {
    const Addr span = fake.add({.base = kHeap + spans.size() * kPageSize});
    fake.target().put(span + FakeHeap::kSweepGeneration, sweepGeneration(ahead));
    fake.markByCollector(span, 9);
    spans.push_back(span);
  }
  const Addr base = kHeap + spans.size() * kPageSize;
  const Addr inlined = fake.add({.base = base, .inlineMarks = true});
  fake.target().put(inlined + FakeHeap::kSweepGeneration, sweepGeneration(-2));
  fake.target().put(base + kPageSize - 64 + 1, std::uint8_t{2});  // object 9
  const auto heap = fake.open();
  ASSERT_TRUE(heap) << heap.error().message;
  for (const std::uint32_t swept : {0U, 1U}) EXPECT_FALSE((*heap)->isDead({swept, 8}));
  for (const std::uint32_t unswept : {2U, 3U, 4U, 5U}) {
    EXPECT_TRUE((*heap)->isDead({unswept, 8})) << unswept;
    EXPECT_TRUE((*heap)->allocated({unswept, 8})) << unswept;
    EXPECT_FALSE((*heap)->isDead({unswept, 9})) << unswept;
  }
}

TEST(Heap, OverlappingSpansAreAProblem) {
  FakeHeap fake(PointerScheme::headers);
  fake.add({.pages = 2});
  const Addr second = fake.add({.base = kHeap + 2 * kPageSize});
  fake.target().put(second + FakeHeap::kPages, std::uint64_t{1});
  const auto whole = fake.open();
  ASSERT_TRUE(whole);
  EXPECT_EQ((*whole)->problem(), std::nullopt);
  fake.add({.base = kHeap + kPageSize, .pages = 1});
  const auto heap = fake.open();
  ASSERT_TRUE(heap);
  EXPECT_TRUE((*heap)->problem());
}

TEST(Heap, ASpanThatItsArenaDoesNotKnowIsAProblem) {
  FakeHeap fake(PointerScheme::headers);
  fake.add({});
  const Addr liar = fake.add({.base = kHeap + 2 * kPageSize});
  fake.target().put(liar + FakeHeap::kStart, kHeap + 3 * kPageSize);
  fake.target().put(liar + FakeHeap::kLimit, kHeap + 3 * kPageSize + 126 * 64);
  const auto heap = fake.open();
  ASSERT_TRUE(heap);
  EXPECT_THAT((*heap)->problem(), Optional(HasSubstr("arena")));
  EXPECT_FALSE((*heap)->find(kHeap + 3 * kPageSize));
}

TEST(Heap, ASpanThatOnlyItsArenaKnowsIsAProblem) {
  FakeHeap fake(PointerScheme::headers);
  fake.add({});
  const Addr lost = fake.add({.base = kHeap + 2 * kPageSize});
  fake.forgetLast();
  const auto heap = fake.open();
  ASSERT_TRUE(heap);
  EXPECT_THAT((*heap)->problem(), Optional(HasSubstr("not in the list")));
  fake.target().put(lost + FakeHeap::kState, std::uint8_t{0});  // freed: left behind there
  const auto freed = fake.open();
  ASSERT_TRUE(freed);
  EXPECT_EQ((*freed)->problem(), std::nullopt);
  EXPECT_TRUE((*freed)->isFree(kHeap + 2 * kPageSize + 8));
  EXPECT_FALSE((*freed)->isFree(kHeap));
  EXPECT_TRUE((*freed)->isFree(kHeap + 126 * 64)) << "behind the last object of the span";
  EXPECT_FALSE((*freed)->isFree(kHeap + 4 * kPageSize));  // never used
  EXPECT_FALSE((*freed)->isFree(kHeap - 1));
  fake.target().put(lost + FakeHeap::kState, std::uint8_t{2});  // a stack
  EXPECT_FALSE((*fake.open())->isFree(kHeap + 2 * kPageSize));
  fake.target().put(lost + FakeHeap::kState, std::uint8_t{1});  // and used again elsewhere
  fake.target().put(lost + FakeHeap::kStart, kHeap + 8 * kPageSize);
  const auto moved = fake.open();
  ASSERT_TRUE(moved);
  EXPECT_EQ((*moved)->problem(), std::nullopt);
}

TEST(Heap, AStackIsOneSlotOfASpanOfStacks) {
  FakeHeap fake(PointerScheme::headers);
  fake.add({});
  const Addr base = kHeap + 4 * kPageSize;
  const Addr mspan = fake.add({.base = base, .pages = 4, .elementSize = 2048});
  EXPECT_FALSE((*fake.open())->isStack(base, base + 2048)) << "objects are no stack";
  fake.target().put(mspan + FakeHeap::kState, std::uint8_t{2});
  EXPECT_TRUE((*fake.open())->problem()) << "a span of stacks has no objects";
  fake.target().put(mspan + FakeHeap::kNelems, std::uint16_t{0});
  const auto heap = fake.open();
  ASSERT_TRUE(heap);
  EXPECT_EQ((*heap)->problem(), std::nullopt);
  EXPECT_TRUE((*heap)->isStack(base, base + 2048));
  EXPECT_TRUE((*heap)->isStack(base + 15 * 2048, base + 16 * 2048));
  EXPECT_FALSE((*heap)->find(base)) << "a stack is no object";
  for (const auto& [lo, hi] :
       {std::pair{base, base + 4096}, std::pair{base - 2048, base},
        std::pair{base - 2048, base + 2048}, std::pair{base + 1024, base + 3072},
        std::pair{base + 16 * 2048, base + 17 * 2048}, std::pair{base, base},
        std::pair{base + 2048, base}, std::pair{Addr{0}, Addr{2048}},
        std::pair{kHeap, kHeap + 2048}, std::pair{~Addr{0} - 2047, ~Addr{0}}}) {
    EXPECT_FALSE((*heap)->isStack(lo, hi)) << lo - base << " " << hi - base;
  }
  fake.target().put(mspan + FakeHeap::kPages, std::uint64_t{1} << 60);
  EXPECT_FALSE((*fake.open())->isStack(base, base + 2048)) << "a damaged span is not believed";
}

TEST(Heap, AbsurdSizesAreRefused) {
  for (const auto& [field, value] :
       {std::pair{FakeHeap::kPages, std::uint64_t{1} << 60},
        std::pair{FakeHeap::kPages, std::uint64_t{1} << 34},
        std::pair{FakeHeap::kLimit, ~std::uint64_t{0}},
        std::pair{FakeHeap::kLimit, std::uint64_t{0}},
        std::pair{FakeHeap::kStart, std::uint64_t{1} << 60}, std::pair{Addr{24}, std::uint64_t{0}},
        std::pair{Addr{24}, std::uint64_t{1} << 63}, std::pair{Addr{24}, kPageSize + 8},
        std::pair{Addr{24}, std::uint64_t{3}}}) {
    FakeHeap fake(PointerScheme::headers);
    fake.add({});
    const Addr bad = fake.add({.base = kHeap + 2 * kPageSize});
    fake.target().put(bad + field, value);
    const auto heap = fake.open();
    ASSERT_TRUE(heap);
    EXPECT_TRUE((*heap)->problem()) << field << " " << value;
    EXPECT_TRUE((*heap)->find(kHeap)) << "the other span is intact";
  }
}

TEST(Heap, NoSpansAtAllIsAnError) {
  FakeHeap fake(PointerScheme::headers);
  EXPECT_FALSE(fake.open());
}

}  // namespace
}  // namespace parked::heap
