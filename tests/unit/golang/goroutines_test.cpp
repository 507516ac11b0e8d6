#include "golang/goroutines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "golang/reasons.h"
#include "golang/synthetic.h"

namespace parked::golang {
namespace {

using test::entryOf;
using ::testing::ElementsAre;

enum : std::uint32_t {
  kGopark,
  kWorker,
  kGoexit,
  kRuntimeMain,
  kBgSweep,
  kRunfinq,
  kSigtramp,
  kGoexit1,
  kCoroWrapper,
  kGogo
};

// A g of the test's own shape: the walker must take every offset from the layout.
constexpr std::uint32_t kGSize = 256;
enum GOffset : std::uint32_t {
  kStack = 0,
  kM = 16,
  kSched = 24,  // sp, pc, g, lr
  kSyscall = 56,
  kParam = 72,
  kStatus = 80,
  kGoid = 88,
  kWaitSince = 96,
  kWaitReason = 104,
  kLockedM = 112,
  kGopc = 120,
  kStartPc = 128,
  kWaiting = 136,
  kLabels = 144,
  kSelectDone = 152,
  kParent = 160,
};
constexpr std::uint32_t kMSize = 64;

constexpr Addr kData = 0xa00000, kAllgs = kData, kReasons = kData + 0x100, kTexts = kData + 0x800;
constexpr Addr kFingStatus = kData + 0x80, kAllglen = kData + 0x88;
constexpr Addr kGs = 0xc000000000, kAllgsArray = 0xc000010000, kStacks = 0xc000100000;
constexpr Addr kMs = 0xc000020000;
constexpr std::uint64_t kStackSize = 0x1000;

class GoroutinesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    target_.map(kData, 0x1000);
    target_.map(kGs, 0x30000);
    target_.map(kStacks, 64 * kStackSize);
    addLayouts();
    const char* reasons[] = {"", "GC assist marking", "IO wait", "chan receive"};
    for (Addr i = 0; i < 4; ++i) {
      target_.putString(kReasons + 16 * i, kTexts + 32 * i, reasons[i]);
    }
    target_.put(kReasons + 64, std::uint64_t{0xffffffffffffffff});  // what follows is no string
    target_.put(kReasons + 72, std::uint64_t{0xffffffffffffffff});
  }

  /// As if nothing had been read.
  void startAnew() {
    layouts_ = nullptr;
    addLayouts();
    snapshot_.incomplete = {};
  }
  void addLayouts() {
    layouts_ = std::make_unique<test::SyntheticLayouts>();
    layouts_->add("runtime.stack", 16, {{"lo", 0, 8, "uintptr"}, {"hi", 8, 8, "uintptr"}});
    layouts_->add("runtime.gobuf", 32,
                  {{"sp", 0, 8, "uintptr"},
                   {"pc", 8, 8, "uintptr"},
                   {"g", 16, 8, "runtime.guintptr"},
                   {"lr", 24, 8, "uintptr"}});
    layouts_->add("runtime.g", kGSize,
                  {{"stack", kStack, 16, "runtime.stack"},
                   {"m", kM, 8, "*runtime.m"},
                   {"sched", kSched, 32, "runtime.gobuf"},
                   {"syscallsp", kSyscall, 8, "uintptr"},
                   {"syscallpc", kSyscall + 8, 8, "uintptr"},
                   {"param", kParam, 8, "unsafe.Pointer"},
                   {"atomicstatus", kStatus, 4, "uint32"},
                   {"goid", kGoid, 8, "uint64"},
                   {"waitsince", kWaitSince, 8, "int64"},
                   {"waitreason", kWaitReason, 1, "runtime.waitReason"},
                   {"lockedm", kLockedM, 8, "runtime.muintptr"},
                   {"gopc", kGopc, 8, "uintptr"},
                   {"startpc", kStartPc, 8, "uintptr"},
                   {"waiting", kWaiting, 8, "*runtime.sudog"},
                   {"labels", kLabels, 8, "unsafe.Pointer"},
                   {"selectDone", kSelectDone, 4, "uint32"},
                   {"parentGoid", kParent, 8, "uint64"}});
    layouts_->add("runtime.m", kMSize,
                  {{"g0", 0, 8, "*runtime.g"},
                   {"gsignal", 8, 8, "*runtime.g"},
                   {"curg", 16, 8, "*runtime.g"},
                   {"procid", 24, 8, "uint64"},
                   {"vdsoSP", 32, 8, "uintptr"},
                   {"vdsoPC", 40, 8, "uintptr"}});
  }

