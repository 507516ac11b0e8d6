// The code is what Go made of tests/targets/locks for linux/arm64, byte for byte.

#include <gtest/gtest.h>
#include <map>

#include "leak/lock_flow.h"

namespace parked::leak {
namespace {

const arch::Architecture& kArch = *arch::byName("arm64");

// func try(s *store, ready func()) { if s.data.TryLock() { …; <-never; s.data.Unlock() } }, Go 1.27
constexpr Addr kTry = 0x117bf0, kTryWaits = 0x117cac, kTryLeaves = 0x117cf8;
const std::vector<std::uint32_t> kTryCode = {
    0xf9400b90, 0xeb3063ff, 0x54000869, 0xf81d0ffe, 0xf81f83fd, 0xd10023fd, 0xb9800802, 0x91002003,
    0xd28000a4, 0x6a04005f, 0x54000060, 0xaa1f03e2, 0x14000014, 0xb2400044, 0x90000c9b, 0x3962af65,
    0x360000c5, 0x93407c5b, 0x88fbfc64, 0x6b02037f, 0x9a9f17e5, 0x14000007, 0x885ffc7b, 0x6b02037f,
    0x54000061, 0x881bfc64, 0xb5ffff9b, 0x9a9f17e5, 0x36000065, 0xb24003e2, 0x14000002, 0xaa1f03e2,
    0x36000442, 0xf9001fe0, 0xf90023e1, 0xf90013e3, 0xb0000040, 0x911bc800, 0xb27d03e1, 0x97fffd39,
    0xf94023fa, 0xf9400342, 0xd63f0040, 0xb0000b5b, 0xf944e360, 0xaa1f03e1, 0x97fc30fa, 0xd503201f,
    0x90000c9b, 0x3962af62, 0x360000c2, 0x92800002, 0xf94013e3, 0xb8e20061, 0x8b020021, 0x14000007,
    0x92800002, 0xf94013e3, 0x885ffc61, 0x8b020021, 0x881bfc61, 0xb5ffffbb, 0x34000081, 0xf9401fe2,
    0x91002040, 0x97fdf56f, 0xf85f83fd, 0xf84307fe, 0xd65f03c0, 0xa90087e0, 0xaa1e03e3, 0x97fdd375,
    0xa94087e0, 0x17ffffb7};
// func finished(wg *sync.WaitGroup) { mu.Lock(); fmt.Print(); mu.Unlock(); wg.Done(); <-never }, Go
// 1.18, which makes the operands anew for each way
constexpr Addr kFinished = 0xa7b90, kFinishedHolds = 0xa7c48, kFinishedWaits = 0xa7cd4;
const std::vector<std::uint32_t> kFinishedCode = {
    0xf9400b90, 0x910003f1, 0xeb10023f, 0x54000c49, 0xf81a0ffe, 0xf81f83fd, 0xd10023fd, 0xd000089b,
    0x91078b7b, 0x39400365, 0x36000145, 0xd2800005, 0xb24003e6, 0xd0000887, 0x9109a0e7, 0x93407cbb,
    0x88fbfce6, 0x6b05037f, 0x9a9f17e8, 0x1400000c, 0xd2800005, 0xb24003e6, 0xd0000887, 0x9109a0e7,
    0x885ffcfb, 0x6b05037f, 0x54000061, 0x881bfce6, 0xb5ffff9b, 0x9a9f17e9, 0xaa0903e8, 0xf90023e0,
    0x37000088, 0xd0000880, 0x9109a000, 0x97ff4a51, 0xd503201f, 0xf000071b, 0x9101237b, 0xf9400361,
    0xd00002c0, 0x91042000, 0xd2800002, 0xd2800003, 0xaa0303e4, 0x97ffa91b, 0xf9001fe0, 0xd503201f,
    0xd000089b, 0x91078b7b, 0x39400365, 0x360000e5, 0x92800002, 0xd0000883, 0x9109a063, 0xb8e20064,
    0x8b020084, 0x14000009, 0x92800002, 0xd0000883, 0x9109a063, 0x885ffc65, 0x8b0200a5, 0x881bfc65,
    0xb5ffffbb, 0xaa0503e4, 0x340000a4, 0xd0000880, 0x9109a000, 0xaa0403e1, 0x97ff4b12, 0xd503201f,
    0xf94023e0, 0x92800001, 0x97ff50e6, 0xf9001fff, 0xf000071b, 0x9100c37b, 0xf9400360, 0x9100e3e1,
    0x97fdb52c, 0xa904ffff, 0xf9401fe0, 0x97fdc63d, 0xb0000102, 0x91170042, 0xf90027e2, 0xf9002be0,
    0xf000071b, 0x9101237b, 0xf9400361, 0xd00002c0, 0x91042000, 0x910123e2, 0xb24003e3, 0xaa0303e4,
    0x97ffa948, 0xf9001fe0, 0xf85f83fd, 0xf84607fe, 0xd65f03c0, 0xf90007e0, 0xaa1e03e3, 0x97ff09f5,
    0xf94007e0, 0x17ffff97};

class Facts : public CodeFacts {
 public:
  std::optional<Atomic> atomicAt(std::span<const Addr> pcs) override {
    const auto at = atomics.find(pcs.front());
    return at == atomics.end() ? std::nullopt : std::optional(at->second);
  }
  Callee callee(Addr entry) override {
    Callee callee;
    if (morestack.contains(entry)) callee.kind = Kind::moreStack;
    callee.argBytes = 0;
    return callee;
  }
  bool isFunction(Addr) override { return false; }
  bool word(Addr, Addr&) override { return false; }

