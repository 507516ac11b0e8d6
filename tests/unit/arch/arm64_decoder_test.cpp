// The words are as Go's assembler writes them; each comment is the instruction.
#include <gtest/gtest.h>

#include "arch/architecture.h"

namespace parked::arch {
namespace {

constexpr Addr kStart = 0x117c00;
constexpr Register kSp = 31;

std::optional<std::vector<Instruction>> decoded(std::vector<std::uint32_t> words) {
  return byName("arm64")->decoder()->decode(kStart, std::as_bytes(std::span(words)));
}

/// Of code that is understood.
std::vector<Instruction> decode(std::vector<std::uint32_t> words) {
  auto code = decoded(std::move(words));
  EXPECT_TRUE(code);
  return code.value_or(std::vector<Instruction>());
}

bool writes(const Instruction& instruction, Register reg) {
  return (instruction.written >> reg & 1) != 0;
}

TEST(Arm64Decoder, AFrameIsMade) {
  // str x30, [sp, #-48]!; stur x29, [sp, #-8]; sub x29, sp, #8
  const auto code = decode({0xf81d0ffe, 0xf81f83fd, 0xd10023fd});
  ASSERT_EQ(code.size(), 4U);
  EXPECT_EQ(code[0].op, Op::add);
  EXPECT_EQ(code[0].a.reg, kSp);
  EXPECT_EQ(code[0].b.value, -48);
  EXPECT_EQ(code[1].op, Op::move);
  EXPECT_TRUE(code[1].stores);
  EXPECT_EQ(code[1].a.base, kSp);
  EXPECT_EQ(code[1].a.value, 0);
  EXPECT_EQ(code[1].b.reg, 30);
  EXPECT_EQ(code[2].a.value, -8);
  EXPECT_EQ(code[3].op, Op::address);
  EXPECT_EQ(code[3].a.reg, 29);
  EXPECT_EQ(code[3].b.base, kSp);
  EXPECT_EQ(code[3].b.value, -8);
  // Parts of one instruction have places of their own, and the last leads to the next word.
  EXPECT_EQ(code[0].pc, kStart);
  EXPECT_EQ(code[0].next(), code[1].pc);
  EXPECT_EQ(code[1].next(), kStart + 4);
}

TEST(Arm64Decoder, AFrameIsLeft) {
  // ldr x30, [sp], #48; ret
  const auto code = decode({0xf84307fe, 0xd65f03c0});
  ASSERT_EQ(code.size(), 3U);
  EXPECT_EQ(code[0].a.reg, 30);
  EXPECT_EQ(code[0].b.value, 0);
  EXPECT_EQ(code[1].op, Op::add);
  EXPECT_EQ(code[1].b.value, 48);
  EXPECT_EQ(code[2].op, Op::ret);
}

TEST(Arm64Decoder, APairMayReplaceWhereItIsFrom) {
  // ldp x0, x1, [x0, #8]
  const auto code = decode({0xa9408400});
  ASSERT_EQ(code.size(), 2U);
  EXPECT_EQ(code[0].a.reg, 1);
  EXPECT_EQ(code[0].b.value, 16);
  EXPECT_EQ(code[1].a.reg, 0);
  EXPECT_EQ(code[1].b.value, 8);
  // stp xzr, xzr, [sp, #72]
  const auto zero = decode({0xa904ffff});
  ASSERT_EQ(zero.size(), 2U);
  EXPECT_EQ(zero[1].a.value, 80);
  EXPECT_EQ(zero[1].b.kind, Operand::Kind::immediate);
  EXPECT_EQ(zero[1].b.value, 0);
}

TEST(Arm64Decoder, AddressesAndConstants) {
  // adrp x3, 0x2a7000; add x3, x3, #0x268; mov x1, #-1; orr x2, xzr, #1; orr x1, xzr, #8
  const auto code = decode({0xf0000c63, 0x9109a063, 0x92800001, 0xb24003e2, 0xb27d03e1});
  ASSERT_EQ(code.size(), 5U);
  const std::int64_t page = code[0].b.value;
  EXPECT_EQ(page % 0x1000, 0);
  EXPECT_EQ(code[1].op, Op::address);
  EXPECT_EQ(code[1].b.base, kNoRegister);
  EXPECT_EQ(code[1].b.value, page + 0x268);
  EXPECT_EQ(code[2].b.value, -1);
  EXPECT_EQ(code[3].op, Op::move);
  EXPECT_EQ(code[3].b.value, 1);
  EXPECT_EQ(code[4].b.value, 8);
  // orr x0, xzr, #0x5555555555555555; orr x0, xzr, #0xff00000000000000
  const auto masks = decode({0xb200f3e0, 0xb2481fe0});
  EXPECT_EQ(static_cast<std::uint64_t>(masks[0].b.value), 0x5555555555555555U);
  EXPECT_EQ(static_cast<std::uint64_t>(masks[1].b.value), 0xff00000000000000U);
  // add x0, x1, x2, lsl #3: as LEA would
  const auto sum = decode({0x8b020c20});
  EXPECT_EQ(sum[0].op, Op::address);
  EXPECT_EQ(sum[0].b.base, 1);
  EXPECT_EQ(sum[0].b.index, 2);
  EXPECT_EQ(sum[0].b.scale, 8);
}

// What main.try of tests/targets/locks is with Go 1.27: tbz w5, #0, to the loop; sxtw x27, w2;
// casal w27, w4, [x3]; cmp w27, w2; cset x5, eq; b, behind it; the loop: ldaxr w27, [x3]; cmp w27,
// w2; b.ne; stlxr w27, w4, [x3]; cbnz x27; cset x5, eq; and tbz w5, #0.
const std::vector<std::uint32_t> kEitherSwap = {
    0x360000c5, 0x93407c5b, 0x88fbfc64, 0x6b02037f, 0x9a9f17e5, 0x14000007, 0x885ffc7b,
    0x6b02037f, 0x54000061, 0x881bfc64, 0xb5ffff9b, 0x9a9f17e5, 0x36000065};

TEST(Arm64Decoder, OfTwoWaysToSwapOneIsGone) {
  const auto code = decode(kEitherSwap);
  ASSERT_EQ(code.size(), kEitherSwap.size());
  EXPECT_EQ(code[0].op, Op::nothing);
  EXPECT_EQ(code[2].op, Op::compareExchange);
  EXPECT_TRUE(code[2].locked);
  EXPECT_EQ(code[2].a.base, 3);
  EXPECT_EQ(code[2].a.size, 4);
  EXPECT_TRUE(writes(code[2], 27));
  EXPECT_EQ(code[3].op, Op::nothing);
  EXPECT_EQ(code[4].op, Op::setOn);
  EXPECT_EQ(code[4].condition, Condition::equal);
  // The loop is one instruction, too, if somebody stands in it.
  EXPECT_EQ(code[6].op, Op::compareExchange);
  for (std::size_t i = 7; i < 11; ++i) EXPECT_EQ(code[i].op, Op::nothing) << i;
  EXPECT_EQ(code[11].op, Op::setOn);
  EXPECT_EQ(code[12].op, Op::branch);
  EXPECT_EQ(code[12].condition, Condition::equal);
  EXPECT_EQ(code[12].b.reg, 5);
}

TEST(Arm64Decoder, TheLoopMayComeFirst) {
  // tbnz w5, #0, four words on, to ldaddal; ldaxr w1, [x3]; add; stlxr; cbnz; b; ldaddal w2, w1,
  // [x3]
  const auto code = decode({0x370000c5, 0x885ffc61, 0x8b020021, 0x881bfc61, 0xb5ffffbb, 0x14000002,
                            0xb8e20061, 0x8b020021});
  ASSERT_EQ(code.size(), 8U);
  EXPECT_EQ(code[0].op, Op::jump);
  EXPECT_EQ(code[0].destination(), kStart + 24);
  EXPECT_EQ(code[1].op, Op::exchangeAdd);
  EXPECT_EQ(code[6].op, Op::exchangeAdd);
  EXPECT_EQ(code[6].b.reg, 1);
  EXPECT_TRUE(writes(code[6], 1));
  EXPECT_FALSE(writes(code[6], 2));
}

TEST(Arm64Decoder, ALoopThatIsNoneOfThese) {
  // ldaxr w1, [x3]; and w1, w1, w2; stlxr w27, w1, [x3]; cbnz w27
  const auto code = decode({0x885ffc61, 0x0a020021, 0x881bfc61, 0x35ffffbb});
  ASSERT_EQ(code.size(), 5U);
  EXPECT_EQ(code[0].op, Op::move);
  EXPECT_TRUE(code[2].stores);
  EXPECT_TRUE(writes(code[3], 27));
  EXPECT_EQ(code[4].op, Op::branch);
  EXPECT_EQ(code[4].destination(), kStart);
}

TEST(Arm64Decoder, CallsAndJumps) {
  // bl -4; blr x2; ldr x27, [x0, x1, lsl #3]; br x27; brk #0; udf #0
  const auto code = decode({0x97ffffff, 0xd63f0040, 0xf861781b, 0xd61f0360, 0xd4200000, 0});
  ASSERT_EQ(code.size(), 6U);
  EXPECT_EQ(code[0].op, Op::call);
  EXPECT_EQ(code[0].destination(), kStart - 4);
  EXPECT_TRUE(writes(code[0], 30));
  EXPECT_EQ(code[1].op, Op::call);
  EXPECT_EQ(code[1].a.reg, 2);
  EXPECT_EQ(code[3].op, Op::jump);
  EXPECT_EQ(code[3].a.kind, Operand::Kind::memory);
  EXPECT_EQ(code[3].a.base, 0);
  EXPECT_EQ(code[3].a.index, 1);
  EXPECT_EQ(code[3].a.scale, 8);
  EXPECT_EQ(code[4].op, Op::stop);
  EXPECT_EQ(code[5].op, Op::stop);
}

TEST(Arm64Decoder, WhatIsNotFollowedChangesWhatItNames) {
  // madd x0, x1, x2, x3; umov x4, v0.d[1]; mrs x5, tpidr_el0; st1 {v0.16b}, [x6], #16
  const auto code = decode({0x9b020c20, 0x4e183c04, 0xd53bd045, 0x4c9f70c0});
  ASSERT_EQ(code.size(), 4U);
  EXPECT_EQ(code[0].op, Op::other);
  EXPECT_TRUE(writes(code[0], 0));
  EXPECT_TRUE(writes(code[1], 4));
  EXPECT_TRUE(writes(code[2], 5));
  EXPECT_TRUE(writes(code[3], 6));
  EXPECT_TRUE(code[3].stores);
  EXPECT_FALSE(decoded({0x04200000}));  // SVE
}

TEST(Arm64Decoder, CodeThatIsCutOff) {
  const std::vector<std::byte> three(3);
  EXPECT_FALSE(byName("arm64")->decoder()->decode(kStart, three));
  for (std::size_t length = 0; length < kEitherSwap.size(); ++length) {
    EXPECT_TRUE(decoded({kEitherSwap.begin(), kEitherSwap.begin() + static_cast<long>(length)}));
  }
}

}  // namespace
}  // namespace parked::arch
