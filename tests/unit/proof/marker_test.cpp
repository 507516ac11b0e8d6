#include "proof/marker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>

#include "heap/fake_heap.h"

namespace parked::proof {
namespace {

using heap::kPageSize;
using test::kHeap;
using testing::ElementsAre;

constexpr Addr at(std::uint64_t object) { return kHeap + object * 64; }
constexpr Addr kNoScan = kHeap + 2 * kPageSize;
constexpr Root kGlobal{RootKind::global, kNone, 0x500000};

/// Objects of 64 bytes, the last free; behind them a span of objects without pointers.
class MarkerTest : public testing::Test {
 protected:
  MarkerTest() : fake_(heap::PointerScheme::headers) {
    spec_.elementSize = 64;
    spec_.freeIndex = 100;
    span_ = fake_.add(spec_);
    fake_.add({.base = kNoScan, .elementSize = 32, .scan = false});
  }
  /// Word `word` of one object points to another.
  void link(std::uint64_t from, unsigned word, Addr to) {
    fake_.pointer(spec_, at(from) + word * 8, to);
  }
  Marker& marker() {
    if (!marker_) {
      heap_ = std::move(*fake_.open());
      types_.emplace(fake_.image());
      pointers_.emplace(*heap_, *types_);
      marker_.emplace(*heap_, *pointers_);
    }
    return *marker_;
  }
  ObjectRef object(Addr address) {
    marker();
    return heap_->find(address);
  }
  bool isMarked(Addr address) { return marker().isMarked(object(address)); }

