// Arguments that the code of a function has put on its stack.
#include "golang/spilled_arguments.h"

#include <gtest/gtest.h>
#include <memory>
#include <vector>

#include "golang/synthetic.h"

namespace parked::golang {
namespace {

constexpr Addr kSp = 0xc000100000;
using Code = std::vector<std::uint8_t>;

// As syscall.Syscall of Go 1.21 begins.
const Code kFrame{0x55,                          // push rbp
                  0x48, 0x89, 0xe5,              // mov rbp, rsp
                  0x48, 0x83, 0xec, 0x60};       // sub rsp, 0x60
const Code kStoreBx{0x48, 0x89, 0x5c, 0x24, 8};  // mov [rsp + 8], rbx
const Code kStoreAx{0x48, 0x89, 0x44, 0x24, 16};
const Code kStoreAxThere{0x48, 0x89, 0x44, 0x24, 8};
const Code kBxIsAx{0x48, 0x89, 0xc3};
const Code kBranch{0x74, 0};  // je to the next instruction
const Code kCall{0xe8, 0, 0, 0, 0};

class SpilledArgumentsTest : public testing::Test {
 protected:
  void SetUp() override {
    image::Image::Parts parts;
    parts.functions = test::makeFunctions(target_, {{.name = "main.f", .frame = 0x68}});
    parts.layouts = std::make_unique<test::SyntheticLayouts>();
    image_ = image::Image::assemble(target_, std::move(parts));
    target_.map(test::entryOf(0), 0x100);
    target_.map(kSp, 0x1000);
    target_.put(kSp + 8, std::uint64_t{11});
    target_.put(kSp + 16, std::uint64_t{22});
  }
  /// Argument `number` of a frame that stands behind the last of these instructions, a call.
  std::optional<std::uint64_t> word(std::size_t number, const std::vector<Code>& code) {
    Addr at = test::entryOf(0);
    for (const Code& each : code) {
      target_.put(at, each.data(), each.size());
      at += each.size();
    }
    Frame frame;
    frame.pc = at;
    frame.sp = kSp;
    frame.function = 0;
    return SpilledArguments(*image_).word(frame, number);
  }

  test::SyntheticTarget target_;
  std::unique_ptr<image::Image> image_;
};

TEST_F(SpilledArgumentsTest, AreWhereTheCodePutThem) {
  const std::vector<Code> code{kFrame, kStoreBx, kStoreAx, kCall};
  EXPECT_EQ(word(0, code), 22);
  EXPECT_EQ(word(1, code), 11);
  EXPECT_EQ(word(2, code), std::nullopt) << "stays in its register";
  EXPECT_EQ(word(99, code), std::nullopt);
}

TEST_F(SpilledArgumentsTest, ASlotHoldsWhatWasStoredLast) {
  EXPECT_EQ(word(1, {kFrame, kStoreBx, kStoreAxThere, kCall}), std::nullopt);
  EXPECT_EQ(word(0, {kFrame, kStoreBx, kStoreAxThere, kCall}), 11);
}

TEST_F(SpilledArgumentsTest, ARegisterThatWasWrittenHoldsNoArgument) {
  EXPECT_EQ(word(1, {kFrame, kBxIsAx, kStoreBx, kCall}), std::nullopt);
}

TEST_F(SpilledArgumentsTest, TheStackPointerMovesAllSlots) {
  EXPECT_EQ(word(1, {kStoreBx, kFrame, kCall}), std::nullopt);
}

TEST_F(SpilledArgumentsTest, NothingIsSaidWhereTheCodeBranchesOrIsNone) {
  EXPECT_EQ(word(0, {kFrame, kStoreAx, kBranch, kCall}), std::nullopt);
  EXPECT_EQ(word(0, {kFrame, kStoreAx, kCall, kCall}), std::nullopt);
  EXPECT_EQ(word(0, {Code{0x06}, kCall}), std::nullopt);
  EXPECT_EQ(word(0, {}), std::nullopt);
}

}  // namespace
}  // namespace parked::golang
