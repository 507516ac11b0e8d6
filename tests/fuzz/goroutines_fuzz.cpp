// room: golang
// with: unit/golang/synthetic.cpp
// Goroutines, stacks, signal frames, labels and clocks of a small intact runtime into which the
// input writes: the first byte is the minor Go version, then each four bytes are the number of a
// word and what it becomes.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "golang/clock.h"
#include "golang/goroutines.h"
#include "golang/reasons.h"
#include "golang/synthetic.h"
#include "golang/unwind.h"

namespace {

using namespace parked;
using namespace parked::golang;
using test::entryOf;

constexpr Addr kMemory = 0xc000000000;
constexpr std::size_t kWords = 1 << 14;
constexpr Addr kGlobals = kMemory;      // one page
constexpr Addr kGs = kMemory + 0x1000;  // 16 g's of 256 bytes
constexpr Addr kMs = kMemory + 0x2000;  // 16 m's of 64 bytes
constexpr Addr kLabels = kMemory + 0x3000;
constexpr Addr kStacks = kMemory + 0x8000;  // 16 stacks of a page
constexpr std::uint64_t kGSize = 256, kMSize = 64, kPage = 0x1000;
constexpr std::uint64_t kGoroutines = 12;

std::unique_ptr<test::SyntheticLayouts> layouts() {
  auto all = std::make_unique<test::SyntheticLayouts>();
  all->add("runtime.g", kGSize,
           {{"stack", 0, 16, "runtime.stack"},
            {"m", 16, 8, ""},
            {"sched", 24, 32, "runtime.gobuf"},
            {"syscallsp", 56, 8, ""},
            {"syscallpc", 64, 8, ""},
            {"param", 72, 8, ""},
            {"atomicstatus", 80, 4, ""},
            {"waitreason", 84, 1, ""},
            {"runningCleanups", 85, 1, ""},
            {"goid", 88, 8, ""},
            {"waitsince", 96, 8, ""},
            {"lockedm", 104, 8, ""},
            {"gopc", 112, 8, ""},
            {"startpc", 120, 8, ""},
            {"waiting", 128, 8, ""},
            {"labels", 136, 8, ""},
            {"selectDone", 144, 4, ""},
            {"parentGoid", 152, 8, ""},
            {"bubble", 160, 8, ""}});
  all->add("runtime.stack", 16, {{"lo", 0, 8, ""}, {"hi", 8, 8, ""}});
  all->add("runtime.gobuf", 32,
           {{"sp", 0, 8, ""}, {"pc", 8, 8, ""}, {"g", 16, 8, ""}, {"lr", 24, 8, ""}});
  all->add("runtime.m", kMSize,
           {{"g0", 0, 8, ""},
            {"gsignal", 8, 8, ""},
            {"curg", 16, 8, ""},
            {"procid", 24, 8, ""},
            {"vdsoSP", 32, 8, ""},
            {"vdsoPC", 40, 8, ""}});
  all->add("runtime.synctestBubble", 16, {{"id", 8, 8, ""}});
  all->add("runtime.hmap", 48,
           {{"count", 0, 8, ""},
            {"flags", 8, 1, ""},
            {"B", 9, 1, ""},
            {"buckets", 16, 8, ""},
            {"oldbuckets", 24, 8, ""}});
  all->add("runtime.p", 32, {{"sysmontick", 0, 32, "runtime.sysmontick"}});
  all->add("runtime.sysmontick", 32, {{"schedwhen", 8, 8, ""}, {"syscallwhen", 24, 8, ""}});
  all->add("runtime.schedt", 16, {{"lastpoll", 8, 8, ""}});
  all->add("runtime.mstats", 32,
           {{"last_gc_unix", 0, 8, ""}, {"last_gc_nanotime", 8, 8, ""}, {"numgc", 16, 4, ""}});
  return all;
}

void putGoroutine(test::SyntheticTarget& target, std::uint64_t n) {
  const Addr g = kGs + n * kGSize, top = kStacks + (n + 1) * kPage, sp = top - 0x100;
  const std::uint32_t statuses[] = {4, 2, 3, 1};
  target.put(g, top - kPage);
  target.put(g + 8, top);
  target.put(g + 16, kMs + n * kMSize);
  target.put(g + 24, sp);
  target.put(g + 32, entryOf(0) + 9);
  target.put(g + 40, g);
  target.put(g + 80, statuses[n % 4]);
  target.put(g + 88, n + 1);
  target.put(g + 120, entryOf(1));
  target.put(g + 136, kLabels);
  target.put(sp + 0x18, entryOf(1) + 9);
  target.put(sp + 0x48, entryOf(2) + 1);
  target.put(kGlobals + 0x800 + 8 * n, g);
  const Addr m = kMs + n * kMSize;
  target.put(m, kGs + 14 * kGSize);
  target.put(m + 8, kGs + 15 * kGSize);
  target.put(m + 16, g);
  target.put(m + 24, n + 100);
}

/// A thread on its own stack, in a signal handler, or on the system stack.
void putThread(test::SyntheticTarget& target, std::uint64_t n) {
  target::Thread thread;
  thread.tid = static_cast<std::int32_t>(n + 100);
  thread.hasRegisters = true;
  thread.registers.pc = entryOf(0) + 9;
  const Addr signal = kStacks + 16 * kPage - 0x400;
  const Addr points[] = {kStacks + (n + 1) * kPage - 0x100, signal, kStacks + 15 * kPage - 0x100};
  thread.registers.sp = points[n / 4 % 3];
  target.mutableThreads().push_back(thread);
  target.put(signal + 0x18, entryOf(3) + 9);
  const Addr context = signal + 0x20 + 0x40;
  target.put(context + 160, kStacks + (n + 1) * kPage - 0x100);
  target.put(context + 168, entryOf(0) + 9);
}

void fill(test::SyntheticTarget& target, int minor) {
  target.map(kMemory, kWords * 8);
  target.put(kGlobals, kGlobals + 0x800);  // allgs
  target.put(kGlobals + 8, kGoroutines);
  for (Addr g = kGs + 14 * kGSize, n = 14; n < 16; ++n, g += kGSize) {
    target.put(g, kStacks + n * kPage);
    target.put(g + 8, kStacks + (n + 1) * kPage);
  }
  for (std::uint64_t n = 0; n < kGoroutines; ++n) {
    putGoroutine(target, n);
    putThread(target, n);
  }
  target.putString(kGlobals + 0x110, kGlobals + 0x300, "GC assist marking");
  target.put(kLabels, kLabels + 0x100);
  if (minor >= 24) {
    target.put(kLabels + 8, std::uint64_t{1});
    target.putString(kLabels + 0x100, kLabels + 0x80, "key");
    return;
  }
  target.put(kLabels + 0x100, std::uint64_t{1});
  target.put(kLabels + 0x110, kLabels + 0x200);
  target.put(kLabels + 0x200, std::uint8_t{9});
  target.putString(kLabels + 0x208, kLabels + 0x80, "key");
}

/// One of the values that mean something in such a memory.
std::uint64_t valueOf(std::uint16_t code) {
  const std::uint64_t low = code & 0x3fff;
  switch (code >> 14) {
    case 0:
      return low;
    case 1:
      return kMemory + 8 * low;
    case 2:
      return entryOf(0) + low % 0x600;
    default:
      return ~low << (low % 4 * 16);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const int minor = 18 + data[0] % 10;
  test::SyntheticTarget target;
  fill(target, minor);
  for (std::size_t i = 1; i + 4 <= size; i += 4) {
    const auto word = static_cast<std::uint16_t>(data[i] | data[i + 1] << 8);
    const auto code = static_cast<std::uint16_t>(data[i + 2] | data[i + 3] << 8);
    target.put(kMemory + 8 * (word % kWords), valueOf(code));
  }

  image::Image::Parts parts;
  parts.build.version.minor = minor;
  parts.functions = test::makeFunctions(target, {{.name = "runtime.gopark", .frame = 0x18},
                                                 {.name = "main.worker", .frame = 0x28},
                                                 {.name = "runtime.goexit", .top = true},
                                                 {.name = "runtime.sigtramp", .frame = 0x38},
                                                 {.name = "runtime.asyncPreempt", .frame = 8},
                                                 {.name = "runtime.gogo", .spWrite = true}});
  parts.layouts = layouts();
  parts.symbols = {
      {"runtime.allgs", kGlobals},           {"runtime.waitReasonStrings", kGlobals + 0x100},
      {"runtime.allp", kGlobals + 0x20},     {"runtime.sched", kGlobals + 0x40},
      {"runtime.memstats", kGlobals + 0x60}, {"runtime.runtimeInitTime", kGlobals + 0x90}};
  target.setWallTimeNs(std::int64_t{1} << 60);
  const auto image = image::Image::assemble(target, std::move(parts));
  const auto bound = schema::bindLayouts(image->layouts());
  if (!bound) std::abort();

  Snapshot snapshot;
  snapshot.image = image.get();
  readReasons(snapshot);
  if (!readGoroutines(snapshot, *bound, nullptr, nullptr)) return 0;
  readRuntimeState(snapshot);
  readClock(snapshot);
  for (const Goroutine& goroutine : snapshot.goroutines) {
    const auto frames = framesOf(snapshot, goroutine);
    if (frames.size() != snapshot.frames(goroutine).size()) std::abort();
    for (const Frame& frame : frames) {
      if (frame.fp > goroutine.stackHi || frame.sp < goroutine.stackLo) std::abort();
      formatArguments(*image, frame);
    }
  }
  return 0;
}
