#include "heap/specials.h"

#include <gtest/gtest.h>

#include "heap/fake_heap.h"

namespace parked::heap {
namespace {

using test::FakeHeap;
using test::kHeap;

TEST(Specials, FinalizersNameTheirObjects) {
  FakeHeap fake(PointerScheme::headers);
  const Addr span = fake.add({.elementSize = 48});
  fake.finalizer(span, 48, kHeap);
  fake.finalizer(span, 100, kHeap);  // offsets may lie inside of the object
  const auto heap = fake.open();
  ASSERT_TRUE(heap);
  const Specials specials = readSpecials(fake.image(), **heap);
  EXPECT_EQ(specials.problem, std::nullopt);
  ASSERT_EQ(specials.all.size(), 2U);
  EXPECT_EQ(specials.all[0].object, (ObjectRef{0, 2}));
  EXPECT_EQ(specials.all[1].object, (ObjectRef{0, 1}));
  EXPECT_EQ(specials.all[0].kind, SpecialKind::finalizer);
  EXPECT_EQ(specials.all[0].payloadSize, 32U);
  Addr function = 0;
  EXPECT_TRUE(fake.target().memory().read(specials.all[0].payload, function));
  EXPECT_EQ(function, kHeap);
}

TEST(Specials, ACyclicListEnds) {
  FakeHeap fake(PointerScheme::headers);
  const Addr span = fake.add({.elementSize = 48});
  fake.finalizer(span, 0, kHeap);
  Addr special = 0;
  ASSERT_TRUE(fake.target().memory().read(span + 48, special));
  fake.target().put(special, special);
  const auto heap = fake.open();
  ASSERT_TRUE(heap);
  EXPECT_TRUE(readSpecials(fake.image(), **heap).problem);
}

TEST(Specials, AnOffsetBehindTheSpanIsAProblem) {
  FakeHeap fake(PointerScheme::headers);
  const Addr span = fake.add({.elementSize = 48});
  fake.finalizer(span, 0xffff, kHeap);
  const auto heap = fake.open();
  ASSERT_TRUE(heap);
  const Specials specials = readSpecials(fake.image(), **heap);
  EXPECT_TRUE(specials.problem);
  EXPECT_TRUE(specials.all.empty());
}

}  // namespace
}  // namespace parked::heap
