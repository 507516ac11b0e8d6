#include "image/functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "synthetic_program.h"

namespace parked::image {
namespace {

using ::testing::SizeIs;

constexpr Addr kText = SyntheticProgram::kText;

/// main.work has, inlined at 0x20…0x30, util.outer, and in that util.inner.
std::vector<SyntheticFunction> functionsFor(std::uint8_t wrapperId) {
  SyntheticFunction exit{.name = "runtime.goexit", .size = 0x20, .flags = 1 | 4};
  exit.frame = {{0, 0x20}};
  SyntheticFunction work{
      .name = "main.work[go.shape.int]", .size = 0x100, .args = 24, .startLine = 10};
  work.frame = {{0, 8}, {40, 0xf0}, {0, 0x100}};
  work.file = {{0, 0x20}, {1, 0x30}, {0, 0x100}};
  work.line = {{10, 0x10}, {12, 0x20}, {101, 0x28}, {202, 0x30}, {13, 0x100}};
  // Index 1 is the inner call; its parent pc 0x20 lies in the outer one, whose parent pc is 0x10.
  work.inlineIndex = {{-1, 0x20}, {0, 0x28}, {1, 0x30}, {-1, 0x100}};
  work.inlined = {{.name = "util.outer", .parentPc = 0x10, .startLine = 100},
                  {.name = "util.inner", .funcId = wrapperId, .parentPc = 0x20, .startLine = 200}};
  SyntheticFunction wrapper{.name = "main.(*T).run-fm", .size = 0x40, .funcId = wrapperId};
  wrapper.flags = 2;
  wrapper.args = kArgsUnknown;
  return {exit, work, wrapper};
}

struct OpenedProgram {
  explicit OpenedProgram(int minor, std::uint8_t wrapperId = 22) : program(minor) {
    program.functions = functionsFor(wrapperId);
  }
  const FunctionTable& open() {
    program.build(target, layouts);
    auto modules = readModules(target, program.version(), layouts, SyntheticProgram::kModule);
    EXPECT_TRUE(modules) << modules.error().message;
    auto opened = FunctionTable::open(target, program.version(), *modules, &layouts);
    EXPECT_TRUE(opened) << opened.error().message;
    table = std::move(*opened);
    return *table;
  }
  SyntheticProgram program;
  FakeTarget target;
  FakeLayouts layouts;
  std::unique_ptr<FunctionTable> table;
};

class FunctionsTest : public ::testing::TestWithParam<std::pair<int, int>> {
 protected:
  FunctionsTest()
      : opened_(GetParam().first, static_cast<std::uint8_t>(GetParam().second)),
        table_(opened_.open()) {}
  bool hasStartLine() const { return GetParam().first >= 20; }

