// A Go program with goroutines, threads and code, but without a heap: for what is read of stacks
// and threads.
#pragma once

#include <memory>
#include <utility>

#include "golang/snapshot.h"
#include "golang/synthetic.h"

namespace parked::test {

class SmallRuntime {
 public:
  static constexpr Addr kData = 0xa00000, kGs = 0xc000000000, kStacks = 0xc000100000;
  static constexpr std::uint64_t kStackSize = 0x1000;
  enum M : std::uint32_t { kG0 = 0, kGsignal = 8, kCurg = 16, kProcId = 24, kP = 32, kNext = 40 };
  enum Function : std::uint32_t { kGopark, kWorker, kGoexit };

  SmallRuntime() {
    target_.map(kData, 0x1000);
    target_.map(kGs, 0x10000);
    target_.map(kStacks, 16 * kStackSize);
  }

  SyntheticTarget& target() { return target_; }
  static Addr gAt(std::uint64_t n) { return kGs + n * 256; }
  static Addr mAt(std::uint64_t n) { return kGs + 0x8000 + n * 64; }
  static Addr stackTop(std::uint64_t n) { return kStacks + (n + 1) * kStackSize; }

  /// The n-th goroutine, parked in gopark under main.worker.
  golang::Goroutine& park(std::uint64_t n) {
    golang::Goroutine& goroutine = snapshot_.goroutines.emplace_back();
    goroutine.address = gAt(n);
    goroutine.id = n + 1;
    goroutine.status = golang::Status::waiting;
    goroutine.stackLo = stackTop(n) - kStackSize;
    goroutine.stackHi = stackTop(n);
    goroutine.sp = stackTop(n) - 0x100;
    goroutine.pc = entryOf(kGopark) + 9;
    goroutine.stack = 0;
    target_.put(goroutine.sp + 0x18, entryOf(kWorker) + 9);
    target_.put(goroutine.sp + 0x20 + 0x28, entryOf(kGoexit) + 1);
    snapshot_.pcs.clear();
    for (const Addr pc : {goroutine.pc, entryOf(kWorker) + 9, entryOf(kGoexit) + 1}) {
      snapshot_.pcs.push_back({.pc = pc & (~Addr{0} >> 1), .exact = 0});
    }
    snapshot_.stacks.assign(1, {.first = 0, .count = 3, .truncated = false});
    return goroutine;
  }

  /// Why all of them are parked.
  void reason(golang::ReasonClass kind) { snapshot_.reasons.assign(1, {.kind = kind}); }

  /// The only thread that the runtime knows of.
  Addr thread() {
    target_.put(kData, mAt(0));
    target_.put(kData + 0x100, std::uint64_t{1});
    return mAt(0);
  }

  const golang::Snapshot& snapshot() {
    image::Image::Parts parts;
    parts.build.version.minor = 22;
    parts.functions = makeFunctions(target_, {{.name = "runtime.gopark", .frame = 0x18},
                                              {.name = "main.worker", .frame = 0x28},
                                              {.name = "runtime.goexit", .top = true}});
    parts.layouts = layouts();
    parts.symbols = {{"runtime.allm", kData}, {"runtime.sched", kData + 0x100}};
    image_ = image::Image::assemble(target_, std::move(parts));
    snapshot_.image = image_.get();
    return snapshot_;
  }

 private:
  static std::unique_ptr<SyntheticLayouts> layouts() {
    auto all = std::make_unique<SyntheticLayouts>();
    all->add("runtime.stack", 16, {{"lo", 0, 8, ""}, {"hi", 8, 8, ""}});
    all->add("runtime.gobuf", 40,
             {{"sp", 0, 8, ""},
              {"pc", 8, 8, ""},
              {"g", 16, 8, ""},
              {"lr", 24, 8, ""},
              {"ctxt", 32, 8, ""}});
    all->add("runtime.g", 256,
             {{"stack", 0, 16, "runtime.stack"},
              {"m", 16, 8, ""},
              {"sched", 24, 40, "runtime.gobuf"},
              {"syscallsp", 64, 8, ""},
              {"syscallpc", 72, 8, ""},
              {"param", 80, 8, ""},
              {"atomicstatus", 88, 4, ""},
              {"goid", 96, 8, ""},
              {"waitsince", 104, 8, ""},
              {"waitreason", 112, 1, ""},
              {"lockedm", 120, 8, ""},
              {"gopc", 128, 8, ""},
              {"startpc", 136, 8, ""},
              {"waiting", 144, 8, ""},
              {"labels", 152, 8, ""},
              {"selectDone", 160, 4, ""},
              {"_defer", 168, 8, ""},
              {"_panic", 176, 8, ""}});
    all->add("runtime._defer", 16, {{"fn", 0, 8, ""}, {"link", 8, 8, ""}});
    all->add("runtime.m", 64,
             {{"g0", kG0, 8, ""},
              {"gsignal", kGsignal, 8, ""},
              {"curg", kCurg, 8, ""},
              {"procid", kProcId, 8, ""},
              {"p", kP, 8, ""},
              {"alllink", kNext, 8, ""}});
    all->add("runtime.schedt", 16, {{"mnext", 0, 8, ""}, {"nmfreed", 8, 8, ""}});
    return all;
  }

  SyntheticTarget target_;
  std::unique_ptr<image::Image> image_;
  golang::Snapshot snapshot_;
};

}  // namespace parked::test
