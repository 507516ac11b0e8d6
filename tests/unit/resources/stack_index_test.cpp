// Which goroutines stand in a function, over stacks made by hand.
#include "resources/stack_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "golang/synthetic.h"

namespace parked::resources {
namespace {

using golang::FramePc;
using test::entryOf;
using testing::ElementsAre;
using testing::IsEmpty;

enum Function : std::uint32_t { kGopark, kSelect, kOpener, kWork, kGoexit };

class StackIndexTest : public testing::Test {
 protected:
  void SetUp() override {
    target.map(kStack, 0x1000);
    image::Image::Parts parts;
    parts.build.version.minor = 22;
    parts.functions = test::makeFunctions(target, {{.name = "runtime.gopark", .frame = 0x18},
                                                   {.name = "runtime.selectgo", .frame = 0x28},
                                                   {.name = "main.(*pool).opener", .frame = 0x28},
                                                   {.name = "main.work", .frame = 0x28},
                                                   {.name = "runtime.goexit", .top = true}});
    parts.layouts = std::make_unique<test::SyntheticLayouts>();
    image = image::Image::assemble(target, std::move(parts));
    snapshot.image = image.get();
  }
  static FramePc in(Function function) { return {(entryOf(function) + 9) & (~Addr{0} >> 1), 0}; }

  Index stack(const std::vector<FramePc>& frames) {
    golang::Stack stack;
    stack.first = static_cast<std::uint32_t>(snapshot.pcs.size());
    stack.count = static_cast<std::uint32_t>(frames.size());
    snapshot.pcs.insert(snapshot.pcs.end(), frames.begin(), frames.end());
    snapshot.stacks.push_back(stack);
    return static_cast<Index>(snapshot.stacks.size() - 1);
  }
  golang::Goroutine& goroutine(Index stackId) {
    golang::Goroutine& g = snapshot.goroutines.emplace_back();
    g.id = snapshot.goroutines.size();
    g.status = golang::Status::waiting;
    g.stack = stackId;
    return g;
  }
  std::vector<Index> in(const StackIndex& index, std::string_view function) const {
    std::vector<Index> all;
    for (const StackIndex::Hit& hit : index.in(function)) all.push_back(hit.goroutine);
    return all;
  }

  static constexpr Addr kStack = 0xc000100000;
  test::SyntheticTarget target;
  std::unique_ptr<image::Image> image;
  golang::Snapshot snapshot;
};

TEST_F(StackIndexTest, GoroutinesByFunction) {
  const Index opener = stack({in(kGopark), in(kSelect), in(kOpener), in(kGoexit)});
  const Index worker = stack({in(kGopark), in(kWork), in(kOpener), in(kWork), in(kGoexit)});
  goroutine(opener);
  goroutine(worker);
  goroutine(opener);
  goroutine(golang::kNone);  // its stack was not readable
  const StackIndex index(snapshot);
  EXPECT_THAT(in(index, "main.(*pool).opener"), ElementsAre(0, 1, 2));
  EXPECT_THAT(in(index, "main.work"), ElementsAre(1));  // once, though it stands there twice
  EXPECT_EQ(index.in("main.work")[0].frame, 1U);        // the innermost
  EXPECT_THAT(in(index, "main.missing"), IsEmpty());
  EXPECT_THAT(in(index, ""), IsEmpty());
  ASSERT_TRUE(index.find(1, "main.work"));
  EXPECT_EQ(index.find(1, "main.work")->frame, 1U);
  EXPECT_FALSE(index.find(0, "main.work"));
  EXPECT_FALSE(index.find(3, "main.work"));
  EXPECT_EQ(index.innermost(0), "main.(*pool).opener");
  EXPECT_EQ(index.innermost(1), "main.work");
  EXPECT_EQ(index.innermost(3), "");
}

TEST_F(StackIndexTest, ReturnAddressesBelongToTheCall) {
  // A call that never returns is the last instruction: the return address is the next function's.
  goroutine(stack({FramePc{entryOf(kWork), 0}}));
  goroutine(stack({FramePc{entryOf(kWork), 1}}));
  goroutine(stack({FramePc{0x1234, 0}, FramePc{0, 0}}));  // code of nobody
  const StackIndex index(snapshot);
  EXPECT_THAT(in(index, "main.(*pool).opener"), ElementsAre(0));
  EXPECT_THAT(in(index, "main.work"), ElementsAre(1));
  EXPECT_EQ(index.innermost(2), "");
}

TEST_F(StackIndexTest, ArgumentsOfAFrame) {
  // gopark at sp, then the opener, then goexit.
  const Addr sp = kStack + 0x100;
  target.put(sp + 0x18, entryOf(kOpener) + 9);
  target.put(sp + 0x20 + 0x28, entryOf(kGoexit) + 1);
  target.put(sp + 0x20 + 0x30, std::uint64_t{0xc000200000});
  target.put(sp + 0x20 + 0x38, std::uint64_t{42});
  golang::Goroutine& g = goroutine(stack({in(kGopark), in(kOpener), in(kGoexit)}));
  g.stackLo = kStack;
  g.stackHi = kStack + 0x1000;
  g.sp = sp;
  g.pc = entryOf(kGopark) + 9;
  StackIndex index(snapshot);
  const auto hits = index.in("main.(*pool).opener");
  ASSERT_EQ(hits.size(), 1U);
  EXPECT_EQ(index.argument(hits[0]), 0xc000200000U);
  EXPECT_EQ(index.argument(hits[0], 1), 42U);
  EXPECT_EQ(index.argument(hits[0], 1 << 20), 0U);  // outside of the stack
  EXPECT_EQ(index.argument({0, 99}), 0U);           // a frame it does not have
}

}  // namespace
}  // namespace parked::resources