  test::FakeHeap fake_;
  test::FakeHeap::SpanSpec spec_;
  Addr span_ = 0;
  std::unique_ptr<heap::Heap> heap_;
  std::optional<heap::TypeMasks> types_;
  std::optional<heap::Pointers> pointers_;
  std::optional<Marker> marker_;
};

// As Go's findObject, which ends a program with such a pointer: a span that vanished by damage must
// not make what hangs on its objects look unreachable.
TEST_F(MarkerTest, PointersIntoFreedPagesAreBad) {
  const Addr freed = kHeap + 4 * kPageSize;
  const Addr span = fake_.add({.base = freed});
  fake_.target().put(span + test::FakeHeap::kState, std::uint8_t{0});
  link(1, 0, freed + 64);
  link(2, 0, freed + 8 * kPageSize);  // never used
  marker().mark(freed, kGlobal, true);
  marker().mark(at(2), kGlobal, false);
  ASSERT_TRUE(marker().drain(nullptr));
  EXPECT_EQ(marker().badPointers(), 0U);
  marker().mark(at(1), kGlobal, false);
  ASSERT_TRUE(marker().drain(nullptr));
  EXPECT_EQ(marker().badPointers(), 1U);
  EXPECT_EQ(marker().firstBad(), freed + 64);
  marker().mark(freed, kGlobal, false);
  EXPECT_EQ(marker().badPointers(), 2U);
}

TEST_F(MarkerTest, FreeSlotsCanBeForgiven) {
  link(1, 0, at(110));
  link(1, 1, at(2));
  marker().forgiveFree();
  marker().mark(at(1), kGlobal, false);
  ASSERT_TRUE(marker().drain(nullptr));
  EXPECT_TRUE(isMarked(at(2)));
  EXPECT_FALSE(isMarked(at(110)));
  EXPECT_EQ(marker().badPointers(), 0U);
}

// A word on a stack that may be a pointer leads to an object that is dead, in a span that is not
// swept yet; what that points to is free already.
TEST_F(MarkerTest, WhatIsDeadMayPointToFreeMemory) {
  fake_.target().put(span_ + test::FakeHeap::kSweepGeneration, test::FakeHeap::kSwept - 2);
  fake_.markByCollector(span_, 2);
  const Addr freed = kHeap + 4 * kPageSize;
  fake_.target().put(fake_.add({.base = freed}) + test::FakeHeap::kState, std::uint8_t{0});
  link(1, 0, at(110));
  link(1, 1, freed);
  link(1, 2, at(3));
  link(2, 0, at(111));
  marker().mark(at(1), kGlobal, true);
  marker().markPointersOf(object(at(1)), {RootKind::finalizer, kNone, at(1)});
  ASSERT_TRUE(marker().drain(nullptr));
  EXPECT_TRUE(isMarked(at(3)));
  EXPECT_FALSE(isMarked(at(110)));
  EXPECT_EQ(marker().badPointers(), 0U);
  marker().mark(at(2), kGlobal, true);  // the collector reached this one
  ASSERT_TRUE(marker().drain(nullptr));
  EXPECT_EQ(marker().badPointers(), 1U);
}

TEST_F(MarkerTest, FollowsPointersAndRemembersTheWay) {
  link(1, 0, at(2) + 24);  // into the middle
  link(2, 3, at(3));
  link(2, 4, at(1));  // a cycle
  link(3, 0, kNoScan + 8);
  marker().mark(at(1), kGlobal, false);
  ASSERT_TRUE(marker().drain(nullptr));
  for (const Addr address : {at(1), at(2), at(3), kNoScan}) EXPECT_TRUE(isMarked(address));
  EXPECT_FALSE(isMarked(at(4)));
  EXPECT_FALSE(isMarked(kNoScan + 32));
  EXPECT_EQ(marker().markedObjects(), 4U);
  const Parent three = marker().parentOf(object(at(3)));
  ASSERT_FALSE(three.isRoot());
  EXPECT_EQ(heap_->byScanSlot(three.scanSlot()), object(at(2)));
  const Parent one = marker().parentOf(object(at(1)));
  ASSERT_TRUE(one.isRoot());
  EXPECT_EQ(marker().root(one.root()).address, kGlobal.address);
  EXPECT_TRUE(marker().parentOf(object(at(4))).isNone());
}

TEST_F(MarkerTest, TheWayIsTheShortest) {
  link(1, 0, at(2));
  link(2, 0, at(3));
  link(3, 0, at(9));
  link(5, 0, at(9));
  marker().mark(at(1), kGlobal, false);
  marker().mark(at(5), kGlobal, false);
  ASSERT_TRUE(marker().drain(nullptr));
  EXPECT_EQ(heap_->byScanSlot(marker().parentOf(object(at(9))).scanSlot()), object(at(5)));
}

TEST_F(MarkerTest, TellsOfWatchedObjectsOnce) {
  link(1, 0, kNoScan);
  marker().watch(object(kNoScan));
  marker().watch(object(kNoScan + 32));
  marker().mark(at(1), kGlobal, false);
  ASSERT_TRUE(marker().drain(nullptr));
  EXPECT_THAT(marker().takeReached(), ElementsAre(object(kNoScan)));
  marker().mark(kNoScan, kGlobal, false);
  EXPECT_THAT(marker().takeReached(), ElementsAre());
  EXPECT_EQ(heap_->byScanSlot(marker().parentOf(object(kNoScan)).scanSlot()), object(at(1)));
}

TEST_F(MarkerTest, AHeldObjectLeadsOnOnlyOnceItIsReleased) {
  link(1, 0, at(2));
  link(2, 0, at(3));
  marker().hold(object(at(2)));
  marker().mark(at(1), kGlobal, false);
  ASSERT_TRUE(marker().drain(nullptr));
  EXPECT_TRUE(isMarked(at(2)));
  EXPECT_FALSE(isMarked(at(3)));
  marker().release(7, at(2));
  ASSERT_TRUE(marker().drain(nullptr));
  EXPECT_TRUE(isMarked(at(3)));
}

TEST_F(MarkerTest, AHiddenWordLeadsOnOnlyOnceItsGoroutineIsReleased) {
  link(1, 0, at(2));
  link(1, 1, at(3));
  link(4, 0, at(1));
  marker().hideWord(object(at(1)), at(1) + 8, 7);
  marker().mark(at(1), kGlobal, false);
  ASSERT_TRUE(marker().drain(nullptr));
  EXPECT_TRUE(isMarked(at(2)));
  EXPECT_FALSE(isMarked(at(3)));
}

TEST_F(MarkerTest, AWordOfAReleasedGoroutineIsFollowed) {
  link(1, 1, at(3));
  marker().hideWord(object(at(1)), at(1) + 8, 7);
  marker().release(7, 0);
  marker().mark(at(1), kGlobal, false);
  ASSERT_TRUE(marker().drain(nullptr));
  EXPECT_TRUE(isMarked(at(3)));
}

TEST_F(MarkerTest, HiddenTargetsAreNotFollowed) {
  link(1, 0, at(2));
  link(1, 1, at(3));
  AddrMap stopped;
  stopped.insert(at(3), 0);
  marker().hideTargets(object(at(1)), &stopped);
  marker().mark(at(1), kGlobal, false);
  ASSERT_TRUE(marker().drain(nullptr));
  EXPECT_TRUE(isMarked(at(2)));
  EXPECT_FALSE(isMarked(at(3)));
}

TEST_F(MarkerTest, APointerToAFreeSlotIsADoubtOnlyWhenItIsOneForSure) {
  marker().mark(at(110), kGlobal, true);
  EXPECT_FALSE(isMarked(at(110)));
  EXPECT_EQ(marker().badPointers(), 0U);
  marker().mark(at(110), kGlobal, false);
  EXPECT_EQ(marker().badPointers(), 1U);
  EXPECT_EQ(marker().firstBad(), at(110));
}

TEST_F(MarkerTest, AFinalizersObjectIsNotReachedByItself) {
  link(1, 0, at(2));
  marker().markPointersOf(object(at(1)), {RootKind::finalizer, kNone, at(1)});
  ASSERT_TRUE(marker().drain(nullptr));
  EXPECT_FALSE(isMarked(at(1)));
  EXPECT_TRUE(isMarked(at(2)));
}

}  // namespace
}  // namespace parked::proof