  static Addr gAt(std::uint64_t n) { return kGs + n * kGSize; }
  static Addr stackTop(std::uint64_t n) { return kStacks + (n + 1) * kStackSize; }

  /// Makes the n-th g, parked in gopark under main.worker.
  void makeG(std::uint64_t n, std::uint64_t goid, std::uint32_t status) {
    const Addr g = gAt(n), sp = stackTop(n) - 0x100;
    target_.put(g + kStack, kStacks + n * kStackSize);
    target_.put(g + kStack + 8, stackTop(n));
    target_.put(g + kSched, sp);
    target_.put(g + kSched + 8, entryOf(kGopark) + 9);
    target_.put(g + kSched + 16, g);
    target_.put(g + kStatus, status);
    target_.put(g + kGoid, goid);
    target_.put(g + kWaitReason, std::uint8_t{3});
    target_.put(g + kStartPc, entryOf(kWorker));
    lay(sp);
    if (n >= count_) count_ = n + 1;
  }

  /// Makes the n-th g one whose goroutine has ended, at `pc`.
  void makeDead(std::uint64_t n, std::uint32_t status, Addr pc) {
    makeG(n, n + 1, status);
    target_.put(gAt(n) + kSched + 8, pc);
  }

  /// gopark at sp, then main.worker, then goexit.
  void lay(Addr sp) {
    target_.put(sp + 0x18, entryOf(kWorker) + 9);
    target_.put(sp + 0x20 + 0x28, entryOf(kGoexit) + 1);
  }

  /// Makes the n-th g run on a new thread; returns its m.
  Addr makeRunning(std::uint64_t n, std::int32_t tid, Addr pc, Addr sp) {
    const Addr m = kMs + n * kMSize, g0 = gAt(40 + 2 * n), gsignal = gAt(41 + 2 * n);
    target_.put(gAt(n) + kM, m);
    target_.put(m, g0);
    target_.put(m + 8, gsignal);
    target_.put(m + 16, gAt(n));
    target_.put(m + 24, static_cast<std::uint64_t>(tid));
    target_.put(g0, kStacks + 40 * kStackSize);
    target_.put(g0 + 8, kStacks + 41 * kStackSize);
    target_.put(gsignal, kStacks + 50 * kStackSize);
    target_.put(gsignal + 8, kStacks + 51 * kStackSize);
    target::Thread thread;
    thread.tid = tid;
    thread.hasRegisters = true;
    thread.registers.pc = pc;
    thread.registers.sp = sp;
    target_.mutableThreads().push_back(thread);
    return m;
  }

  Result<void> read() {
    for (std::uint64_t i = 0; i < count_; ++i) target_.put(kAllgsArray + 8 * i, gAt(i));
    laySlice(kAllgsArray, count_);
    return readAsLaid();
  }

  /// runtime.allgs.
  void laySlice(Addr array, std::uint64_t length) {
    target_.put(kAllgs, array);
    target_.put(kAllgs + 8, length);
  }

  /// A list of one goroutine whose slice says that there are `length`.
  void listOneOf(std::uint64_t length) {
    makeG(0, 1, 4);
    target_.put(kAllgsArray, gAt(0));
    laySlice(kAllgsArray, length);
    target_.put(kAllglen, std::uint64_t{1});
  }

  Result<void> readAsLaid() {
    image::Image::Parts parts;
    parts.build.version.minor = 22;
    parts.functions = test::makeFunctions(target_, {{.name = "runtime.gopark", .frame = 0x18},
                                                    {.name = "main.worker", .frame = 0x28},
                                                    {.name = "runtime.goexit", .top = true},
                                                    {.name = "runtime.main", .frame = 0x28},
                                                    {.name = "runtime.bgsweep", .frame = 0x28},
                                                    {.name = "runtime.runfinq", .frame = 0x28},
                                                    {.name = "runtime.sigtramp", .frame = 0x38},
                                                    {.name = "runtime.goexit1"},
                                                    {.name = "runtime.corostart.deferwrap1"},
                                                    {.name = "gogo", .spWrite = true}});
    parts.layouts = std::move(layouts_);
    parts.symbols = {{"runtime.allgs", kAllgs},
                     {"runtime.waitReasonStrings", kReasons},
                     {"runtime.fingStatus", kFingStatus},
                     {"runtime.allglen", kAllglen}};
    image_ = image::Image::assemble(target_, std::move(parts));
    snapshot_.image = image_.get();
    bound_ = schema::bindLayouts(image_->layouts());
    if (!bound_) return tl::unexpected(bound_.error());
    readReasons(snapshot_);
    return readGoroutines(snapshot_, *bound_, observer_, nullptr);
  }