  static constexpr LockCall kLock{LockMode::mutex, true, false},
      kUnlock{LockMode::mutex, false, false}, kAttempt{LockMode::mutex, true, true};
  // On both ways, with atomic instructions and without.
  std::map<Addr, Atomic> atomics = {
      {0x117c38, {kAttempt, 0, 1}}, {0x117c48, {kAttempt, 0, 1}}, {0x117cc4, {kUnlock, 0, 2}},
      {0x117cd8, {kUnlock, 0, 2}},  {0xa7bd0, {kLock, 0, 3}},     {0xa7bf0, {kLock, 0, 3}},
      {0xa7c6c, {kUnlock, 0, 4}},   {0xa7c84, {kUnlock, 0, 4}},
  };
  std::map<Addr, bool> morestack = {{0x10ca58, true}, {0x6a300, true}};
};

std::vector<LockEvent> events(Addr start, const std::vector<std::uint32_t>& words, Addr pc) {
  Facts facts;
  auto code = kArch.decoder()->decode(start, std::as_bytes(std::span(words)));
  EXPECT_TRUE(code);
  if (!code) return {};
  // One word that may be a pointer, below the saved frame pointer.
  LockFlow flow(kArch, std::move(*code), {.objects = {}, .locals = -16}, facts);
  EXPECT_TRUE(flow.run());
  const auto state = flow.before(pc, pc == kTryLeaves);
  EXPECT_TRUE(state);
  if (!state) return {};
  for (const LockEvent& event : state->events) {
    // Of the frame's argument, or of a variable.
    const Value& base = flow.values()[flow.values().split(event.lock).base];
    EXPECT_TRUE(base.kind == Value::Kind::entryRegister || base.kind == Value::Kind::constant)
        << "the lock of " << flow.sites()[event.site].pc;
  }
  return state->events;
}

TEST(LockFlowOfArm64, AnAttemptThatSucceeded) {
  const auto held = events(kTry, kTryCode, kTryWaits);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_TRUE(held[0].acquires);
  EXPECT_TRUE(held[0].certain);
  EXPECT_TRUE(events(kTry, kTryCode, kTryLeaves).empty());
}

TEST(LockFlowOfArm64, LockedAndUnlocked) {
  const auto held = events(kFinished, kFinishedCode, kFinishedHolds);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_TRUE(held[0].certain);
  EXPECT_TRUE(events(kFinished, kFinishedCode, kFinishedWaits).empty());
}

}  // namespace
}  // namespace parked::leak
