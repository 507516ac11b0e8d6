#include "proof/reach.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>

#include "heap/fake_heap.h"

namespace parked::proof {
namespace {

using test::kHeap;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Index kGoroutines = 8;
constexpr Addr objectAt(std::uint64_t object) { return kHeap + object * 64; }

/// Objects of 64 bytes; the first ones are the g's of goroutines without a stack.
class ReachTest : public testing::Test {
 protected:
  ReachTest() : fake_(heap::PointerScheme::headers) {
    spec_.elementSize = 64;
    fake_.add(spec_);
    for (Index i = 0; i < kGoroutines; ++i) {
      golang::Goroutine goroutine;
      goroutine.address = objectAt(i);
      goroutine.status = golang::Status::waiting;
      snapshot_.goroutines.push_back(goroutine);
    }
  }
  /// Word `word` of one object points to another.
  void link(std::uint64_t from, unsigned word, std::uint64_t to) {
    fake_.pointer(spec_, objectAt(from) + word * 8, objectAt(to));
  }
  /// The goroutine waits on a channel.
  void wait(Index goroutine, std::uint64_t channel) {
    golang::Wait wait;
    wait.kind = golang::ObjectKind::channel;
    wait.address = objectAt(channel);
    snapshot_.goroutines[goroutine].firstWait = static_cast<Index>(snapshot_.waits.size());
    snapshot_.goroutines[goroutine].waitCount = 1;
    snapshot_.waits.push_back(wait);
  }
  Reach& follow(std::vector<Index> goroutines, const Reach::Options& options = {}) {
    if (!heap_) heap_ = std::move(*fake_.open());
    snapshot_.image = &fake_.image();
    reach_.emplace(snapshot_, *heap_, options);
    EXPECT_TRUE(reach_->follow(goroutines, nullptr));
    return *reach_;
  }

  test::FakeHeap fake_;
  test::FakeHeap::SpanSpec spec_;
  golang::Snapshot snapshot_;
  std::unique_ptr<heap::Heap> heap_;
  std::optional<Reach> reach_;
};

TEST_F(ReachTest, TellsWhoReachesAnObject) {
  link(0, 0, 20);
  link(20, 1, 21);
  link(21, 0, 20);  // and back
  link(1, 0, 22);
  link(2, 0, 1);  // the g of another: what is in it is that one's
  const Reach& reach = follow({0, 1, 2});
  EXPECT_THAT(reach.of(objectAt(20)), ElementsAre(0));
  EXPECT_THAT(reach.of(objectAt(21) + 8), ElementsAre(0));
  EXPECT_THAT(reach.of(objectAt(22)), ElementsAre(1));
  EXPECT_THAT(reach.of(objectAt(30)), IsEmpty());
  EXPECT_THAT(reach.of(0x1000), IsEmpty());
}

TEST_F(ReachTest, WhatMoreReachThanItRemembersIsShared) {
  for (Index i = 0; i < 5; ++i) link(i, 0, 20);
  link(20, 0, 21);
  EXPECT_THAT(follow({0, 1, 2, 3}).of(objectAt(21)), ElementsAre(0, 1, 2, 3));
  EXPECT_FALSE(reach_->byMore(objectAt(21)));
  EXPECT_THAT(follow({0, 1, 2, 3, 4}).of(objectAt(21)), ElementsAre(0, 1, 2, 3));
  EXPECT_TRUE(reach_->byMore(objectAt(20)));
  EXPECT_TRUE(reach_->byMore(objectAt(21)));
  EXPECT_THAT(follow({0, 1, 2, 3, 4}, {.ownOnly = true}).of(objectAt(21)), IsEmpty());
  EXPECT_TRUE(reach_->byMore(objectAt(20)));
}

TEST_F(ReachTest, WhoIsWokenGoesOn) {
  link(0, 0, 20);
  wait(5, 20);
  link(5, 0, 21);
  EXPECT_THAT(follow({0}).of(objectAt(21)), IsEmpty());
  EXPECT_THAT(follow({0}, {.wake = true}).of(objectAt(21)), ElementsAre(0));
}

TEST_F(ReachTest, NotFartherThanItShould) {
  link(0, 0, 20);
  link(20, 0, 21);
  link(21, 0, 22);
  const Reach& reach = follow({0}, {.steps = 2});
  EXPECT_THAT(reach.of(objectAt(21)), ElementsAre(0));
  EXPECT_THAT(reach.of(objectAt(22)), IsEmpty());
}

TEST_F(ReachTest, WhatIsMarkedIsPassedOver) {
  link(0, 0, 20);
  link(20, 0, 21);
  link(0, 1, 22);
  heap_ = std::move(*fake_.open());
  heap::TypeMasks types(fake_.image());
  const heap::Pointers pointers(*heap_, types);
  Marker marker(*heap_, pointers);
  marker.mark(objectAt(20), {RootKind::global, golang::kNone, 0x500000}, false);
  ASSERT_TRUE(marker.drain(nullptr));
  const Reach& reach = follow({0}, {.notMarked = &marker});
  EXPECT_THAT(reach.of(objectAt(20)), IsEmpty());
  EXPECT_THAT(reach.of(objectAt(21)), IsEmpty());
  EXPECT_THAT(reach.of(objectAt(22)), ElementsAre(0));
}

}  // namespace
}  // namespace parked::proof