  std::vector<std::uint64_t> ids() const {
    std::vector<std::uint64_t> all;
    for (const Goroutine& g : snapshot_.goroutines) all.push_back(g.id);
    return all;
  }
  std::vector<Addr> pcsOf(std::uint64_t id) const {
    std::vector<Addr> all;
    for (const FramePc& frame : snapshot_.frames(*snapshot_.byId(id))) all.push_back(frame.pc);
    return all;
  }
  std::uint64_t incomplete(std::string_view what) const {
    std::uint64_t count = 0;
    for (const Incomplete& entry : snapshot_.incomplete.entries()) {
      if (entry.what == what) count += entry.count;
    }
    return count;
  }

  Observer* observer_ = nullptr;
  test::SyntheticTarget target_;
  std::unique_ptr<test::SyntheticLayouts> layouts_;
  std::unique_ptr<image::Image> image_;
  Result<schema::Layouts> bound_;
  Snapshot snapshot_;
  std::uint64_t count_ = 0;
};

/// Asks to stop once a stage is reported for the `times`-th time.
class StopsAt : public Observer {
 public:
  StopsAt(std::string_view stage, int times) : stage_(stage), times_(times) {}
  void progress(std::string_view stage, std::uint64_t, std::uint64_t) override {
    if (stage == stage_ && --times_ <= 0) stopped_ = true;
  }
  bool cancelled() override { return stopped_; }

 private:
  std::string_view stage_;
  int times_;
  bool stopped_ = false;
};

TEST_F(GoroutinesTest, InterruptedAmongStacksTheGoroutinesStay) {
  makeG(0, 7, 4);
  makeG(1, 1, 4);
  StopsAt stop("stacks", 1);
  observer_ = &stop;
  ASSERT_TRUE(read());
  EXPECT_TRUE(snapshot_.interrupted);
  EXPECT_THAT(ids(), ElementsAre(1, 7));
  EXPECT_TRUE(pcsOf(1).empty());
  EXPECT_EQ(snapshot_.byId(1)->sp, 0U);  // nobody looks for its stack later
  EXPECT_EQ(incomplete("stack"), 0U);    // not damaged
}

TEST_F(GoroutinesTest, InterruptedBeforeTheFirstGoroutineThereIsNothing) {
  makeG(0, 7, 4);
  StopsAt stop("goroutines", 1);
  observer_ = &stop;
  const auto done = read();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::interrupted);
}

TEST_F(GoroutinesTest, SortedByIdWithDeadOnesCounted) {
  makeG(0, 7, 4);
  makeG(1, 1, 4);
  makeDead(2, 6, entryOf(kGoexit1) + 9);
  makeDead(3, 11, entryOf(kGoexit) + 1);  // of a thread of C
  target_.put(gAt(3) + kM, kMs);
  target_.put(gAt(3) + kSched, stackTop(3) - 32);
  makeG(4, 5, 1);
  ASSERT_TRUE(read());
  EXPECT_THAT(ids(), ElementsAre(1, 5, 7));
  EXPECT_EQ(snapshot_.deadGoroutines, 2u);
  EXPECT_TRUE(snapshot_.incomplete.empty());
  EXPECT_EQ(snapshot_.byId(3), nullptr);
}

TEST_F(GoroutinesTest, WhoIsJustEndingOrBeginningIsDead) {
  makeDead(0, 6, entryOf(kGoexit1) + 9);
  target_.put(gAt(0) + kM, kMs);  // gdestroy has only begun
  makeDead(1, 6, entryOf(kCoroWrapper) + 9);
  makeDead(2, 6, entryOf(kGoexit1) + 9);  // its stack was not of the usual size
  target_.put(gAt(2) + kStack, Addr{0});
  target_.put(gAt(2) + kStack + 8, Addr{0});
  makeDead(3, 6, 0);  // new
  target_.put(gAt(3) + kSched, Addr{0});
  makeDead(4, 6, entryOf(kWorker));  // about to be runnable
  target_.put(gAt(4) + kSched, stackTop(4) - 40);
  makeG(5, 6, 1);
  ASSERT_TRUE(read());
  EXPECT_THAT(ids(), ElementsAre(6));
  EXPECT_EQ(snapshot_.deadGoroutines, 5u);
  EXPECT_EQ(snapshot_.lostRoot, "");
}

