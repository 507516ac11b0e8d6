// Variables of a stripped program whose structures are damaged.
#include "schema/globals.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <limits>

#include "golang/synthetic.h"

namespace parked::schema {
namespace {

constexpr Addr kData = 0x600000, kDataSize = 0x20000;
constexpr Addr kAllm = kData + 0x100, kSched = kData + 0x200;
constexpr Addr kMs = kData + 0x10000, kG0s = kData + 0x18000;
constexpr Addr kAllgs = kData + 0x400, kLists = kData + 0x1000;
constexpr Addr kGs = kG0s + 0x1000, kList = kG0s + 0x2000;
constexpr std::uint64_t kSize = 64;

/// Threads (m's) with their g0's, and who counts them.
class GlobalsTest : public testing::Test {
 protected:
  void SetUp() override {
    target.map(test::kText, 0x1000);
    target.map(kData, kDataSize);
    functions = test::makeFunctions(target, {{.name = "runtime.mcommoninit"},
                                             {.name = "runtime.newproc1"},
                                             {.name = "runtime.queuefinalizer"}});
    // Not the real offsets, so that nothing can rely on them.
    layouts.add("runtime.m", kSize, {{"g0", 8, 8, "*runtime.g"}, {"alllink", 16, 8, "*runtime.m"}});
    layouts.add("runtime.g", kSize,
                {{"m", 24, 8, "*runtime.m"},
                 {"sched", 32, 16, "runtime.gobuf"},
                 {"atomicstatus", 56, 4, "uint32"}});
    layouts.add("runtime.gobuf", 16, {{"g", 8, 8, "uintptr"}});
    layouts.add(
        "runtime.schedt", kSize,
        {{"goidgen", 8, 8, "uint64"}, {"mnext", 16, 8, "int64"}, {"nmfreed", 24, 8, "int64"}});
    refer(test::entryOf(1), kSched + 8);
    target.put(kSched + 8, std::uint64_t{7});
    target.put(kSched + 16, std::int64_t{3});
    for (unsigned i = 0; i < 3; ++i) thread(i, i < 2 ? m(i + 1) : 0);
    target.put(kAllm, m(0));
    image::Module module;
    module.data = kData;
    module.dataEnd = kMs;  // the rest is the heap
    modules.push_back(module);
  }

  /// mov rax, [rip+…]
  void refer(Addr code, Addr to) {
    const std::uint8_t load[] = {0x48, 0x8b, 0x05};
    target.put(code, load, sizeof load);
    target.put(code + 3, static_cast<std::int32_t>(to - code - 7));
  }
  /// mov [rip+…], rax
  void store(Addr code, Addr to) {
    const std::uint8_t move[] = {0x48, 0x89, 0x05};
    target.put(code, move, sizeof move);
    target.put(code + 3, static_cast<std::int32_t>(to - code - 7));
  }
  static Addr m(std::uint64_t i) { return kMs + i * kSize; }
  void thread(std::uint64_t i, Addr next) {
    const Addr g0 = kG0s + i * kSize;
    target.put(m(i) + 8, g0);
    target.put(m(i) + 16, next);
    target.put(g0 + 24, m(i));
  }
  /// Goroutines that wait, in a list at `list`.
  void goroutines(Addr list, unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      const Addr g = kGs + i * kSize;
      target.put(g + 32 + 8, g);
      target.put(g + 56, std::uint32_t{4});
      target.put(list + i * 8, g);
    }
  }
  void slice(Addr variable, Addr list, std::uint64_t length) {
    target.put(variable, list);
    target.put(variable + 8, length);
    target.put(variable + 16, length);
  }
  std::optional<Addr> find(const char* name) {
    return Globals(target, layouts, modules, *functions, most).find(name);
  }