  OpenedProgram opened_;
  const FunctionTable& table_;
};

TEST_P(FunctionsTest, FindsByPc) {
  EXPECT_EQ(table_.size(), 3u);
  EXPECT_EQ(table_.find(kText - 1), kNoFunc);
  EXPECT_EQ(table_.find(kText), 0u);
  EXPECT_EQ(table_.find(kText + 0x1f), 0u);
  EXPECT_EQ(table_.find(kText + 0x20), 1u);
  EXPECT_EQ(table_.find(kText + 0x11f), 1u);
  EXPECT_EQ(table_.find(kText + 0x120), 2u);
  EXPECT_EQ(table_.find(kText + 0x160), kNoFunc);
  EXPECT_EQ(table_.find(0), kNoFunc);
  EXPECT_EQ(table_.find(~Addr{0}), kNoFunc);
}

TEST_P(FunctionsTest, DecodesFunctions) {
  const Function& work = table_.function(1);
  EXPECT_EQ(work.entry, kText + 0x20);
  EXPECT_EQ(work.end, kText + 0x120);
  EXPECT_EQ(work.name, "main.work[...]");
  EXPECT_EQ(work.argBytes, 24);
  EXPECT_EQ(work.startLine, hasStartLine() ? 10 : 0);
  EXPECT_FALSE(work.flags.top || work.flags.spWrite || work.flags.assembly || work.wrapper);
  const Function& exit = table_.function(0);
  EXPECT_TRUE(exit.flags.top && exit.flags.assembly && !exit.flags.spWrite);
  const Function& wrapper = table_.function(2);
  EXPECT_TRUE(wrapper.wrapper && wrapper.flags.spWrite);
  EXPECT_EQ(wrapper.argBytes, kArgsUnknown);
  EXPECT_EQ(&table_.function(1), &work);
  EXPECT_EQ(table_.function(kNoFunc).name, "");
}

TEST_P(FunctionsTest, ByName) {
  EXPECT_EQ(table_.byName("main.work[go.shape.int]"), 1u);
  EXPECT_EQ(table_.byName("runtime.goexit"), 0u);
  EXPECT_EQ(table_.byName("runtime.nothing"), kNoFunc);
}

TEST_P(FunctionsTest, TablesAtAPc) {
  const Addr entry = kText + 0x20;
  EXPECT_EQ(table_.frameSize(1, entry), 0);
  EXPECT_EQ(table_.frameSize(1, entry + 8), 40);
  EXPECT_EQ(table_.frameSize(2, kText + 0x120), -1);
  EXPECT_EQ(table_.pcData(1, PcData::inlineTree, entry + 0x28), 1);
  EXPECT_EQ(table_.pcData(1, PcData::stackMapIndex, entry), -1);
  EXPECT_EQ(table_.pcData(1, PcData::argLive, entry), -1);  // has only three tables
  EXPECT_EQ(table_.funcData(1, FuncData::inlineTree), SyntheticProgram::kFuncData);
  EXPECT_EQ(table_.funcData(1, FuncData::localPointers), 0u);
  EXPECT_EQ(table_.funcData(1, FuncData::wrapInfo), 0u);
  EXPECT_EQ(table_.line(1, entry + 0x10), 12);
  EXPECT_EQ(table_.file(1, entry + 0x20), "/src/util.go");
  EXPECT_EQ(table_.line(2, kText + 0x120), 0);
  EXPECT_EQ(table_.file(2, kText + 0x120), "");
}

TEST_P(FunctionsTest, ExpandsInlinedCalls) {
  std::vector<SourceFrame> frames;
  table_.expand(kText + 0x20 + 0x29, true, frames);
  ASSERT_THAT(frames, SizeIs(3));
  EXPECT_EQ(frames[0].function, "util.inner");
  EXPECT_EQ(frames[0].file, "/src/util.go");
  EXPECT_EQ(frames[0].line, 202);
  EXPECT_TRUE(frames[0].inlined && frames[0].wrapper);
  EXPECT_EQ(frames[0].startLine, hasStartLine() ? 200 : 0);
  EXPECT_EQ(frames[1].function, "util.outer");
  EXPECT_EQ(frames[1].line, 101);
  EXPECT_TRUE(frames[1].inlined && !frames[1].wrapper);
  EXPECT_EQ(frames[2].function, "main.work[...]");
  EXPECT_EQ(frames[2].file, "/src/main.go");
  EXPECT_EQ(frames[2].line, 12);
  EXPECT_FALSE(frames[2].inlined);
}

TEST_P(FunctionsTest, AReturnAddressBelongsToTheCallBeforeIt) {
  std::vector<SourceFrame> frames;
  table_.expand(kText + 0x20 + 0x28, false, frames);  // the call is at 0x27, in util.outer
  ASSERT_THAT(frames, SizeIs(2));
  EXPECT_EQ(frames[0].function, "util.outer");
  frames.clear();
  table_.expand(kText + 0x20, false, frames);  // at the very entry there is no call before
  ASSERT_THAT(frames, SizeIs(1));
  EXPECT_EQ(frames[0].line, 10);
  frames.clear();
  table_.expand(0x1, true, frames);
  EXPECT_THAT(frames, SizeIs(0));
}

INSTANTIATE_TEST_SUITE_P(Versions, FunctionsTest,
                         ::testing::Values(std::pair(18, 21), std::pair(19, 21), std::pair(20, 21),
                                           std::pair(21, 21), std::pair(22, 22), std::pair(24, 22),
                                           std::pair(25, 23), std::pair(27, 23)),
                         [](const auto& test) {
                           return "go1_" + std::to_string(test.param.first);
                         });

TEST(FunctionTableTest, ANewerGoIsAskedForItsNumbers) {
  OpenedProgram opened(29, 31);
  opened.layouts.setConstant("internal/abi.FuncIDWrapper", 31);
  EXPECT_TRUE(opened.open().function(2).wrapper);
}

TEST(FunctionTableTest, SeveralTextSections) {
  OpenedProgram opened(24);
  // The second section starts at virtual offset 0x20 and lies far away.
  opened.program.textSections = {{{0, 0x20, kText}, {0x20, 0x160, kText + 0x100000}}};
  const FunctionTable& table = opened.open();
  EXPECT_EQ(table.find(kText + 0x1f), 0u);
  EXPECT_EQ(table.find(kText + 0x20), kNoFunc);
  EXPECT_EQ(table.find(kText + 0x100000), 1u);
  EXPECT_EQ(table.function(1).entry, kText + 0x100000);
  EXPECT_EQ(table.find(kText + 0x10013f), 2u);
  EXPECT_EQ(table.function(2).end, kText + 0x100140);
  EXPECT_EQ(table.find(kText + 0x100140), kNoFunc);
  EXPECT_EQ(table.line(1, kText + 0x100010), 12);
}

TEST(FunctionTableTest, ACyclicInlineTreeEnds) {
  OpenedProgram opened(24);
  SyntheticFunction& work = opened.program.functions[1];
  work.inlined[0].parentPc = 0x28;  // the outer call lies in the inner one now
  std::vector<SourceFrame> frames;
  opened.open().expand(kText + 0x20 + 0x29, true, frames);
  EXPECT_LE(frames.size(), 1001u);
  EXPECT_EQ(frames.back().function, "main.work[...]");
}

TEST(FunctionTableTest, TreeIndexAndNamesOutOfRange) {
  OpenedProgram opened(24);
  opened.program.functions[1].inlineIndex = {{1000000, 0x100}};
  const FunctionTable& table = opened.open();
  std::vector<SourceFrame> frames;
  table.expand(kText + 0x40, true, frames);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].function, "main.work[...]");
}

TEST(FunctionTableTest, UnreadableTables) {
  OpenedProgram opened(24);
  opened.program.build(opened.target, opened.layouts);
  auto modules = readModules(opened.target, opened.program.version(), opened.layouts,
                             SyntheticProgram::kModule);
  ASSERT_TRUE(modules);
  modules->front().pcTable.size = 1ull << 40;
  const auto table = FunctionTable::open(opened.target, opened.program.version(), *modules);
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().code, ErrorCode::unreadable);
}

}  // namespace
}  // namespace parked::image