TEST_F(GoroutinesTest, WhoStandsElsewhereMayNotBeDead) {
  makeG(0, 1, 1);
  makeG(1, 2, 6);      // parked
  makeDead(2, 11, 0);  // runs: gogo has cleared the sp
  target_.put(gAt(2) + kM, kMs);
  target_.put(gAt(2) + kSched, Addr{0});
  makeDead(3, 6, entryOf(kWorker) + 9);  // in a system call of its first function
  target_.put(gAt(3) + kM, kMs);
  target_.put(gAt(3) + kSched, stackTop(3) - 32);
  makeG(4, 5, 0);  // zeroed
  ASSERT_TRUE(read());
  EXPECT_THAT(ids(), ElementsAre(1));
  EXPECT_EQ(snapshot_.deadGoroutines, 0u);
  EXPECT_EQ(incomplete("goroutine"), 4u);
  EXPECT_EQ(snapshot_.lostRoot, "goroutine: it may not be dead, as its status says");
}

TEST_F(GoroutinesTest, ASystemCallBeganSomewhere) {
  makeG(0, 1, 3);
  makeRunning(0, 501, entryOf(kWorker) + 0x33, stackTop(0) - 0x200);
  ASSERT_TRUE(read());
  EXPECT_THAT(ids(), ElementsAre(1));
  EXPECT_EQ(snapshot_.lostRoot, "goroutine: it may not be in a system call, as its status says");
}

TEST_F(GoroutinesTest, EqualStacksAreOne) {
  for (std::uint64_t n = 0; n < 20; ++n) makeG(n, n + 1, 4);
  ASSERT_TRUE(read());
  EXPECT_EQ(snapshot_.stacks.size(), 1u);
  EXPECT_EQ(snapshot_.pcs.size(), 3u);
  EXPECT_THAT(pcsOf(20),
              ElementsAre(entryOf(kGopark) + 9, entryOf(kWorker) + 9, entryOf(kGoexit) + 1));
}

TEST_F(GoroutinesTest, WhatTheGSays) {
  makeG(0, 1, 4 | 0x1000);
  target_.put(gAt(0) + kWaitSince, std::int64_t{1234});
  target_.put(gAt(0) + kLockedM, kMs);
  target_.put(gAt(0) + kGopc, entryOf(kRuntimeMain) + 5);
  target_.put(gAt(0) + kParent, std::uint64_t{99});
  target_.put(gAt(0) + kWaiting, Addr{0xc0000ffff0});
  target_.put(gAt(0) + kSelectDone, std::uint32_t{1});
  makeG(1, 2, 1);  // runnable: keeps an old reason and time
  target_.put(gAt(1) + kWaitSince, std::int64_t{1234});
  makeG(2, 3, 10);
  ASSERT_TRUE(read());
  const Goroutine& g = *snapshot_.byId(1);
  EXPECT_EQ(g.status, Status::waiting);
  EXPECT_TRUE(g.scan);
  EXPECT_EQ(snapshot_.reasons[g.reason].kind, ReasonClass::chanReceive);
  EXPECT_EQ(snapshot_.strings[snapshot_.reasons[g.reason].text], "chan receive");
  EXPECT_EQ(g.waitSince, 1234);
  EXPECT_TRUE(g.lockedToThread);
  EXPECT_EQ(g.creatorPc, entryOf(kRuntimeMain) + 5);
  EXPECT_EQ(g.parentId, 99u);
  EXPECT_EQ(g.waitingSudog, 0xc0000ffff0u);
  EXPECT_TRUE(g.selectDone);
  EXPECT_FALSE(g.system);
  EXPECT_EQ(snapshot_.byId(2)->waitSince, 0);
  EXPECT_EQ(snapshot_.byId(2)->reason, 0);
  EXPECT_EQ(snapshot_.byId(3)->status, Status::leaked) << "still visible as what it is";
  EXPECT_EQ(snapshot_.reasons[snapshot_.byId(3)->reason].kind, ReasonClass::chanReceive);
}

