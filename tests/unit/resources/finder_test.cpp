// Who points to an object, over a heap, a stack and the runtime's lists made by hand.
#include "resources/finder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>

#include "heap/fake_heap.h"

namespace parked::resources {
namespace {

using heap::ObjectRef;
using heap::SpecialKind;
using test::FakeHeap;
using test::kHeap;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Addr kRuntime = 0x30000000;  // memory of the runtime's own
constexpr Addr kG = 0x31000000, kStack = 0x32000000;
constexpr std::uint64_t kSize = 64;

constexpr Addr at(std::uint64_t object) { return kHeap + object * kSize; }

/// Objects of 64 bytes. What was marked is what something that can run reaches.
class FinderTest : public testing::Test {
 protected:
  FinderTest() : fake_(heap::PointerScheme::headers) {
    spec_.pages = 8;
    spec_.elementSize = kSize;
    span_ = fake_.add(spec_);
    for (const Addr memory : {kRuntime, kG, kStack}) fake_.target().map(memory, 4096);
    auto layouts = std::make_unique<test::SyntheticLayouts>();
    layouts->add("runtime.g", 64,
                 {{"_defer", 0, 8, ""}, {"_panic", 8, 8, ""}, {"sched", 16, 8, "runtime.gobuf"}});
    layouts->add("runtime.gobuf", 8, {{"ctxt", 0, 8, ""}});
    layouts->add("runtime._defer", 16, {{"fn", 0, 8, ""}, {"link", 8, 8, ""}});
    image::Image::Parts parts;
    parts.build.version.minor = 22;
    parts.functions = test::makeFunctions(fake_.target(), {{.name = "runtime.goexit"}});
    parts.layouts = std::move(layouts);
    image_ = image::Image::assemble(fake_.target(), std::move(parts));
    snapshot_.image = image_.get();
  }

  /// Word `word` of one object points to another.
  void link(std::uint64_t from, unsigned word, Addr to) {
    fake_.pointer(spec_, at(from) + word * 8, to);
  }
  const heap::Heap& heap() {
    if (heap_ == nullptr) heap_ = std::move(*fake_.open());
    return *heap_;
  }
  ObjectRef object(std::uint64_t number) { return heap().find(at(number)); }
  void mark(std::uint64_t number) {
    marker().mark(at(number), {proof::RootKind::global, kNone, 0x500000}, false);
    ASSERT_TRUE(marker().drain(nullptr));
  }
  proof::Marker& marker() {
    if (!marker_) {
      masks_.emplace(fake_.image());
      pointers_.emplace(heap(), *masks_);
      marker_.emplace(heap(), *pointers_);
    }
    return *marker_;
  }
  /// What the runtime ties to an object; the first word of the payload is `word`.
  void special(std::uint64_t number, SpecialKind kind, Addr word) {
    const Addr payload = kRuntime + 64 * specials_.all.size();
    fake_.target().put(payload, word);
    specials_.all.push_back({object(number), kind, payload, 32});
  }
  golang::Goroutine& goroutine() {
    golang::Goroutine& g = snapshot_.goroutines.emplace_back();
    g.address = kG;
    g.stackLo = kStack;
    g.stackHi = kStack + 4096;
    g.sp = kStack + 2048;
    g.status = golang::Status::waiting;
    return g;
  }
  /// Where the objects begin in which the words are that point to the target.
  static std::vector<Addr> objects(const Finder& finder, Addr target) {
    std::vector<Addr> all;
    for (const Holder& holder : finder.holdersOf(target)) all.push_back(holder.object);
    return all;
  }

