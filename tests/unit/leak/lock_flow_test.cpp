// The code is what Go 1.27 made of tests/targets/locks and the like, byte for byte.

#include "leak/lock_flow.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <string_view>

#include "leak/duff_device.h"

namespace parked::leak {
namespace {

const arch::Architecture& kArch = *arch::byName("amd64");
// Numbers of its registers.
constexpr Register kAx = 0, kCx = 1;

std::vector<std::byte> bytesOf(std::string_view hex) {
  std::vector<std::byte> bytes;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return bytes;
}

std::vector<Instruction> decode(Addr start, std::string_view hex) {
  auto code = kArch.decoder()->decode(start, bytesOf(hex));
  EXPECT_TRUE(code);
  return code ? *code : std::vector<Instruction>();
}

// func (s *store) begin() { s.data.Lock() }, the lock 8 bytes into s
constexpr Addr kBegin = 0x49a3a0;
constexpr std::string_view kBeginCode =
    "493b6610762d554889e54883ec084889c131c0ba01000000f00fb151080f94c284d27509488d4108e8938efeff4883"
    "c4085dc34889442408e8832dfeff488b442408ebbc";
// func slow(s *store, d time.Duration) { s.begin(); time.Sleep(d); s.data.Unlock() }
constexpr Addr kSlow = 0x49a400, kSlowSleeps = 0x49a427;
constexpr std::string_view kSlowCode =
    "493b66107645554889e54883ec10488944242048895c2428e883ffffff488b442428e8d917feff90bbffffffff488b"
    "442420f00fc15808ffcb740a4883c00890e8fb90feff4883c4105dc3488944240848895c2410e8062dfeff488b4424"
    "08488b5c2410eb9a";
// func try(s *store, d time.Duration) { if s.data.TryLock() { time.Sleep(d); s.data.Unlock() } }
constexpr Addr kTry = 0x49a480, kTrySleeps = 0x49a4d3, kTryLeaves = 0x49a4f0;
constexpr std::string_view kTryCode =
    "493b66107670554889e54883ec108b4808f7c105000000740431c9eb2589ca83c9014889c689d0f00fb14e080f94c1"
    "84c9740a4889f0b901000000eb054889f031c984c9742a48894424204889d8e82d17feff90bbffffffff488b442420"
    "f00fc15808ffcb74094883c008e85090feff4883c4105dc3488944240848895c2410e85b2cfeff488b442408488b5c"
    "2410e96cffffff";
// func d1(c *cache) { c.mu.Lock(); defer c.mu.Unlock(); sl(); c.other.Lock(); defer
// c.other.Unlock(); c.m = nil }, and the closure of the first defer
constexpr Addr kDefers = 0x49a8a0, kDefersSleeps = 0x49a915, kFirstDeferred = 0x49a984,
               kUnlocksMu = 0x49af60, kUnlocksOther = 0x49af20;
constexpr std::string_view kDefersCode =
    "493b66100f86fa000000554889e54883ec40440f117c24304889442450c644240f00904889c131c0ba01000000f00f"
    "b1110f94c284d275124889c80f1f440000e87b89feff488b4c2450488d156f060000488954242048894c2428488d4c"
    "242048894c2430c644240f0190b8002d3101e8eb12feff9031c0488b4c2450ba01000000f00fb151080f94c284d275"
    "0e488d4108e82989feff488b4c2450488d05dd0500004889442410488d41084889442418488d542410488954243883"
    "3daed90f0000740c488b4110e87340feff49890348c7411000000000c644240f01488b442410ffd0c644240f00488b"
    "542430488b02ffd04883c4405dc3e8e28efaff4883c4405dc34889442408e8b227feff488b442408e9e8feffff";
constexpr std::string_view kUnlocksCode =
    "493b66107625554889e54883ec10488b4208bbfffffffff00fc118ffcb740690e8bb85feff4883c4105dc3e83021fe"
    "ffebce";

class Facts : public CodeFacts {
 public:
  Facts() {
    const LockCall lock{LockMode::mutex, true, false}, unlock{LockMode::mutex, false, false};
    atomics = {
        {0x49a3b8, {lock, 0, 1}},
        {0x49a432, {unlock, 0, 2}},
        {0x49a4a7, {{LockMode::mutex, true, true}, 0, 3}},
        {0x49a4de, {unlock, 0, 4}},
        {0x49a8cd, {lock, 0, 5}},
        {0x49a922, {lock, 0, 6}},
        {0x49af77, {unlock, 0, 7}},
    };
    callees[0x47d160].kind = Kind::moreStack;
    callees[0x47d165].kind = Kind::moreStack;
    callees[0x47d0c0].kind = Kind::moreStackContext;
    callees[0x443880].kind = Kind::runsDeferred;
    callees[0x47e9e0].kind = Kind::writeBarrier;
    for (auto& [entry, callee] : callees) callee.argBytes = 0;
  }