TEST_F(GoroutinesTest, AStackIsAPowerOfTwo) {
  for (std::uint64_t n = 0; n < 5; ++n) makeG(n, n + 1, 4);
  target_.put(gAt(1) + kStack, kStacks);                        // of 0x2000 bytes
  target_.put(gAt(2) + kStack, kStacks);                        // of 0x3000
  target_.put(gAt(3) + kStack, Addr{0x10000000000 - 0x2000});   // below by 2^40
  target_.put(gAt(4) + kStack, kStacks + 5 * kStackSize - 64);  // too small
  ASSERT_TRUE(read());
  EXPECT_THAT(ids(), ElementsAre(1, 2));
  EXPECT_EQ(incomplete("goroutine"), 3u);
  EXPECT_EQ(snapshot_.lostRoot, "goroutine: its stack bounds are impossible");
}

TEST_F(GoroutinesTest, GarbageCostsOnlyItself) {
  for (std::uint64_t n = 0; n < 10; ++n) makeG(n, n + 1, 4);
  target_.put(gAt(1) + kSched + 16, gAt(2));             // another g's
  target_.put(gAt(2) + kGoid, std::uint64_t{0});         // no id
  target_.put(gAt(3) + kStack + 8, kStacks);             // hi below lo
  target_.put(gAt(4) + kStatus, std::uint32_t{0x77});    // no such status
  target_.put(gAt(5) + kGoid, std::uint64_t{1});         // same as the first
  target_.put(gAt(6) + kSched, Addr{0});                 // sp outside
  target_.put(gAt(7) + kSched + 8, Addr{0x41414141});    // pc nowhere
  target_.put(gAt(8) + kWaitReason, std::uint8_t{200});  // unknown reason
  target_.put(gAt(9) + kStack, Addr{0xc100000000});      // stack in a hole
  target_.put(gAt(9) + kStack + 8, Addr{0xc100001000});
  target_.put(gAt(9) + kSched, Addr{0xc100000800});
  ASSERT_TRUE(read());
  EXPECT_THAT(ids(), ElementsAre(1, 7, 8, 9, 10));
  EXPECT_EQ(incomplete("goroutine"), 5u);
  EXPECT_EQ(snapshot_.lostRoot, "goroutine: its g does not point to itself");
  EXPECT_EQ(incomplete("stack"), 3u);
  EXPECT_TRUE(snapshot_.frames(*snapshot_.byId(7)).empty());
  EXPECT_EQ(snapshot_.byId(9)->reason, 0);
  EXPECT_THAT(pcsOf(10), ElementsAre(entryOf(kGopark) + 9));
  EXPECT_TRUE(snapshot_.stacks[snapshot_.byId(10)->stack].truncated);
}

TEST_F(GoroutinesTest, SystemRule) {
  const Addr starts[] = {entryOf(kRuntimeMain), entryOf(kBgSweep), entryOf(kRunfinq), 0x1234};
  for (std::uint64_t n = 0; n < 4; ++n) {
    makeG(n, n + 1, 4);
    target_.put(gAt(n) + kStartPc, starts[n]);
  }
  ASSERT_TRUE(read());
  EXPECT_FALSE(snapshot_.byId(1)->system) << "runtime.main runs main.main";
  EXPECT_TRUE(snapshot_.byId(2)->system);
  EXPECT_TRUE(snapshot_.byId(3)->system);
  EXPECT_FALSE(snapshot_.byId(4)->system);
}

TEST_F(GoroutinesTest, FinalizerGoroutineIsTheUsersWhileItRunsAFinalizer) {
  makeG(0, 1, 4);
  target_.put(gAt(0) + kStartPc, entryOf(kRunfinq));
  target_.put(kFingStatus, std::uint32_t{3});
  ASSERT_TRUE(read());
  EXPECT_FALSE(snapshot_.byId(1)->system);
}

TEST_F(GoroutinesTest, SyscallStartsWhereItWasEntered) {
  makeG(0, 1, 3);
  makeRunning(0, 501, 0xdead, 0xbeef);
  target_.put(gAt(0) + kSyscall, stackTop(0) - 0x200);
  target_.put(gAt(0) + kSyscall + 8, entryOf(kWorker) + 0x33);
  target_.put(stackTop(0) - 0x200 + 0x28, entryOf(kGoexit) + 1);
  ASSERT_TRUE(read());
  EXPECT_THAT(pcsOf(1), ElementsAre(entryOf(kWorker) + 0x33, entryOf(kGoexit) + 1));
  EXPECT_EQ(snapshot_.byId(1)->thread, 0u);
  EXPECT_EQ(snapshot_.lostRoot, "");
}