  test::SyntheticTarget target;
  test::SyntheticLayouts layouts;
  image::ModuleList modules;
  std::unique_ptr<image::FunctionTable> functions;
  std::uint64_t most = kDataSize;
};

TEST_F(GlobalsTest, ThreadsByCodeAndByShape) {
  // Another variable has an older thread.
  target.put(kData + 0x300, m(1));
  EXPECT_EQ(find("runtime.allm"), kAllm);
  refer(test::entryOf(0), kAllm);
  EXPECT_EQ(find("runtime.allm"), kAllm);
}

TEST_F(GlobalsTest, SchedCountsTheThreads) {
  EXPECT_EQ(find("runtime.sched"), kSched);
  target.put(kSched + 24, std::int64_t{2});
  EXPECT_EQ(find("runtime.sched"), std::nullopt);
  // Three of twenty are left; or the first has ended as well, but is still in the list.
  target.put(kSched + 16, std::int64_t{20});
  target.put(kSched + 24, std::int64_t{17});
  EXPECT_EQ(find("runtime.sched"), kSched);
  target.put(kSched + 24, std::int64_t{18});
  EXPECT_EQ(find("runtime.sched"), kSched);
  target.put(kSched + 24, std::int64_t{21});
  EXPECT_EQ(find("runtime.sched"), std::nullopt);
}

TEST_F(GlobalsTest, CountsWhoseDifferenceIsNoNumber) {
  target.put(kSched + 16, std::numeric_limits<std::int64_t>::min());
  target.put(kSched + 24, std::int64_t{1});
  EXPECT_EQ(find("runtime.sched"), std::nullopt);
}

// Else each search would go through all of memory.
TEST_F(GlobalsTest, VariablesThatAreMoreThanTheProgramHas) {
  modules.front().dataEnd = ~Addr{0};
  most = kMs - kData;
  EXPECT_EQ(find("runtime.allm"), kAllm);
  most = kAllm - kData;
  EXPECT_EQ(find("runtime.allm"), std::nullopt);
}

TEST_F(GlobalsTest, VariablesThatGoOnIntoOthers) {
  modules.front().dataEnd = ~Addr{0};
  most = kMs - kData;
  modules.front().noptrBss = kAllm + 8;
  EXPECT_EQ(find("runtime.allm"), kAllm);
  modules.front().noptrBss = kAllm;
  EXPECT_EQ(find("runtime.allm"), std::nullopt);
}

// A start so high that rounding it up gives 0 is no start at the bottom of memory.
TEST_F(GlobalsTest, VariablesThatBeginBehindTheirEnd) {
  modules.front().data = ~Addr{0};
  EXPECT_EQ(find("runtime.allm"), std::nullopt);
}

TEST_F(GlobalsTest, VariablesWithoutEnd) {
  modules.front().data = 0;
  modules.front().dataEnd = ~Addr{0};
  EXPECT_EQ(find("runtime.waitReasonStrings"), std::nullopt);
}

TEST_F(GlobalsTest, ThreadsInACircleAreNoList) {
  // Many variables that lead to many threads cost no more than to look at each once.
  constexpr unsigned kMany = 480;
  for (unsigned i = 0; i < kMany; ++i) thread(i, m((i + 1) % kMany));
  for (Addr at = kData; at < kMs; at += 8) target.put(at, m(at / 8 % kMany));
  const std::uint64_t before = target.memory().misses();
  EXPECT_EQ(find("runtime.allm"), std::nullopt);
  EXPECT_EQ(target.memory().misses(), before);
}

TEST_F(GlobalsTest, GoroutinesAreTheLongestOfTheLists) {
  goroutines(kList, 8);
  slice(kAllgs, kList, 8);
  // What the collector keeps of it, and one in which there is somebody else.
  slice(kLists, kList, 6);
  EXPECT_EQ(find("runtime.allgs"), kAllgs);
  goroutines(kList + 0x100, 6);
  target.put(kList + 0x100, kGs + kSize);
  slice(kLists + 24, kList + 0x100, 6);
  EXPECT_EQ(find("runtime.allgs"), std::nullopt);
}

TEST_F(GlobalsTest, OfTooManyListsOfGoroutinesNoneIsTaken) {
  goroutines(kList, 8);
  slice(kAllgs, kList, 8);
  constexpr unsigned kMost = 64;
  for (unsigned i = 1; i < kMost; ++i) slice(kLists + i * std::uint64_t{24}, kList, 6);
  EXPECT_EQ(find("runtime.allgs"), kAllgs);
  slice(kLists, kList, 6);
  EXPECT_EQ(find("runtime.allgs"), std::nullopt);
}

/// Queuefinalizer stores to allfin, finc (blocks to use again) and finq (blocks in use).
TEST_F(GlobalsTest, TheListOfAllBlocksOfFinalizersInAnyState) {
  layouts.add("runtime.finblock", kSize, {{"alllink", 8, 8, "*runtime.finblock"}});
  constexpr Addr kFinc = kData + 0x500, kAllfin = kData + 0x508, kFinq = kData + 0x510;
  constexpr Addr kFirst = kMs, kSecond = kMs + kSize, kThird = kMs + 2 * kSize;
  const Addr code = test::entryOf(2);
  store(code, kFinc);
  store(code + 7, kAllfin);
  store(code + 14, kFinq);
  target.put(kFirst + 8, Addr{0});
  target.put(kSecond + 8, kFirst);
  target.put(kThird + 8, kSecond);
  const auto set = [&](Addr all, Addr again, Addr queued) {
    target.put(kAllfin, all);
    target.put(kFinc, again);
    target.put(kFinq, queued);
  };
  Addr head = 0;
  const auto found = [&] {
    const auto variable = find("runtime.allfin");
    return variable && target.memory().read(*variable, head) ? head : ~Addr{0};
  };
  set(0, 0, 0);
  EXPECT_EQ(found(), Addr{0});
  set(kFirst, 0, kFirst);  // the first one is queued
  EXPECT_EQ(found(), kFirst);
  set(kFirst, kFirst, 0);  // and has run
  EXPECT_EQ(found(), kFirst);
  set(kThird, kSecond, kFirst);
  EXPECT_EQ(find("runtime.allfin"), kAllfin);
  set(kThird, kFirst, kThird);
  EXPECT_EQ(found(), kThird);
  set(kSecond, kThird + kSize, kFirst);  // one that is not among them
  EXPECT_EQ(find("runtime.allfin"), std::nullopt);
}

}  // namespace
}  // namespace parked::schema
