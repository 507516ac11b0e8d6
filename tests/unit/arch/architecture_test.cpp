#include "arch/architecture.h"

#include <algorithm>
#include <cstring>
#include <elf.h>
#include <gtest/gtest.h>

namespace parked::arch {
namespace {

std::vector<std::byte> bytesOf(std::vector<std::uint64_t> words) {
  std::vector<std::byte> bytes(words.size() * sizeof words[0]);
  std::memcpy(bytes.data(), words.data(), bytes.size());
  return bytes;
}

TEST(Architecture, IsFoundByItsNames) {
  EXPECT_EQ(byMachine(EM_X86_64), byName("amd64"));
  EXPECT_EQ(byName("i386:x86-64"), byName("amd64"));
  EXPECT_EQ(byName("aarch64"), byMachine(EM_AARCH64));
  EXPECT_EQ(byMachine(EM_RISCV), nullptr);
  EXPECT_EQ(byName(""), nullptr);
  EXPECT_EQ(machineName(EM_RISCV), "riscv64");
  EXPECT_EQ(machineName(EM_AARCH64), "arm64");
  EXPECT_EQ(allNames(), "amd64 and arm64");
}

// Whoever indexes by them need not look again.
TEST(Architecture, SaysNothingThatIsOutOfItsBounds) {
  for (const Architecture* each : all()) {
    SCOPED_TRACE(each->name);
    const std::size_t count = each->general.names.size();
    EXPECT_LT(each->general.pc, count);
    EXPECT_LT(each->general.sp, count);
    EXPECT_LT(each->general.framePointer, count);
    EXPECT_EQ(each->general.link != RegisterBlock::kNone, each->frames.usesLink);
    EXPECT_EQ(each->signalFrame.link != SignalFrame::kNone, each->frames.usesLink);
    EXPECT_FALSE(each->vectors.empty());
    EXPECT_FALSE(each->cacheLines.empty());
    if (each->decoder == nullptr) continue;
    const CallRules& calls = each->calls;
    for (const Register used : {calls.stackPointer, calls.framePointer, calls.goroutine,
                                calls.closure, calls.barrierScratch, calls.fill, calls.copy}) {
      EXPECT_GE(used, 0);
      EXPECT_LT(used, kRegisters);
    }
    for (const Register used : calls.arguments) EXPECT_LT(used, kRegisters);
    EXPECT_GE(calls.arguments.size(), 6U);
  }
}

TEST(Architecture, ReadsTheRegistersOfABlock) {
  for (const Architecture* each : all()) {
    SCOPED_TRACE(each->name);
    const RegisterBlock& block = each->general;
    std::vector<std::uint64_t> words;
    for (std::size_t i = 0; i < block.names.size(); ++i) words.push_back(100 + i);
    const Registers registers = block.read(bytesOf(words));
    EXPECT_EQ(registers.pc, 100U + block.pc);
    EXPECT_EQ(registers.sp, 100U + block.sp);
    EXPECT_EQ(registers.link, block.link == RegisterBlock::kNone ? 0 : 100U + block.link);
  }
  const RegisterBlock& amd64 = byName("amd64")->general;
  EXPECT_EQ(amd64.names[amd64.pc], "rip");
  EXPECT_EQ(amd64.indexOf("RSP"), amd64.sp);
  EXPECT_EQ(amd64.indexOf("xmm0"), amd64.names.size());
  const RegisterBlock& arm64 = byName("arm64")->general;
  EXPECT_EQ(arm64.indexOf("X30"), arm64.link);
  EXPECT_EQ(arm64.indexOf("PC"), arm64.pc);
}

TEST(Architecture, KnowsItsCacheLine) {
  EXPECT_EQ(byName("amd64")->cacheLine(27), 64U);
  EXPECT_EQ(byName("arm64")->cacheLine(18), 64U);
  EXPECT_EQ(byName("arm64")->cacheLine(20), 128U);
  EXPECT_EQ(byName("arm64")->cacheLine(27), 128U);
}

std::vector<std::byte> code(std::initializer_list<unsigned> values) {
  std::vector<std::byte> bytes;
  for (const unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

TEST(Architecture, KnowsACallByTheBytesBeforeItsReturnAddress) {
  const Architecture& amd64 = *byName("amd64");
  // call 0x1105; jmp there
  EXPECT_EQ(amd64.calleeBefore(0x1005, code({0xe8, 0x00, 0x01, 0x00, 0x00})), 0x1105U);
  EXPECT_EQ(amd64.calleeBefore(0x1005, code({0xe9, 0x00, 0x01, 0x00, 0x00})), 0U);
  EXPECT_EQ(amd64.calleeBefore(0x1005, code({0xe8, 0x00, 0x01, 0x00})), 0U);
  EXPECT_EQ(amd64.calleeBefore(0x1005, {}), 0U);
  const Architecture& arm64 = *byName("arm64");
  // At 0x1000 bl 0xff0, b 0xff0, blr x1.
  EXPECT_EQ(arm64.calleeBefore(0x1004, code({0xfc, 0xff, 0xff, 0x97})), 0xff0U);
  EXPECT_EQ(arm64.calleeBefore(0x1004, code({0xfc, 0xff, 0xff, 0x17})), 0U);
  EXPECT_EQ(arm64.calleeBefore(0x1004, code({0x20, 0x00, 0x3f, 0xd6})), 0U);
}

TEST(Architecture, VectorRegistersAreAllOrNone) {
  for (const Architecture* each : all()) {
    const auto plain =
        std::ranges::find(each->vectors, std::uint32_t{NT_FPREGSET}, &VectorSet::note);
    ASSERT_NE(plain, each->vectors.end());
    EXPECT_TRUE(plain->registers(std::vector<std::byte>(511)).empty());
    EXPECT_EQ(plain->registers(std::vector<std::byte>(528)).size(), 528U);
  }
  // NT_ARM_SVE: its header says how long it is.
  const auto& vectors = byName("arm64")->vectors;
  const auto scalable = std::ranges::find(vectors, 0x405U, &VectorSet::note);
  ASSERT_NE(scalable, vectors.end());
  std::vector<std::byte> set(16 + 528);
  const auto size = static_cast<std::uint32_t>(set.size());
  std::memcpy(set.data(), &size, sizeof size);
  EXPECT_EQ(scalable->registers(set).size(), 528U);
  EXPECT_TRUE(scalable->registers(std::span(set).first(set.size() - 1)).empty());
  EXPECT_TRUE(scalable->registers(std::span(set).first(8)).empty());
}

TEST(Architecture, SystemCallsAreInOrder) {
  for (const Architecture* each : all()) {
    EXPECT_TRUE(std::ranges::is_sorted(each->systemCalls, {}, &SystemCall::number)) << each->name;
  }
}

}  // namespace
}  // namespace parked::arch