TEST_F(GoroutinesTest, RunningStartsAtItsThreadsRegisters) {
  makeG(0, 1, 2);
  lay(stackTop(0) - 0x300);
  makeRunning(0, 501, entryOf(kGopark) + 0x55, stackTop(0) - 0x300);
  ASSERT_TRUE(read());
  EXPECT_THAT(pcsOf(1),
              ElementsAre(entryOf(kGopark) + 0x55, entryOf(kWorker) + 9, entryOf(kGoexit) + 1));
  EXPECT_TRUE(snapshot_.frames(*snapshot_.byId(1))[0].exact);
  EXPECT_EQ(snapshot_.byId(1)->thread, 0u);
}

TEST_F(GoroutinesTest, RunningOnTheSystemStackStartsWhereItWillGoOn) {
  makeG(0, 1, 2);
  makeRunning(0, 501, entryOf(kBgSweep) + 9, kStacks + 40 * kStackSize + 0x800);
  ASSERT_TRUE(read());
  EXPECT_EQ(pcsOf(1).front(), entryOf(kGopark) + 9);
  EXPECT_FALSE(snapshot_.frames(*snapshot_.byId(1))[0].exact);
}

TEST_F(GoroutinesTest, RunningInTheVdsoStartsAtItsCaller) {
  makeG(0, 1, 2);
  const Addr m = makeRunning(0, 501, 0x7fff0000, kStacks + 40 * kStackSize + 0x800);
  target_.put(m + 32, stackTop(0) - 0x200);
  target_.put(m + 40, entryOf(kWorker) + 0x44);
  target_.put(stackTop(0) - 0x200 + 0x28, entryOf(kGoexit) + 1);
  ASSERT_TRUE(read());
  EXPECT_THAT(pcsOf(1), ElementsAre(entryOf(kWorker) + 0x44, entryOf(kGoexit) + 1));
}

TEST_F(GoroutinesTest, RunningUnderASignalHandlerStartsWhereTheSignalCame) {
  makeG(0, 1, 2);
  const Addr signalTop = kStacks + 51 * kStackSize;
  const Addr sp = signalTop - 0x600;
  makeRunning(0, 501, entryOf(kBgSweep) + 9, sp);
  target_.put(sp + 0x28, entryOf(kSigtramp) + 9);
  const Addr context = sp + 0x30 + 0x40;
  target_.put(context - 8, Addr{0x7f0000001234});  // __restore_rt
  target_.put(context + 160, stackTop(0) - 0x300);
  target_.put(context + 168, entryOf(kGopark) + 0x66);
  lay(stackTop(0) - 0x300);
  ASSERT_TRUE(read());
  EXPECT_EQ(pcsOf(1).front(), entryOf(kGopark) + 0x66);
  EXPECT_EQ(pcsOf(1).size(), 3u);
  EXPECT_TRUE(snapshot_.incomplete.empty());
}

TEST_F(GoroutinesTest, SignalInsideASignalHandler) {
  makeG(0, 1, 2);
  lay(stackTop(0) - 0x300);
  const Addr signalTop = kStacks + 51 * kStackSize;
  const Addr inner = signalTop - 0x800, outer = signalTop - 0x400;
  makeRunning(0, 501, entryOf(kBgSweep) + 9, inner);
  target_.put(inner + 0x28, entryOf(kSigtramp) + 9);
  target_.put(inner + 0x70 + 160, outer);  // interrupted while it ran on the same stack
  target_.put(inner + 0x70 + 168, entryOf(kBgSweep) + 20);
  target_.put(outer + 0x28, entryOf(kSigtramp) + 9);
  target_.put(outer + 0x70 + 160, stackTop(0) - 0x300);
  target_.put(outer + 0x70 + 168, entryOf(kGopark) + 0x66);
  ASSERT_TRUE(read());
  EXPECT_EQ(pcsOf(1).front(), entryOf(kGopark) + 0x66);
}

