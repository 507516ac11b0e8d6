#include "image/pc_table.h"

#include <gtest/gtest.h>

#include "bytes.h"

namespace parked::image {
namespace {

constexpr PcRange kCode{.entry = 0x1000, .end = 0x1100, .minLc = 1};

/// pcsp of a function that grows its frame at +4 and drops it at +0x50.
Bytes frameTable() {
  Bytes table;
  table.u8(0);  // offset 0 means "no table"
  table.zigzag(1).uvarint(4);
  table.zigzag(24).uvarint(0x4c);
  table.zigzag(-24).uvarint(0xb0);
  return table.u8(0);
}

TEST(PcTableTest, ValuesHoldUpToTheirPc) {
  const Bytes table = frameTable();
  EXPECT_EQ(pcValue(table, 1, kCode, 0x1000), 0);
  EXPECT_EQ(pcValue(table, 1, kCode, 0x1003), 0);
  EXPECT_EQ(pcValue(table, 1, kCode, 0x1004), 24);
  EXPECT_EQ(pcValue(table, 1, kCode, 0x104f), 24);
  EXPECT_EQ(pcValue(table, 1, kCode, 0x1050), 0);
  EXPECT_EQ(pcValue(table, 1, kCode, 0x10ff), 0);
}

TEST(PcTableTest, AFirstDeltaOfZeroIsNotTheEnd) {
  Bytes table;
  table.u8(0).zigzag(0).uvarint(8).zigzag(3).uvarint(8).u8(0);
  EXPECT_EQ(pcValue(table, 1, kCode, 0x1001), -1);
  EXPECT_EQ(pcValue(table, 1, kCode, 0x1008), 2);
}

TEST(PcTableTest, InstructionsOfFourBytes) {
  PcRange code = kCode;
  code.minLc = 4;
  Bytes table;
  table.u8(0).zigzag(1).uvarint(2).zigzag(16).uvarint(62).u8(0);
  EXPECT_EQ(pcValue(table, 1, code, 0x1007), 0);
  EXPECT_EQ(pcValue(table, 1, code, 0x1008), 16);
  EXPECT_EQ(pcValue(table, 1, code, 0x10ff), 16);
}

TEST(PcTableTest, OutsideOfTableOrFunction) {
  const Bytes table = frameTable();
  EXPECT_EQ(pcValue(table, 0, kCode, 0x1000), -1);
  EXPECT_EQ(pcValue(table, 1000, kCode, 0x1000), -1);
  EXPECT_EQ(pcValue(table, 1, kCode, 0xfff), -1);
  EXPECT_EQ(pcValue(table, 1, kCode, 0x1100), -1);
  Bytes shortTable;
  shortTable.u8(0).zigzag(1).uvarint(4).u8(0);
  EXPECT_EQ(pcValue(shortTable, 1, kCode, 0x1004), -1);
}

TEST(PcTableTest, DamagedTablesEnd) {
  Bytes still;  // never advances
  still.u8(0);
  for (int i = 0; i < 100000; ++i) still.zigzag(1).uvarint(0);
  EXPECT_EQ(pcValue(still, 1, kCode, 0x1000), -1);
  const Bytes ones(100, std::byte{0xff});  // a number that does not end
  EXPECT_EQ(pcValue(ones, 1, kCode, 0x1000), -1);
  Bytes far;  // advances by 2^60
  far.u8(0).zigzag(6).uvarint(std::uint64_t{1} << 60).u8(0);
  EXPECT_EQ(pcValue(far, 1, kCode, 0x10ff), 5);
  const Bytes whole = frameTable();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    pcValue(std::span(whole).first(size), 1, kCode, 0x10ff);  // must not read beyond the bytes
  }
}

}  // namespace
}  // namespace parked::image
