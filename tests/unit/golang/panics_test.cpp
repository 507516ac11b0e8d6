// Panics in progress and what a program died of, whole and damaged.
#include "golang/panics.h"

#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "golang/crash.h"
#include "golang/synthetic.h"
#include "image/runtime_types.h"

namespace parked::golang {
namespace {

using image::TypeKind;
using test::entryOf;

enum : std::uint32_t { kGopanic, kMain, kGoexit, kThrow, kThrowPrinter, kCheckdead, kDeferred };

constexpr Addr kStack = 0xc000000000, kStackSize = 0x1000, kSp = kStack + 0x800;
constexpr Addr kSystemStack = 0xc000010000, kG = 0xc000020000, kSystemG = kG + 0x100;
constexpr Addr kSignalG = kG + 0x200, kM = kG + 0x400, kHeap = 0xc000030000;
constexpr Addr kTypes = 0x600000, kString = kTypes + 0x100, kFailure = kTypes + 0x200;
constexpr Addr kAllm = 0xa00000;
constexpr std::uint64_t kGSize = 0x80;
constexpr std::uint64_t kPanicFrame = 0x68, kMainFrame = 0x30;  // with the return address

enum PanicOffset : std::uint32_t { kArg = 0, kLink = 16, kRecovered = 24, kIsGoexit = 25 };

class PanicsTest : public testing::Test {
 protected:
  void SetUp() override {
    target.map(kStack, kStackSize);
    target.map(kSystemStack, kStackSize);
    target.map(kG, 0x1000);
    target.map(kHeap, 0x2000);
    target.map(kTypes, 0x1000);
    target.map(kAllm, 0x100);
    addLayouts();
    addType(kString, "string", TypeKind::string);
    addType(kFailure, "main.failure", TypeKind::integer);
    // gopanic, called by main.f, called by goexit
    target.put(kSp + kPanicFrame - 8, entryOf(kMain) + 9);
    target.put(kSp + kPanicFrame + kMainFrame - 8, entryOf(kGoexit) + 1);
  }

  void addLayouts() {
    layouts = std::make_unique<test::SyntheticLayouts>();
    layouts->add("internal/abi.Type", 24,
                 {{"Size_", 0, 8, "uintptr"},
                  {"PtrBytes", 8, 8, "uintptr"},
                  {"TFlag", 16, 1, "uint8"},
                  {"Kind_", 17, 1, "uint8"},
                  {"Str", 20, 4, "int32"}});
    layouts->add("runtime._panic", 32,
                 {{"arg", kArg, 16, "runtime.eface"},
                  {"link", kLink, 8, "*runtime._panic"},
                  {"recovered", kRecovered, 1, "bool"},
                  {"goexit", kIsGoexit, 1, "bool"}});
    layouts->add("runtime._defer", 16, {{"fn", 0, 8, "func()"}, {"link", 8, 8, "*runtime._defer"}});
    layouts->add("runtime.g", kGSize,
                 {{"sig", 0, 4, "uint32"},
                  {"sigcode0", 8, 8, "uintptr"},
                  {"sigcode1", 16, 8, "uintptr"},
                  {"sigpc", 24, 8, "uintptr"},
                  {"stack", 0x40, 16, "runtime.stack"}});
    layouts->add("runtime.stack", 16, {{"lo", 0, 8, "uintptr"}, {"hi", 8, 8, "uintptr"}});
    layouts->add("runtime.m", 0x40,
                 {{"alllink", 0, 8, "*runtime.m"},
                  {"caughtsig", 8, 8, "runtime.guintptr"},
                  {"dying", 16, 4, "int32"},
                  {"throwing", 20, 4, "runtime.throwType"},
                  {"g0", 0x20, 8, "*runtime.g"},
                  {"gsignal", 0x28, 8, "*runtime.g"},
                  {"curg", 0x30, 8, "*runtime.g"},
                  {"procid", 0x38, 8, "uint64"}});
    bound = {schema::GLayout::of(*layouts), schema::MLayout::of(*layouts)};
  }

  void addType(Addr at, std::string_view name, TypeKind kind) {
    const Addr text = at + 0x80;
    target.put(at, std::uint64_t{16});
    target.put(at + 16, std::uint8_t{4});  // named
    target.put(at + 17, static_cast<std::uint8_t>(kind));
    target.put(at + 20, static_cast<std::int32_t>(text - kTypes));
    target.put(text + 1, static_cast<std::uint8_t>(name.size()));
    target.put(text + 2, name.data(), name.size());
  }

  void putPanic(Addr at, Addr type, Addr value, Addr link = 0) {
    target.put(at + kArg, type);
    target.put(at + kArg + 8, value);
    target.put(at + kLink, link);
  }