TEST_F(GoroutinesTest, SignalFramesInACircleEnd) {
  makeG(0, 1, 2);
  const Addr sp = kStacks + 51 * kStackSize - 0x400;
  makeRunning(0, 501, entryOf(kBgSweep) + 9, sp);
  target_.put(sp + 0x28, entryOf(kSigtramp) + 9);
  target_.put(sp + 0x70 + 160, sp);
  target_.put(sp + 0x70 + 168, entryOf(kBgSweep) + 9);
  ASSERT_TRUE(read());
  EXPECT_FALSE(snapshot_.momentary.empty());
  EXPECT_TRUE(pcsOf(1).empty());
}

TEST_F(GoroutinesTest, RunningWhereNobodyKnowsSaysSo) {
  for (std::uint64_t n = 0; n < 5; ++n) makeG(n, n + 1, 2);
  makeRunning(0, 501, 0x7f00000000, 0x7f11111111);  // C code on a stack of C
  makeRunning(1, 502, entryOf(kGopark) + 1, stackTop(1) - 0x300);
  target_.mutableThreads()[1].hasRegisters = false;
  const Addr m = makeRunning(2, 503, 0, kStacks + 40 * kStackSize + 8);
  target_.put(m + 16, gAt(9));  // its curg is another
  const Addr gone = makeRunning(3, 504, 0, 0);
  target_.put(gone + 24, std::uint64_t{99999});  // no such thread
  ASSERT_TRUE(read());                           // the fifth has no m
  EXPECT_EQ(incomplete("stack"), 5u);
  for (const Goroutine& g : snapshot_.goroutines) EXPECT_EQ(g.stack, kNone) << g.id;
}

// The pair that morestack saved stays true while the stack is copied, whichever of the two the
// bounds name.
TEST_F(GoroutinesTest, AStackThatMovesIsReadFromWhereItWasSaved) {
  makeG(0, 1, 8);
  target_.put(gAt(0) + kSyscall, Addr{0x1234});  // left over
  makeRunning(0, 501, entryOf(kBgSweep) + 9, kStacks + 40 * kStackSize + 0x800);
  ASSERT_TRUE(read());
  EXPECT_THAT(pcsOf(1),
              ElementsAre(entryOf(kGopark) + 9, entryOf(kWorker) + 9, entryOf(kGoexit) + 1));
  EXPECT_EQ(snapshot_.byId(1)->thread, 0u);
  EXPECT_TRUE(snapshot_.byId(1)->stackMoves());
  EXPECT_TRUE(snapshot_.incomplete.empty());
  EXPECT_TRUE(snapshot_.momentary.empty());
}

// The new bounds are in place, the pointer is still of the old stack: of one that can run anyhow
// that is no damage.
TEST_F(GoroutinesTest, BetweenTheStacksOnlyTheMomentIsSaid) {
  makeG(0, 1, 8);
  target_.put(gAt(0) + kSched, stackTop(3) - 0x100);
  ASSERT_TRUE(read());
  EXPECT_EQ(incomplete("stack"), 0u);
  EXPECT_FALSE(snapshot_.momentary.empty());
  EXPECT_FALSE(snapshot_.passing);
  EXPECT_EQ(snapshot_.lostRoot, "");
}

TEST_F(GoroutinesTest, OfOneThatIsBlockedTheWaitIsNotKnownForTheMoment) {
  makeG(0, 1, 4 | 0x1000);
  target_.put(gAt(0) + kSched, stackTop(3) - 0x100);
  ASSERT_TRUE(read());
  EXPECT_EQ(incomplete("stack"), 1u);
  EXPECT_TRUE(snapshot_.momentary.empty());
  EXPECT_TRUE(snapshot_.passing);
  EXPECT_EQ(snapshot_.lostRoot, "");
}

// gogo has the goroutine's stack, and jumps to the saved pc next.
TEST_F(GoroutinesTest, InGogoTheSavedPcComesNext) {
  makeG(0, 1, 2);
  target_.put(gAt(0) + kSched, Addr{0});
  makeRunning(0, 501, entryOf(kGogo) + 9, stackTop(0) - 0x100);
  ASSERT_TRUE(read());
  EXPECT_THAT(pcsOf(1),
              ElementsAre(entryOf(kGopark) + 9, entryOf(kWorker) + 9, entryOf(kGoexit) + 1));
  EXPECT_TRUE(snapshot_.momentary.empty());
}

TEST_F(GoroutinesTest, ANewGoroutineHasNoIdForAMoment) {
  makeG(0, 1, 4);
  makeG(1, 0, 1);
  ASSERT_TRUE(read());
  EXPECT_EQ(snapshot_.lostRoot, "goroutine: its id is impossible");
  EXPECT_TRUE(snapshot_.passing);
}

