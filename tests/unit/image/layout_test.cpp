#include "image/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_target.h"

namespace parked::image {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class BinderTest : public ::testing::Test {
 protected:
  BinderTest() {
    layouts_.add("runtime.g", 400).fields = {
        {"stack", 0, 16, "runtime.stack"},
        {"sched", 56, 56, "runtime.gobuf"},
        {"atomicstatus", 144, 4, "runtime/internal/atomic.Uint32"},
        {"goid", 152, 8, "uint64"},
        {"lost", 160, 8, "runtime.gone"}};
    layouts_.add("runtime.stack", 16).fields = {{"lo", 0, 8, "uintptr"}, {"hi", 8, 8, "uintptr"}};
    layouts_.add("runtime.gobuf", 56).fields = {{"sp", 0, 8, "uintptr"}, {"pc", 8, 8, "uintptr"}};
  }
  FakeLayouts layouts_;
  std::vector<std::string> missing_;
};

TEST_F(BinderTest, PathsDescendIntoEmbeddedStructs) {
  Binder binder(layouts_, "runtime.g", missing_);
  EXPECT_TRUE(binder.found());
  EXPECT_EQ(binder.size(), 400u);
  Field<Addr> pc;
  Field<Addr> hi;
  binder.required(pc, "sched.pc");
  binder.required(hi, "stack.hi");
  EXPECT_EQ(pc.offset, 64u);
  EXPECT_EQ(hi.offset, 8u);
  EXPECT_EQ(binder.offsetOf("sched", true), 56u);
  EXPECT_THAT(missing_, IsEmpty());
}

TEST_F(BinderTest, AnAtomicOfTheSameSizeMatches) {
  Binder binder(layouts_, "runtime.g", missing_);
  Field<std::uint32_t> status;
  binder.required(status, "atomicstatus");
  EXPECT_EQ(status.offset, 144u);
}

TEST_F(BinderTest, TheFirstAlternativeThereWins) {
  Binder binder(layouts_, "runtime.g", missing_);
  Field<std::uint64_t> id;
  binder.required(id, "id", "goid", "lost");
  EXPECT_EQ(id.offset, 152u);
  EXPECT_THAT(missing_, IsEmpty());
}

TEST_F(BinderTest, WhatIsMissingIsCollected) {
  Binder binder(layouts_, "runtime.g", missing_);
  Field<std::uint32_t> narrow;
  Field<Addr> absent;
  Field<Addr> deep;
  binder.required(narrow, "goid");  // 8 bytes there, 4 wanted
  binder.optional(absent, "parentGoid");
  binder.required(deep, "lost.x", "sched.sp.x");
  EXPECT_FALSE(narrow.exists());
  EXPECT_FALSE(absent.exists());
  EXPECT_FALSE(deep.exists());
  EXPECT_FALSE(static_cast<bool>(binder.offsetOf("nothing", false) != Field<Addr>::kAbsent));
  EXPECT_THAT(missing_, ElementsAre("runtime.g.goid", "runtime.g.lost.x"));
}

TEST_F(BinderTest, AMissingStruct) {
  Binder binder(layouts_, "runtime.coro", missing_);
  EXPECT_FALSE(binder.found());
  EXPECT_EQ(binder.size(), 0u);
  Field<Addr> g;
  binder.required(g, "gp");
  EXPECT_THAT(missing_, ElementsAre("runtime.coro.gp"));
}

TEST_F(BinderTest, ObjectsReadOnlyWhatTheyHave) {
  Bytes bytes;
  bytes.u64(7).u32(9);
  const Object object(0x1000, bytes);
  EXPECT_EQ(object[Field<std::uint64_t>{0}], 7u);
  EXPECT_EQ(object[Field<std::uint32_t>{8}], 9u);
  EXPECT_EQ(object[Field<std::uint64_t>{8}], 0u);
  EXPECT_EQ(object[Field<std::uint64_t>{}], 0u);
}

}  // namespace
}  // namespace parked::image
