// The code is what Go 1.27 made of tests/targets/orphans, byte for byte.

#include "leak/wait_exits.h"

#include <gtest/gtest.h>
#include <string_view>

namespace parked::leak {
namespace {

const arch::Architecture& waitingArch() { return *arch::byName("amd64"); }

std::vector<Instruction> decodeWaiting(Addr start, std::string_view hex) {
  std::vector<std::byte> bytes;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  auto code = waitingArch().decoder()->decode(start, bytes);
  EXPECT_TRUE(code);
  return code ? *code : std::vector<Instruction>();
}

std::uint8_t returnsOfCode(Addr start, std::string_view hex, Addr from) {
  const auto none = [](Addr) { return false; };
  return returnsFrom(decodeWaiting(start, hex), from, waitingArch().calls, none);
}

// func (w *worker) run(): a ticker's case, and one that returns, with a deferred call
constexpr Addr kWorkerRun = 0x4f38a0, kWorkerSelects = 0x4f3957;
constexpr std::string_view kWorkerCode =
    "4c8d6424f84d3b66100f86cd000000554889e54883c48066440fd67c24784889842490000000c64424370048b800a0"
    "b83046030000e88651faff4889442440488d0dba33000048894c24684889442470488d4c246848894c2478c6442437"
    "0190eb11488b94249000000048ff4218488b442440488b104c8b8c24900000004d8b094c8d542448450f113a450f11"
    "7a1048895424584c894c2448488d442448488d5c243831c931ffbe0200000041b801000000e869b5f6ff4885c075a6"
    "c644243700488b542478488b02ffd04883ec805dc3e8ca59f5ff4883ec805dc34889442408e8fa41f9ff488b442408"
    "e910ffffff";
// func (s *sharing) poll(): the same, and the ticker's case looks at a field under a lock
constexpr Addr kSharingPoll = 0x4f4d40, kSharingSelects = 0x4f4db4;
constexpr std::string_view kSharingCode =
    "493b66100f86eb000000554889e54883ec68488944247848b800a0b83046030000e8fa3cfaff4889442440eb05488b"
    "442440488b104c8b4c24784d8b49084c8d542448450f113a450f117a1048895424584c894c2448488d442448488d5c"
    "243831c931ffbe0200000041b801000000e80ca1f6ff4885c07476488b5424784c8b0a31c041ba01000000f0450fb1"
    "5118410f94c24584d27512498d41180f1f4000e8db7ef9ff488b542478488b0290440fb648204584c9bbfffffffff0"
    "0fc15818ffcb75054584c9eb1a44884c24374883c018e88981f9ff0fb64c243784c9488b5424780f8444ffffff4883"
    "c4685dc34883c4685dc34889442408e8412df9ff488b442408e9f7feffff";

TEST(WaitExits, OnlyTheCaseDecides) {
  EXPECT_EQ(returnsOfCode(kWorkerRun, kWorkerCode, kWorkerSelects), kReturnsByResult);
}

TEST(WaitExits, AFieldDecidesToo) {
  EXPECT_NE(returnsOfCode(kSharingPoll, kSharingCode, kSharingSelects) & kReturnsByOther, 0);
}

TEST(WaitExits, ALoopWithoutAnEnd) {
  // call; cmp dword ptr [rip], 0; jne back; jmp back
  EXPECT_EQ(returnsOfCode(0x1000, "e8fb0f0000833d000000000075f2ebf0", 0x1005), 0);
}

TEST(WaitExits, AResultThatWasPutOnTheStack) {
  // call; mov [rsp+8], rax; mov rcx, [rsp+8]; cmp rcx, 1; je back; ret
  EXPECT_EQ(returnsOfCode(0x1000, "e8fb0f00004889442408488b4c24084883f90174ebc3", 0x1005),
            kReturnsByResult);
}

TEST(WaitExits, ASlotThatSomethingElseWasPutIn) {
  // call; mov [rsp+8], rax; mov [rsp+8], rbp; mov rcx, [rsp+8]; cmp rcx, 1; je back; ret
  EXPECT_EQ(returnsOfCode(0x1000, "e8fb0f0000488944240848896c2408488b4c24084883f90174e6c3", 0x1005),
            kReturnsByOther);
}

TEST(WaitExits, WhatAnotherCallReturnedIsNoResult) {
  // call; call; test al, al; je back; ret
  EXPECT_EQ(returnsOfCode(0x1000, "e8fb0f0000e8f60f000084c074f2c3", 0x1005), kReturnsByOther);
}

TEST(WaitExits, AJumpToWhereARegisterSays) {
  // call; jmp rax
  EXPECT_EQ(returnsOfCode(0x1000, "e8fb0f0000ffe0", 0x1005), kReturnsByOther);
}

}  // namespace
}  // namespace parked::leak
