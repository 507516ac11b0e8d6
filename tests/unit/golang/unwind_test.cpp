#include "golang/unwind.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "arch/architecture.h"
#include "golang/synthetic.h"

namespace parked::golang {
namespace {

using test::entryOf;

constexpr Addr kLo = 0xc000100000, kHi = 0xc000102000;

enum : std::uint32_t {
  kGopark,
  kRecv,
  kWorker,
  kGoexit,
  kAsyncPreempt,
  kSigpanic,
  kGogo,
  kBare,
  kSwitch,
  kMorestack,
  kMorestackNoctxt
};

class UnwindTest : public ::testing::Test {
 protected:
  void SetUp() override {
    functions_ =
        test::makeFunctions(target_, {{.name = "runtime.gopark", .frame = 0x18},
                                      {.name = "runtime.chanrecv", .frame = 0x68},
                                      {.name = "main.worker", .frame = 0x28},
                                      {.name = "runtime.goexit", .top = true},
                                      {.name = "runtime.asyncPreempt", .frame = 0x170},
                                      {.name = "runtime.sigpanic", .frame = 0x18},
                                      {.name = "runtime.gogo", .spWrite = true},
                                      {.name = "main.bare"},
                                      {.name = "runtime.mcall", .frame = 0x28, .spWrite = true},
                                      {.name = "runtime.morestack", .spWrite = true},
                                      {.name = "runtime.morestack_noctxt"}});
    ASSERT_NE(functions_, nullptr);
    target_.map(kLo, kHi - kLo);
    version_.minor = 22;
    unwinder_.emplace(target_.memory(), *functions_, *arch::byName("amd64"), version_);
  }

  /// Lays frames from `sp` upwards: pcs[i] returns to pcs[i + 1].
  void lay(Addr sp, const std::vector<Addr>& pcs) {
    for (std::size_t i = 0; i + 1 < pcs.size(); ++i) {
      const auto size = functions_->frameSize(functions_->find(pcs[i]), pcs[i]);
      const Addr fp = sp + static_cast<Addr>(size) + 8;
      target_.put(fp - 8, pcs[i + 1]);
      sp = fp;
    }
  }

  UnwindEnd unwind(UnwindStart start, std::size_t limit = 10000) {
    frames_.clear();
    start.stackLo = kLo;
    start.stackHi = kHi;
    return unwinder_->unwind(start, frames_, limit);
  }