  /// One goroutine, at `pc` with its stack from kSp on.
  void assemble(Status status, Addr pc) {
    image::Image::Parts parts;
    parts.build.version.minor = 22;
    parts.functions = test::makeFunctions(target, {{.name = "runtime.gopanic", .frame = 0x60},
                                                   {.name = "main.f", .frame = 0x28},
                                                   {.name = "runtime.goexit", .top = true},
                                                   {.name = "runtime.throw", .frame = 0x60},
                                                   {.name = "runtime.throw.func1"},
                                                   {.name = "runtime.checkdead", .frame = 0x28},
                                                   {.name = "main.f.func1"}});
    parts.layouts = std::move(layouts);
    parts.symbols = {{"runtime.allm", kAllm}};
    image::Module module;
    module.types = kTypes;
    module.typesEnd = kTypes + 0x1000;
    parts.modules.push_back(module);
    image = image::Image::assemble(target, std::move(parts));
    snapshot.image = image.get();
    Goroutine goroutine;
    goroutine.address = kG;
    goroutine.id = 7;
    goroutine.status = status;
    goroutine.stackLo = kStack;
    goroutine.stackHi = kStack + kStackSize;
    goroutine.sp = kSp;
    goroutine.pc = pc;
    goroutine.stack = 0;
    snapshot.goroutines.push_back(goroutine);
    snapshot.stacks.push_back({});
  }

  /// The panics of the one goroutine, whose innermost is at `panic`.
  std::vector<Panic> read(Addr panic, Addr deferred = 0) {
    assemble(Status::waiting, entryOf(kGopanic) + 9);
    snapshot.panicking.push_back(
        {.goroutine = 0, .panics = {Panic{.address = panic}}, .deferred = {deferred}});
    readPanics(snapshot);
    return snapshot.panicking.empty() ? std::vector<Panic>() : snapshot.panicking.front().panics;
  }

  /// The thread of the goroutine dies; its system stack begins with a call of throw.
  void putDying(std::int32_t throwing, bool onSystemStack) {
    target.put(kAllm, kM);
    target.put(kM + 16, std::int32_t{1});
    target.put(kM + 20, throwing);
    target.put(kM + 0x20, kSystemG);
    target.put(kM + 0x28, kSignalG);
    target.put(kM + 0x30, onSystemStack ? Addr{0} : kG);
    target.put(kM + 0x38, std::uint64_t{99});
    target.put(kSystemG + 0x40, kSystemStack);
    target.put(kSystemG + 0x48, kSystemStack + kStackSize);
    target::Thread thread;
    thread.tid = 99;
    thread.hasRegisters = true;
    thread.registers.pc = entryOf(kThrow) + 9;
    thread.registers.sp = kSystemStack + 0x800;
    target.mutableThreads().push_back(thread);
    const Addr caller = onSystemStack ? entryOf(kCheckdead) : entryOf(kMain);
    const Addr sp = onSystemStack ? kSystemStack + 0x800 : kSp;
    target.put(sp + kPanicFrame - 8, caller + 9);
    target.put(sp + kPanicFrame + kMainFrame - 8, entryOf(kGoexit) + 1);
    target.put(sp + 0x20, entryOf(kThrowPrinter));
    target.putString(sp + 0x28, kHeap, "all goroutines are asleep - deadlock!");
  }
  const std::optional<Crash>& crash() {
    assemble(Status::running, entryOf(kThrow) + 9);
    readCrash(snapshot, bound);
    return snapshot.crash;
  }
  bool damaged() const { return !snapshot.incomplete.empty(); }