  FakeHeap fake_;
  FakeHeap::SpanSpec spec_;
  Addr span_ = 0;
  std::unique_ptr<image::Image> image_;
  golang::Snapshot snapshot_;
  heap::Specials specials_;
  std::unique_ptr<heap::Heap> heap_;
  std::optional<heap::TypeMasks> masks_;
  std::optional<heap::Pointers> pointers_;
  std::optional<proof::Marker> marker_;
};

TEST_F(FinderTest, TellsWhoPointsToTheStartOfAnObject) {
  link(1, 2, at(9));
  link(2, 0, at(9));
  link(3, 0, at(9) + 8);
  mark(1);
  Finder finder(snapshot_, heap(), &marker());
  finder.wantTarget(at(9));
  ASSERT_TRUE(finder.scan(nullptr));
  EXPECT_THAT(objects(finder, at(9)), ElementsAre(at(1), at(2)));
  const auto holders = finder.holdersOf(at(9));
  EXPECT_EQ(holders[0].word, at(1) + 16);
  EXPECT_TRUE(holders[0].reachable);
  EXPECT_FALSE(holders[1].reachable);
  EXPECT_TRUE(finder.knowsHolders(at(9)));
  EXPECT_THAT(finder.holdersOf(at(8)), IsEmpty());  // nobody asked
}

TEST_F(FinderTest, AsksOnceMoreForWhatIsInside) {
  link(1, 0, at(9));
  link(2, 0, at(9) + kSize - 8);
  link(3, 0, at(10));
  Finder finder(snapshot_, heap(), nullptr);
  finder.wantTarget(at(9));
  finder.wantTarget(at(9), true);
  ASSERT_TRUE(finder.scan(nullptr));
  EXPECT_THAT(objects(finder, at(9)), ElementsAre(at(1), at(2)));
}

// Who has a struct has the Transport in it.
TEST_F(FinderTest, WhoHasAnObjectHasItsParts) {
  link(1, 0, at(9));
  link(2, 0, at(9) + 16);
  Finder finder(snapshot_, heap(), nullptr);
  for (const Addr part : {at(9) + 16, at(9) + 32, at(9)}) finder.wantTarget(part);
  ASSERT_TRUE(finder.scan(nullptr));
  EXPECT_THAT(objects(finder, at(9) + 16), ElementsAre(at(1), at(2)));
  EXPECT_THAT(objects(finder, at(9) + 32), ElementsAre(at(1), at(2)));
  EXPECT_THAT(objects(finder, at(9)), ElementsAre(at(1)));
}

TEST_F(FinderTest, OfVeryManyHoldersNotAllAreKnown) {
  const std::uint64_t objects = Finder::kMaxHolders / 8;
  for (std::uint64_t i = 0; i < objects; ++i) {
    for (unsigned word = 0; word < 8; ++word) link(10 + i, word, at(1));
  }
  for (unsigned word = 0; word < 7; ++word) {
    link(10, word, at(2));  // one holder fewer of the first
  }
  Finder finder(snapshot_, heap(), nullptr);
  finder.wantTarget(at(1));
  ASSERT_TRUE(finder.scan(nullptr));
  EXPECT_THAT(finder.holdersOf(at(1)), SizeIs(Finder::kMaxHolders - 7));
  EXPECT_TRUE(finder.knowsHolders(at(1)));
  for (unsigned word = 0; word < 8; ++word) link(10 + objects, word, at(1));
  Finder more(snapshot_, heap(), nullptr);
  more.wantTarget(at(1));
  ASSERT_TRUE(more.scan(nullptr));
  EXPECT_THAT(more.holdersOf(at(1)), SizeIs(Finder::kMaxHolders));
  EXPECT_FALSE(more.knowsHolders(at(1)));
}

TEST_F(FinderTest, AStackHolds) {
  goroutine();
  fake_.target().put(kStack + 2056, at(9) + 8);  // which of its words are pointers is not told
  Finder finder(snapshot_, heap(), &marker());
  finder.wantTarget(at(9));
  ASSERT_TRUE(finder.scan(nullptr));
  ASSERT_THAT(finder.holdersOf(at(9)), SizeIs(1));
  EXPECT_EQ(finder.holdersOf(at(9))[0].goroutine, 0U);
  EXPECT_EQ(finder.holdersOf(at(9))[0].word, kStack + 2056);
  EXPECT_TRUE(finder.holdersOf(at(9))[0].reachable);
  EXPECT_TRUE(finder.knowsHolders(at(9)));
}

TEST_F(FinderTest, WithAStackThatIsNotReadableTheHoldersAreNotKnown) {
  goroutine().address = 0x1000;
  Finder finder(snapshot_, heap(), &marker());
  finder.wantTarget(at(9));
  ASSERT_TRUE(finder.scan(nullptr));
  EXPECT_FALSE(finder.knowsHolders(at(9)));
}

TEST_F(FinderTest, WithAStackThatWasBeingChangedTheHoldersAreNotKnown) {
  goroutine().inFlux = true;
  Finder finder(snapshot_, heap(), &marker());
  finder.wantTarget(at(9));
  ASSERT_TRUE(finder.scan(nullptr));
  EXPECT_FALSE(finder.knowsHolders(at(9)));
}

// runtime.SetFinalizer(wrapper, func(w *wrapper) { w.rows.Close() }): nothing reaches the wrapper.
TEST_F(FinderTest, WhatAFinalizerWillGetIsHeld) {
  link(3, 0, at(9));
  link(4, 0, at(9));
  special(3, SpecialKind::finalizer, 0);
  Finder finder(snapshot_, heap(), &marker());
  finder.heed(specials_);
  finder.wantTarget(at(9));
  ASSERT_TRUE(finder.scan(nullptr));
  const auto holders = finder.holdersOf(at(9));
  ASSERT_THAT(objects(finder, at(9)), ElementsAre(at(3), at(4)));
  EXPECT_TRUE(holders[0].reachable);
  EXPECT_FALSE(holders[1].reachable);
}

TEST_F(FinderTest, WhatAFinalizerOrCleanupIsCalledWithIsHeld) {
  special(3, SpecialKind::finalizer, at(8));
  special(3, SpecialKind::cleanup, at(9));
  Finder finder(snapshot_, heap(), &marker());
  finder.heed(specials_);
  finder.wantTarget(at(8));
  finder.wantTarget(at(9));
  ASSERT_TRUE(finder.scan(nullptr));
  EXPECT_THAT(objects(finder, at(8)), ElementsAre(0U));
  EXPECT_THAT(objects(finder, at(9)), ElementsAre(0U));
}

TEST_F(FinderTest, WhatIsQueuedOrPinnedIsHeld) {
  fake_.target().put(kRuntime + 1024 + 16, at(7));
  fake_.target().put(kRuntime + 2048, at(8));
  specials_.finalizers.push_back({kRuntime + 1024, 40});
  specials_.cleanups.push_back({kRuntime + 2048, 8});
  specials_.pinned.push_back(object(9));
  Finder finder(snapshot_, heap(), &marker());
  finder.heed(specials_);
  for (const std::uint64_t number : {7U, 8U, 9U}) finder.wantTarget(at(number));
  ASSERT_TRUE(finder.scan(nullptr));
  for (const std::uint64_t number : {7U, 8U, 9U}) {
    ASSERT_THAT(objects(finder, at(number)), ElementsAre(0U)) << number;
    EXPECT_TRUE(finder.holdersOf(at(number))[0].reachable);
  }
  EXPECT_EQ(finder.holdersOf(at(7))[0].word, kRuntime + 1040);
}

TEST_F(FinderTest, WhoHasAWeakPointerMayGiveTheObjectBack) {
  special(9, SpecialKind::weakHandle, at(5));
  mark(5);  // somebody has the handle
  Finder finder(snapshot_, heap(), &marker());
  finder.heed(specials_);
  finder.wantTarget(at(9));
  finder.wantTarget(at(9) + 16);
  std::vector<Addr> seen;
  finder.visitPointers([&](ObjectRef, Addr value) { seen.push_back(value); });
  ASSERT_TRUE(finder.scan(nullptr));
  for (const Addr target : {at(9), at(9) + 16}) {
    ASSERT_THAT(objects(finder, target), ElementsAre(0U));
    EXPECT_TRUE(finder.holdersOf(target)[0].reachable);
    EXPECT_EQ(finder.holdersOf(target)[0].goroutine, kNone);
  }
  EXPECT_THAT(seen, IsEmpty());  // it keeps nothing alive
}

TEST_F(FinderTest, AWeakPointerThatNobodyHasHoldsNothing) {
  special(9, SpecialKind::weakHandle, at(5));
  Finder finder(snapshot_, heap(), &marker());
  finder.heed(specials_);
  finder.wantTarget(at(9));
  ASSERT_TRUE(finder.scan(nullptr));
  EXPECT_THAT(finder.holdersOf(at(9)), IsEmpty());
  EXPECT_TRUE(finder.knowsHolders(at(9)));
}

TEST_F(FinderTest, AHandleOutsideOfTheHeapMayBeAnybodys) {
  special(9, SpecialKind::weakHandle, 0x1234);
  Finder finder(snapshot_, heap(), &marker());
  finder.heed(specials_);
  finder.wantTarget(at(9));
  ASSERT_TRUE(finder.scan(nullptr));
  EXPECT_THAT(finder.holdersOf(at(9)), SizeIs(1));
}

TEST_F(FinderTest, WithoutAProofWhatTheCollectorFoundDeadIsNobodys) {
  link(1, 0, at(9));
  link(2, 0, at(9));
  fake_.target().put(span_ + FakeHeap::kSweepGeneration, FakeHeap::kSwept - 2);
  fake_.markByCollector(span_, 1);
  Finder finder(snapshot_, heap(), nullptr);
  finder.wantTarget(at(9));
  ASSERT_TRUE(finder.scan(nullptr));
  EXPECT_TRUE(finder.isReachable(at(1)));
  EXPECT_FALSE(finder.isReachable(at(2)));
  EXPECT_TRUE(finder.isReachable(0x500000));  // a global
  ASSERT_THAT(objects(finder, at(9)), ElementsAre(at(1), at(2)));
  EXPECT_TRUE(finder.holdersOf(at(9))[0].reachable);
  EXPECT_FALSE(finder.holdersOf(at(9))[1].reachable);
}

// A span whose generation is damaged must not make anybody look gone.
TEST_F(FinderTest, TheProofKnowsBetterWhatIsDead) {
  link(2, 0, at(9));
  fake_.target().put(span_ + FakeHeap::kSweepGeneration, FakeHeap::kSwept - 2);
  mark(2);
  Finder finder(snapshot_, heap(), &marker());
  finder.wantTarget(at(9));
  ASSERT_TRUE(finder.scan(nullptr));
  EXPECT_TRUE(finder.isReachable(at(2)));
  ASSERT_THAT(objects(finder, at(9)), ElementsAre(at(2)));
  EXPECT_TRUE(finder.holdersOf(at(9))[0].reachable);
}

}  // namespace
}  // namespace parked::resources