  test::SyntheticTarget target_;
  image::GoVersion version_;
  std::unique_ptr<image::FunctionTable> functions_;
  std::optional<Unwinder> unwinder_;
  std::vector<Frame> frames_;
};

TEST_F(UnwindTest, ParkedGoroutineToItsTop) {
  const Addr sp = kHi - 0x200;
  lay(sp, {entryOf(kGopark) + 0x20, entryOf(kRecv) + 0x30, entryOf(kWorker) + 0x40,
           entryOf(kGoexit) + 1});
  ASSERT_EQ(unwind({.pc = entryOf(kGopark) + 0x20, .sp = sp}), UnwindEnd::top);
  ASSERT_EQ(frames_.size(), 4u);
  EXPECT_EQ(frames_[0].sp, sp);
  EXPECT_EQ(frames_[0].fp, sp + 0x20);
  EXPECT_EQ(frames_[0].varp, sp + 0x10) << "below the return address and the saved frame pointer";
  EXPECT_EQ(frames_[0].argp, sp + 0x20);
  EXPECT_FALSE(frames_[0].exact) << "a pc the scheduler saved is a return address";
  EXPECT_EQ(frames_[1].sp, frames_[0].fp);
  EXPECT_EQ(frames_[2].pc, entryOf(kWorker) + 0x40);
  EXPECT_EQ(frames_[3].function, functions_->find(entryOf(kGoexit)));
  EXPECT_EQ(frames_[3].varp, frames_[3].sp) << "a frame without locals has no saved frame pointer";
}

TEST_F(UnwindTest, GoroutineThatNeverRanStartsExactlyAtItsEntry) {
  const Addr sp = kHi - 0x40;
  target_.put(sp, entryOf(kGoexit) + 1);
  ASSERT_EQ(unwind({.pc = entryOf(kWorker), .sp = sp}), UnwindEnd::top);
  ASSERT_EQ(frames_.size(), 2u);
  EXPECT_TRUE(frames_[0].exact);
  EXPECT_FALSE(frames_[1].exact);
}

TEST_F(UnwindTest, CallerOfAnInjectedCallStandsExactlyWhereItWasInterrupted) {
  for (const std::uint32_t injected : {kAsyncPreempt, kSigpanic}) {
    const Addr sp = kHi - 0x400;
    lay(sp,
        {entryOf(kGopark) + 9, entryOf(injected) + 9, entryOf(kWorker) + 9, entryOf(kGoexit) + 1});
    ASSERT_EQ(unwind({.pc = entryOf(kGopark) + 9, .sp = sp}), UnwindEnd::top);
    ASSERT_EQ(frames_.size(), 4u);
    EXPECT_FALSE(frames_[1].exact);
    EXPECT_TRUE(frames_[2].exact);
    EXPECT_FALSE(frames_[3].exact);
  }
}

TEST_F(UnwindTest, UpToGo120OnlyAPanickingCallerIsExact) {
  version_.minor = 20;
  unwinder_.emplace(target_.memory(), *functions_, *arch::byName("amd64"), version_);
  for (const std::uint32_t injected : {kAsyncPreempt, kSigpanic}) {
    const Addr sp = kHi - 0x400;
    lay(sp, {entryOf(injected) + 9, entryOf(kWorker) + 9, entryOf(kGoexit) + 1});
    ASSERT_EQ(unwind({.pc = entryOf(injected) + 9, .sp = sp}), UnwindEnd::top);
    EXPECT_EQ(frames_[1].exact, injected == kSigpanic);
  }
}

TEST_F(UnwindTest, TrapAtAnyInstructionUsesTheFrameSizeThere) {
  const Addr sp = kHi - 0x40;
  target_.put(sp, entryOf(kGoexit) + 1);
  ASSERT_EQ(unwind({.pc = entryOf(kWorker), .sp = sp, .trap = true}), UnwindEnd::top);
  target_.put(sp + 0x28, entryOf(kGoexit) + 1);
  target_.put(sp, Addr{0});
  ASSERT_EQ(unwind({.pc = entryOf(kWorker) + 1, .sp = sp, .trap = true}), UnwindEnd::top);
  EXPECT_TRUE(frames_[0].exact);
}

TEST_F(UnwindTest, CallOfANilFunctionStartsInItsCaller) {
  const Addr sp = kHi - 0x100;
  target_.put(sp, entryOf(kWorker) + 0x40);
  target_.put(sp + 8 + 0x28, entryOf(kGoexit) + 1);
  ASSERT_EQ(unwind({.pc = 0, .sp = sp, .trap = true}), UnwindEnd::top);
  EXPECT_EQ(frames_[0].pc, entryOf(kWorker) + 0x40);
  EXPECT_EQ(frames_[0].sp, sp + 8);
}

TEST_F(UnwindTest, FunctionsThatWriteSpStopUnwindingUnlessTheyStoppedThemselves) {
  const Addr sp = kHi - 0x100;
  lay(sp, {entryOf(kGogo) + 4, entryOf(kWorker) + 4, entryOf(kGoexit) + 1});
  EXPECT_EQ(unwind({.pc = entryOf(kGogo) + 4, .sp = sp, .trap = true}), UnwindEnd::stackSwitched);
  EXPECT_EQ(frames_.size(), 1u);
  EXPECT_EQ(unwind({.pc = entryOf(kGogo) + 4, .sp = sp}), UnwindEnd::top);
  lay(sp, {entryOf(kWorker) + 4, entryOf(kGogo) + 4, entryOf(kGoexit) + 1});
  EXPECT_EQ(unwind({.pc = entryOf(kWorker) + 4, .sp = sp}), UnwindEnd::stackSwitched);
  EXPECT_EQ(frames_.size(), 2u);
}

// A thread that stands in mcall, before it leaves the goroutine's stack, was called from there.
TEST_F(UnwindTest, WhoWritesSpIsUnwoundWhereItsCallIsSeen) {
  const Addr sp = kHi - 0x100, caller = entryOf(kWorker) + 0x44;
  target_.map(test::kText, 0x1000);
  lay(sp + 8, {caller, entryOf(kGoexit) + 1});
  target_.put(sp, caller);
  const UnwindStart start{.pc = entryOf(kSwitch) + 4, .sp = sp, .trap = true};
  EXPECT_EQ(unwind(start), UnwindEnd::stackSwitched) << "no call stands there";
  const auto call = [&](std::uint32_t callee) {
    target_.put(caller - 5, std::uint8_t{0xe8});
    target_.put(caller - 4, static_cast<std::int32_t>(entryOf(callee) - caller));
  };
  call(kGopark);
  EXPECT_EQ(unwind(start), UnwindEnd::stackSwitched) << "of another function";
  target_.put(sp, Addr{0x123456789000});
  EXPECT_EQ(unwind(start), UnwindEnd::stackSwitched);
  EXPECT_EQ(target_.memory().misses(), 0u) << "what is no code is not missing";
  target_.put(sp, caller);
  call(kSwitch);
  // The table tells a frame of 0x28 bytes, but SP is back where it was at the entry.
  ASSERT_EQ(unwind(start), UnwindEnd::top);
  ASSERT_EQ(frames_.size(), 3u);
  EXPECT_EQ(frames_[0].fp, sp + 8);
  EXPECT_EQ(frames_[1].pc, caller);
  EXPECT_EQ(unwind({.pc = entryOf(kSwitch) + 4, .sp = sp, .trap = true}, 1), UnwindEnd::limit);
}

TEST_F(UnwindTest, ThePrologueCallsMorestackByAnotherName) {
  const Addr sp = kHi - 0x100, caller = entryOf(kWorker) + 0x44;
  target_.map(test::kText, 0x1000);
  lay(sp + 8, {caller, entryOf(kGoexit) + 1});
  target_.put(sp, caller);
  target_.put(caller - 5, std::uint8_t{0xe8});
  target_.put(caller - 4, static_cast<std::int32_t>(entryOf(kMorestackNoctxt) - caller));
  ASSERT_EQ(unwind({.pc = entryOf(kMorestack) + 4, .sp = sp, .trap = true}), UnwindEnd::top);
  EXPECT_EQ(frames_.size(), 3u);
}

TEST_F(UnwindTest, DamageEndsTheStackAndNothingElse) {
  const Addr sp = kHi - 0x100;
  EXPECT_EQ(unwind({.pc = 0x1234, .sp = sp}), UnwindEnd::unknownPc);
  EXPECT_TRUE(frames_.empty());
  target_.put(sp + 0x18, Addr{0xdeadbeef});
  EXPECT_EQ(unwind({.pc = entryOf(kGopark) + 9, .sp = sp}), UnwindEnd::unknownPc);
  EXPECT_EQ(frames_.size(), 1u) << "where it stands is still known";
  EXPECT_EQ(unwind({.pc = entryOf(kGopark) + 9, .sp = kHi - 0x10}), UnwindEnd::outsideStack);
  EXPECT_EQ(unwind({.pc = entryOf(kGopark) + 9, .sp = kHi}), UnwindEnd::outsideStack);
  EXPECT_EQ(unwind({.pc = entryOf(kGopark) + 9, .sp = kLo - 8}), UnwindEnd::outsideStack);
  EXPECT_EQ(unwind({.pc = entryOf(kGopark) + 9, .sp = ~Addr{7}}), UnwindEnd::outsideStack);
}

TEST_F(UnwindTest, StackInAHoleKeepsTheFrameThatIsKnown) {
  const UnwindStart start{.pc = entryOf(kGopark) + 9,
                          .sp = 0xd000000100,
                          .stackLo = 0xd000000000,
                          .stackHi = 0xd000002000};
  EXPECT_EQ(unwinder_->unwind(start, frames_), UnwindEnd::unreadable);
  EXPECT_EQ(frames_.size(), 1u);
}

TEST_F(UnwindTest, StackThatEndsInAHole) {
  target_.map(0xe000000000, 0x1000);  // the lower half only
  const Addr sp = 0xe000000fc0;
  const Addr pc = entryOf(kWorker) + 9;
  target_.put(sp + 0x28, pc);
  const UnwindStart start{.pc = pc, .sp = sp, .stackLo = 0xe000000000, .stackHi = 0xe000002000};
  EXPECT_EQ(unwinder_->unwind(start, frames_), UnwindEnd::unreadable);
  EXPECT_EQ(frames_.size(), 2u);
}

TEST_F(UnwindTest, EndlessRecursionStopsAtTheLimitAndAtTheStack) {
  for (Addr word = kLo; word < kHi; word += 8) target_.put(word, entryOf(kBare));
  EXPECT_EQ(unwind({.pc = entryOf(kBare), .sp = kLo}, 100), UnwindEnd::limit);
  EXPECT_EQ(frames_.size(), 100u);
  EXPECT_EQ(unwind({.pc = entryOf(kBare), .sp = kLo}), UnwindEnd::outsideStack);
  EXPECT_EQ(frames_.size(), (kHi - kLo) / 8);
}

TEST_F(UnwindTest, Arm64LeafReturnsThroughTheLinkRegister) {
  Unwinder arm64(target_.memory(), *functions_, *arch::byName("arm64"), version_);
  const Addr sp = kHi - 0x200;
  target_.put(sp, entryOf(kGoexit) + 4);  // saved by the worker at the bottom of its frame
  const UnwindStart start{.pc = entryOf(kBare) + 8,
                          .sp = sp,
                          .lr = entryOf(kWorker) + 8,
                          .stackLo = kLo,
                          .stackHi = kHi,
                          .trap = true};
  EXPECT_EQ(arm64.unwind(start, frames_), UnwindEnd::top);
  ASSERT_EQ(frames_.size(), 3u);
  EXPECT_EQ(frames_[1].fp, sp + 0x28);
  EXPECT_EQ(frames_[1].varp, sp + 0x20);
  EXPECT_EQ(frames_[1].argp, sp + 0x30);
}

TEST_F(UnwindTest, Arm64FrameThatReturnsToItselfEnds) {
  Unwinder arm64(target_.memory(), *functions_, *arch::byName("arm64"), version_);
  target_.put(kLo, entryOf(kBare) + 8);
  const UnwindStart start{.pc = entryOf(kBare) + 8, .sp = kLo, .stackLo = kLo, .stackHi = kHi};
  EXPECT_EQ(arm64.unwind(start, frames_), UnwindEnd::outsideStack);
}

}  // namespace
}  // namespace parked::golang