  test::SyntheticTarget target;
  std::unique_ptr<test::SyntheticLayouts> layouts;
  std::unique_ptr<image::Image> image;
  schema::Layouts bound;
  Snapshot snapshot;
};

TEST_F(PanicsTest, TheValueAndWhoPanicked) {
  target.putString(kHeap, kHeap + 0x100, "out of biscuits");
  putPanic(kSp + 0x10, kString, kHeap);
  const auto panics = read(kSp + 0x10);
  ASSERT_EQ(panics.size(), 1U);
  EXPECT_EQ(panics[0].text, "out of biscuits");
  EXPECT_EQ(panics[0].type, "string");
  EXPECT_EQ(panics[0].frame, 1U) << "gopanic's caller";
  EXPECT_FALSE(damaged());
}

TEST_F(PanicsTest, OlderOnesComeFirst) {
  target.putString(kHeap, kHeap + 0x100, "one");
  target.put(kHeap + 0x20, std::int64_t{-5});
  putPanic(kSp + 0x10, kFailure, kHeap + 0x20, kSp + 0x200);
  putPanic(kSp + 0x200, kString, kHeap);
  target.put(kSp + 0x200 + kRecovered, std::uint8_t{1});
  const auto panics = read(kSp + 0x10);
  ASSERT_EQ(panics.size(), 2U);
  EXPECT_EQ(panics[0].text, "one");
  EXPECT_TRUE(panics[0].recovered);
  EXPECT_EQ(panics[1].text, "main.failure(-5)");
}

TEST_F(PanicsTest, ACircleEnds) {
  target.putString(kHeap, kHeap + 0x100, "round");
  putPanic(kSp + 0x10, kString, kHeap, kSp + 0x200);
  putPanic(kSp + 0x200, kString, kHeap, kSp + 0x10);
  EXPECT_EQ(read(kSp + 0x10).size(), 2U);
  EXPECT_TRUE(damaged());
}

TEST_F(PanicsTest, WhatIsOutsideOfTheStackIsNone) {
  putPanic(kHeap + 0x100, kString, kHeap);
  EXPECT_TRUE(read(kHeap + 0x100).empty());
  EXPECT_TRUE(damaged());
}

TEST_F(PanicsTest, WildStringsAndTypesAreNotBelieved) {
  target.put(kHeap, kHeap + 0x100);
  target.put(kHeap + 8, std::uint64_t{1} << 60);
  putPanic(kSp + 0x10, kString, kHeap, kSp + 0x200);
  putPanic(kSp + 0x200, 0xdead0000, kHeap, kSp + 0x300);
  putPanic(kSp + 0x300, kString, 0x1234);
  const auto panics = read(kSp + 0x10);
  ASSERT_EQ(panics.size(), 3U);
  EXPECT_FALSE(panics[0].known) << panics[0].text;
  EXPECT_FALSE(panics[1].known) << panics[1].text;
  EXPECT_EQ(panics[1].type, "");
  EXPECT_EQ(panics[2].text, "(its text is not in the target's memory)");
}

/// What an Error method returned has taken the place of the error.
TEST_F(PanicsTest, TheTypeIsThatOfTheArgument) {
  target.putString(kHeap, kHeap + 0x100, "mixing failed");
  putPanic(kSp + 0x10, kString, kHeap);
  target.put(kSp + kPanicFrame, kFailure);
  EXPECT_EQ(read(kSp + 0x10).at(0).type, "main.failure");
}

TEST_F(PanicsTest, AStaleArgumentIsNoType) {
  target.putString(kHeap, kHeap + 0x100, "mixing failed");
  putPanic(kSp + 0x10, kString, kHeap);
  target.put(kSp + kPanicFrame, Addr{0x1234});
  EXPECT_EQ(read(kSp + 0x10).at(0).type, "string");
}

TEST_F(PanicsTest, DeferredCallsInACircle) {
  putPanic(kSp + 0x10, kString, kHeap);
  target.put(kHeap + 0x400, kHeap + 0x500);
  target.put(kHeap + 0x408, kHeap + 0x400);
  target.put(kHeap + 0x500, entryOf(kDeferred));
  ASSERT_EQ(read(kSp + 0x10, kHeap + 0x400).size(), 1U);
  EXPECT_EQ(snapshot.panicking.front().deferred.size(), 64U);
  EXPECT_EQ(snapshot.panicking.front().deferred.front(), entryOf(kDeferred));
}

TEST_F(PanicsTest, NobodyDies) {
  target.put(kAllm, kM);
  EXPECT_FALSE(crash());
}

TEST_F(PanicsTest, ListOfThreadsInACircle) {
  target.put(kAllm, kM);
  target.put(kM, kM);
  EXPECT_FALSE(crash());
}

TEST_F(PanicsTest, TheRuntimeSaysThatAllAreAsleep) {
  putDying(1, true);
  ASSERT_TRUE(crash());
  EXPECT_EQ(snapshot.crash->kind, Death::fatalError);
  EXPECT_EQ(snapshot.crash->message, "all goroutines are asleep - deadlock!");
  EXPECT_TRUE(snapshot.crash->allAsleep);
  EXPECT_EQ(snapshot.crash->goroutine, Crash::kNone);
}

/// Only checkdead may say so: a program can throw any text through sync or plugins.
TEST_F(PanicsTest, TheSameTextFromAGoroutineIsNoProof) {
  putDying(1, false);
  ASSERT_TRUE(crash());
  EXPECT_EQ(snapshot.crash->message, "all goroutines are asleep - deadlock!");
  EXPECT_FALSE(snapshot.crash->allAsleep);
  EXPECT_EQ(snapshot.crash->goroutine, 0U);
}

TEST_F(PanicsTest, AWildMessageIsNone) {
  putDying(1, false);
  target.put(kSp + 0x30, ~std::uint64_t{0});
  target.put(kSp + kPanicFrame, Addr{0x1234});
  ASSERT_TRUE(crash());
  EXPECT_EQ(snapshot.crash->kind, Death::fatalError);
  EXPECT_EQ(snapshot.crash->message, "");
}

}  // namespace
}  // namespace parked::golang