  std::optional<Atomic> atomicAt(std::span<const Addr> pcs) override {
    const auto at = atomics.find(pcs.front());
    return at == atomics.end() ? std::nullopt : std::optional(at->second);
  }
  Callee callee(Addr entry) override {
    const auto at = callees.find(entry);
    if (at != callees.end()) return at->second;
    Callee callee;
    callee.argBytes = 16;
    return callee;
  }
  bool isFunction(Addr address) override {
    return address == kUnlocksMu || address == kUnlocksOther;
  }
  bool word(Addr, Addr&) override { return false; }

  std::map<Addr, Atomic> atomics;
  std::map<Addr, Callee> callees;
};

/// The value is this register at the function's entry, plus that.
void expectArgument(const Values& values, ValueId value, Register reg, std::int64_t offset) {
  const Values::Split split = values.split(value);
  EXPECT_EQ(values[split.base].kind, Value::Kind::entryRegister);
  EXPECT_EQ(values[split.base].a, static_cast<std::uint32_t>(reg));
  EXPECT_EQ(split.offset, offset);
}

TEST(MachineCode, OperandsOfALock) {
  const auto code = decode(kBegin, kBeginCode);
  ASSERT_FALSE(code.empty());
  const auto at = std::ranges::find(code, 0x49a3b8, &Instruction::pc);
  ASSERT_NE(at, code.end());
  EXPECT_EQ(at->op, Op::compareExchange);
  EXPECT_TRUE(at->locked);
  EXPECT_EQ(at->a.base, kCx);
  EXPECT_EQ(at->a.value, 8);
  EXPECT_EQ(code.back().op, Op::jump);
  EXPECT_EQ(code.back().destination(), kBegin);
}

TEST(MachineCode, WhatIsNoInstruction) {
  EXPECT_FALSE(kArch.decoder()->decode(0x1000, bytesOf("4889c106")));
}

// The end of runtime.duffzero, Go 1.25: entered here, it stores 16, 32 and 48 bytes from RDI on, 64
// further.
TEST(DuffDevice, WhatItWritesFromTheMiddle) {
  const auto code = decode(0x1000,
                           "440f117f10"  // movups [rdi+0x10], xmm15
                           "440f117f20"  // movups [rdi+0x20], xmm15
                           "440f117f30"  // movups [rdi+0x30], xmm15
                           "488d7f40"    // lea rdi, [rdi+0x40]
                           "440f113f"    // movups [rdi], xmm15
                           "c3");
  const auto filled = filledBy(code, kArch.calls.fill);
  ASSERT_TRUE(filled);
  EXPECT_EQ(filled->from, 0x10);
  EXPECT_EQ(filled->to, 0x50);
}

TEST(DuffDevice, WhatItCopies) {
  const auto code = decode(0x1000,
                           "0f1006"    // movups xmm0, [rsi]
                           "4883c610"  // add rsi, 16
                           "0f1107"    // movups [rdi], xmm0
                           "4883c710"  // add rdi, 16
                           "c3");
  const auto filled = filledBy(code, kArch.calls.fill);
  ASSERT_TRUE(filled);
  EXPECT_EQ(filled->from, 0);
  EXPECT_EQ(filled->to, 16);
}

TEST(DuffDevice, OtherCodeIsNotTold) {
  EXPECT_FALSE(filledBy(decode(0x1000, "4889f7c3"), kArch.calls.fill));  // mov rdi, rsi; ret
  EXPECT_FALSE(filledBy(decode(0x1000, "488906c3"), kArch.calls.fill));  // mov [rsi], rax; ret
  EXPECT_FALSE(filledBy(decode(0x1000, "440f113f"), kArch.calls.fill));  // no return
  EXPECT_FALSE(filledBy(decode(0x1000, "440f113feb00c3"), kArch.calls.fill));  // a jump
}

TEST(LockFlow, AHelperReturnsWithTheLock) {
  Facts facts;
  LockFlow flow(kArch, decode(kBegin, kBeginCode), {}, facts);
  ASSERT_TRUE(flow.run());
  const LockSummary summary = flow.summary();
  ASSERT_EQ(summary.events.size(), 1U);
  EXPECT_TRUE(summary.events[0].acquires);
  EXPECT_TRUE(summary.events[0].certain);
  expectArgument(flow.values(), summary.events[0].lock, kAx, 8);
}

TEST(LockFlow, TheCallerOfAHelperHoldsIt) {
  Facts facts;
  LockFlow helper(kArch, decode(kBegin, kBeginCode), {}, facts);
  ASSERT_TRUE(helper.run());
  const LockSummary summary = helper.summary();
  facts.callees[kBegin].summary = &summary;
  LockFlow flow(kArch, decode(kSlow, kSlowCode), {}, facts);
  ASSERT_TRUE(flow.run());
  const auto state = flow.before(kSlowSleeps, false);
  ASSERT_TRUE(state);
  ASSERT_EQ(state->events.size(), 1U);
  expectArgument(flow.values(), state->events[0].lock, kAx, 8);
  // The receiver was spilled to the caller's first word.
  expectArgument(flow.values(), flow.wordAt(*state, 0), kAx, 0);
  EXPECT_TRUE(flow.summary().events.empty());
}

TEST(LockFlow, TryLockWhereItGotIt) {
  Facts facts;
  LockFlow flow(kArch, decode(kTry, kTryCode), {}, facts);
  ASSERT_TRUE(flow.run());
  const auto sleeps = flow.before(kTrySleeps, false);
  ASSERT_TRUE(sleeps);
  ASSERT_EQ(sleeps->events.size(), 1U);
  EXPECT_TRUE(sleeps->events[0].certain);
  const auto leaves = flow.before(kTryLeaves, true);
  ASSERT_TRUE(leaves);
  EXPECT_TRUE(leaves->events.empty());
}

TEST(LockFlow, DeferredUnlocksAreFollowed) {
  Facts facts;
  LockFlow closure(kArch, decode(kUnlocksMu, kUnlocksCode), {}, facts);
  ASSERT_TRUE(closure.run());
  const LockSummary unlocks = closure.summary();
  ASSERT_EQ(unlocks.events.size(), 1U);
  facts.callees[kUnlocksMu].summary = facts.callees[kUnlocksOther].summary = &unlocks;

  FrameFacts frame;
  frame.objects = {{-48, -32}, {-64, -48}};  // the two closures
  LockFlow flow(kArch, decode(kDefers, kDefersCode), frame, facts);
  ASSERT_TRUE(flow.run());
  const auto sleeps = flow.before(kDefersSleeps, false);
  ASSERT_TRUE(sleeps);
  ASSERT_EQ(sleeps->events.size(), 1U);
  expectArgument(flow.values(), sleeps->events[0].lock, kAx, 0);
  const auto running = flow.before(kFirstDeferred, false);
  ASSERT_TRUE(running);
  EXPECT_EQ(running->events.size(), 2U);
}

// A loop that locks the next element before it unlocks the one it has: what a word held in another
// turn is not what it holds now.
//   mov rcx,rax; loop: mov rax,rcx; call Lock; mov rcx,[rsp]; mov rcx,[rcx]; mov [rsp],rcx;
//   test rcx,rcx; jne loop; ret
TEST(LockFlow, AValueOfAnotherTurnIsAnother) {
  constexpr Addr kStart = 0x1000, kLock = 0x1100;
  Facts facts;
  facts.callees[kLock] = {
      .kind = CodeFacts::Kind::lock, .lock = {LockMode::mutex, true, false}, .argBytes = 8};
  // 1000 sub rsp,16; 1004 mov [rsp+8],rax; 1009 mov rax,[rsp+8]; 100e call 1100;
  // 1013 mov rcx,[rsp+8]; 1018 mov rcx,[rcx]; 101b mov [rsp+8],rcx; 1020 test rcx,rcx;
  // 1023 jne 1009; 1025 add rsp,16; 1029 ret
  LockFlow flow(kArch,
                decode(kStart,
                       "4883ec104889442408488b442408e8ed000000488b4c2408488b0948894c24084885c975e4"
                       "4883c410c3"),
                {}, facts);
  ASSERT_TRUE(flow.run());
  const auto state = flow.before(0x1013, false);
  ASSERT_TRUE(state);
  const auto end = flow.before(0x1025, true);
  ASSERT_TRUE(end);
  ASSERT_EQ(end->events.size(), 1U);
  // Locked is what the word held before it was changed, not what it holds now.
  EXPECT_NE(end->events[0].lock, flow.wordAt(*end, -16));
}

TEST(LockFlow, CodeThatCannotBeFollowed) {
  Facts facts;
  // jmp [rax+rcx*8]: where to is not told
  LockFlow flow(kArch, decode(0x1000, "ff24c8c3"), {}, facts);
  EXPECT_FALSE(flow.run());
}

}  // namespace
}  // namespace parked::leak
