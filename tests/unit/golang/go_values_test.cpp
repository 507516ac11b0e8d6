// Strings, slices and interfaces in memory that may be anything.
#include "golang/go_values.h"

#include <gtest/gtest.h>
#include <limits>

#include "golang/synthetic_types.h"

namespace parked::golang {
namespace {

constexpr Addr kMemory = test::SyntheticTypes::kMemory, kHole = 0xdead0000;
constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();

class ValuesTest : public testing::Test {
 protected:
  test::SyntheticTypes program;
  IncompleteList incomplete;
};

TEST_F(ValuesTest, Strings) {
  const GoValues values(program.image(), incomplete);
  program.target.putString(kMemory, kMemory + 0x100, "parked");
  EXPECT_EQ(values.string(kMemory), "parked");
  EXPECT_EQ(values.guess(kMemory, 6), "parked");
  program.target.putString(kMemory + 0x20, kMemory, "");
  EXPECT_EQ(values.string(kMemory + 0x20), "");
  // Longer than is wanted is not damaged.
  EXPECT_EQ(values.string(kMemory, 5), "parke\u2026 (cut: 6 bytes)");
  EXPECT_EQ(values.guess(kMemory, 5), "");
  EXPECT_TRUE(incomplete.empty());
}

TEST_F(ValuesTest, DamagedStringsAreCounted) {
  const GoValues values(program.image(), incomplete);
  program.target.putString(kMemory, kMemory + 0x100, "parked");
  std::uint64_t damaged = 0;
  const auto refused = [&](Addr at) {
    EXPECT_EQ(values.string(at, 100), "");
    ASSERT_EQ(incomplete.entries().size(), 1U);
    EXPECT_EQ(incomplete.entries()[0].what, "text");
    EXPECT_EQ(incomplete.entries()[0].count, ++damaged);
    EXPECT_EQ(values.guess(at, 100), "");
    EXPECT_EQ(incomplete.entries()[0].count, damaged);
  };
  for (const std::uint64_t length : {kHuge, kHuge / 2, kHuge / 2 + 1, std::uint64_t{1} << 40}) {
    program.target.put(kMemory + 8, length);
    refused(kMemory);
  }
  program.target.put(kMemory, kHole);
  program.target.put(kMemory + 8, std::uint64_t{6});
  refused(kMemory);
  refused(kHole);
  refused(0);
}

TEST_F(ValuesTest, Slices) {
  const GoValues values(program.image(), incomplete);
  program.putSlice(kMemory, kMemory + 0x100, 3, 4);
  EXPECT_EQ(values.slice(kMemory, 8).data, kMemory + 0x100);
  EXPECT_EQ(values.slice(kMemory, 8).length, 3U);
  EXPECT_EQ(values.slice(kMemory, 8).capacity, 4U);
  program.putSlice(kMemory, 0, 0, 0);
  EXPECT_EQ(values.slice(kMemory, 8).length, 0U);
  EXPECT_TRUE(incomplete.empty());
}

TEST_F(ValuesTest, DamagedSlicesAreCounted) {
  const GoValues values(program.image(), incomplete);
  std::uint64_t damaged = 0;
  const auto refused = [&](Addr at) {
    EXPECT_EQ(values.slice(at, 8).length, 0U);
    ASSERT_EQ(incomplete.entries().size(), 1U);
    EXPECT_EQ(incomplete.entries()[0].what, "list");
    EXPECT_EQ(incomplete.entries()[0].count, ++damaged);
  };
  program.putSlice(kMemory, kMemory + 0x100, 5, 4);
  refused(kMemory);
  for (const std::uint64_t length :
       {kHuge, kHuge / 2, kHuge / 2 + 1, kHuge / 8 + 2, std::uint64_t{1} << 40}) {
    program.putSlice(kMemory, kMemory + 0x100, length, length);
    refused(kMemory);
    program.putSlice(kMemory, kMemory + 0x100, 1, length);
    refused(kMemory);
  }
  program.putSlice(kMemory, 0, 1, 1);
  refused(kMemory);
  refused(kHole);
}

TEST_F(ValuesTest, Interfaces) {
  const Addr type = program.pointerTo("net.TCPAddr");
  program.putInterface(kMemory, program.itab(type), 0x1234);
  program.putInterface(kMemory + 16, type, 0x5678);
  program.putInterface(kMemory + 32, kMemory + 0x8000, 0x1234);  // zeros: no itab
  program.putInterface(kMemory + 48, kHole, 0x1234);
  const GoValues values(program.image(), incomplete);
  EXPECT_EQ(values.interface(kMemory).type, type);
  EXPECT_EQ(values.interface(kMemory).data, 0x1234U);
  EXPECT_EQ(values.typeName(type), "*net.TCPAddr");
  for (const Addr at : {kMemory + 16, kMemory + 32, kMemory + 48, kHole, Addr{0}}) {
    EXPECT_EQ(values.interface(at).type, 0U) << at;
  }
  EXPECT_EQ(values.typeName(0), "");
  EXPECT_EQ(values.typeName(kMemory), "");
  EXPECT_EQ(values.typeName(type + 8), "");
}

}  // namespace
}  // namespace parked::golang
