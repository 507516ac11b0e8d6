// runtime.g: a goroutine. Mirrors runtime/runtime2.go, Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/layout.h"

namespace parked::schema {

/// runtime._Gscan: set in a status while the collector scans the stack.
inline constexpr std::uint32_t kScanBit = 0x1000;

/// The fields of a g, with those of the structs inside of it. A field that the target's release
/// does not have is absent.
struct GLayout {
  std::uint32_t size = 0;
  image::Field<Addr> stackLo, stackHi;
  image::Field<Addr> m;
  image::Field<Addr> schedSp, schedPc, schedG, schedLr;
  image::Field<Addr> schedContext;         ///< the closure that it begins with
  image::Field<std::uint64_t> schedFrame;  ///< its frame pointer
  image::Field<Addr> syscallSp, syscallPc;
  image::Field<Addr> param;
  image::Field<std::uint32_t> atomicStatus;
  image::Field<std::uint64_t> goid;
  image::Field<std::int64_t> waitSince;
  image::Field<std::uint8_t> waitReason;
  image::Field<Addr> lockedM;
  image::Field<std::uint64_t> parentGoid;  ///< since 1.21
  image::Field<Addr> gopc, startPc;
  image::Field<Addr> ancestors;  ///< a slice, with GODEBUG=tracebackancestors
  image::Field<Addr> waiting;
  image::Field<Addr> labels;
  image::Field<std::uint32_t> selectDone;
  image::Field<Addr> coroutine;                ///< since 1.23
  image::Field<std::uint8_t> runningCleanups;  ///< since 1.25
  image::Field<Addr> bubble;                   ///< synctest, since 1.24
  image::Field<Addr> panic, deferred;          ///< the innermost ones that are in progress
  image::Field<Addr> savedRegisters;           ///< since 1.26: of an asynchronous preemption
  // The timer of time.Sleep, when it was due (since 1.23), and when the scheduler last noted it.
  image::Field<Addr> timer;
  image::Field<std::int64_t> sleepWhen, trackingStamp;
  // The fault that its last panic was made of.
  image::Field<std::uint32_t> signal;
  image::Field<std::uint64_t> signalCode, faultAddress, signalPc;

  /// To `missing` go the names of fields that no walker of goroutines can do without.
  static GLayout of(image::LayoutSource& source, std::vector<std::string>& missing);
  static GLayout of(image::LayoutSource& source);
};

}  // namespace parked::schema