TEST_F(GoroutinesTest, WhatIsWrongWithABlockedOneDoesNotPass) {
  makeG(0, 1, 4);
  makeG(1, 0, 4);
  ASSERT_TRUE(read());
  EXPECT_EQ(snapshot_.lostRoot, "goroutine: its id is impossible");
  EXPECT_FALSE(snapshot_.passing);
}

TEST_F(GoroutinesTest, TheListGrowsBeforeItsEntryIsWritten) {
  listOneOf(2);
  ASSERT_TRUE(readAsLaid());
  EXPECT_EQ(snapshot_.lostRoot, "");
}

TEST_F(GoroutinesTest, TheListGrowsByOneAndNotByTwo) {
  listOneOf(3);
  ASSERT_TRUE(readAsLaid());
  EXPECT_NE(snapshot_.lostRoot, "");
}

TEST_F(GoroutinesTest, MissingRequiredFieldsAreOneError) {
  layouts_->add("runtime.m", kMSize, {{"g0", 0, 8, "*runtime.g"}});
  const auto result = read();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::unsupported);
  EXPECT_THAT(result.error().message, ::testing::HasSubstr("procid"));
  EXPECT_THAT(result.error().message, ::testing::HasSubstr("curg"));
}

TEST_F(GoroutinesTest, NothingButGarbageIsAnError) {
  for (std::uint64_t n = 0; n < 3; ++n) {
    makeG(n, n + 1, 4);
    target_.put(gAt(n) + kSched + 16, Addr{1});
  }
  const auto result = read();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::mismatch);
}

TEST_F(GoroutinesTest, LyingListIsBounded) {
  makeG(0, 1, 4);
  target_.put(kAllgsArray, gAt(0));
  laySlice(kAllgsArray, std::uint64_t{1} << 60);
  EXPECT_FALSE(readAsLaid());
}

TEST_F(GoroutinesTest, ListThatEndsInAHoleIsReadAsFarAsItGoes) {
  makeG(0, 1, 4);
  const Addr last = kGs + 0x30000 - 8;
  target_.put(last, gAt(0));
  laySlice(last, 1000);
  ASSERT_TRUE(readAsLaid());
  EXPECT_THAT(ids(), ElementsAre(1));
  EXPECT_EQ(incomplete("goroutines"), 1u);
  EXPECT_NE(snapshot_.lostRoot, "");
}

TEST_F(GoroutinesTest, AStackThatEndsNowhereIsSaid) {
  for (std::uint64_t n = 0; n < 2; ++n) makeG(n, n + 1, 4);
  target_.put(gAt(1) + kStack + 8, kStacks + kStackSize + (std::uint64_t{1} << 31));
  ASSERT_TRUE(read());
  EXPECT_THAT(ids(), ElementsAre(1, 2));
  EXPECT_EQ(incomplete("stack"), 1u);
  EXPECT_EQ(snapshot_.lostRoot, "");
}

// What is missing may lie behind the cut; of a core that is whole it is an error.
TEST_F(GoroutinesTest, WithoutTheListACoreThatIsCutOffStillHasAReport) {
  for (const bool cutOff : {false, true}) {
    if (cutOff) target_.setCutOff();
    startAnew();
    laySlice(0xdead0000, 12);
    const auto result = readAsLaid();
    ASSERT_EQ(result.has_value(), cutOff);
    if (!cutOff) {
      EXPECT_EQ(result.error().code, ErrorCode::unreadable);
      EXPECT_THAT(result.error().message, ::testing::HasSubstr("12 of them at 0xdead0000"));
    } else {
      EXPECT_EQ(incomplete("goroutines"), 1u);
      EXPECT_EQ(snapshot_.lostRoot, "goroutines: the list of them is not in the target");
    }
  }
}

TEST_F(GoroutinesTest, ACoreThatIsCutOffMayHaveNoGoroutineLeft) {
  for (const bool cutOff : {false, true}) {
    if (cutOff) target_.setCutOff();
    startAnew();
    target_.put(kAllgsArray, Addr{0xdead0000});
    laySlice(kAllgsArray, 1);
    EXPECT_EQ(readAsLaid().has_value(), cutOff);
    EXPECT_EQ(incomplete("goroutine"), 1u);
    EXPECT_TRUE(snapshot_.goroutines.empty());
  }
}

}  // namespace
}  // namespace parked::golang
