// The fields of the runtime's structs that the goroutine and stack walkers read, bound once per
// target. Mirrors runtime/runtime2.go and runtime/mstats.go, Go 1.18 to 1.27.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "image/layout.h"

namespace parked::golang {

/// runtime.g, with its embedded stack and gobuf.
struct GLayout {
  std::uint32_t size = 0;
  image::Field<Addr> stackLo, stackHi;
  image::Field<Addr> m;
  image::Field<Addr> schedSp, schedPc, schedG, schedLr;
  image::Field<Addr> syscallSp, syscallPc;
  image::Field<Addr> param;
  image::Field<std::uint32_t> atomicStatus;
  image::Field<std::uint64_t> goid;
  image::Field<std::int64_t> waitSince;
  image::Field<std::uint8_t> waitReason;
  image::Field<Addr> lockedM;
  image::Field<std::uint64_t> parentGoid;  ///< since 1.21
  image::Field<Addr> gopc, startPc;
  image::Field<Addr> waiting;
  image::Field<Addr> labels;
  image::Field<std::uint32_t> selectDone;
  image::Field<std::uint8_t> runningCleanups;  ///< since 1.25
  image::Field<Addr> bubble;                   ///< synctest, since 1.24
  image::Field<Addr> panic, deferred;          ///< the innermost ones that are in progress
};

/// runtime.m: the thread a goroutine runs on.
struct MLayout {
  std::uint32_t size = 0;
  image::Field<Addr> g0, gsignal, curg;
  image::Field<std::uint64_t> procId;
  image::Field<Addr> vdsoSp, vdsoPc;
};

/// runtime.p, runtime.schedt and runtime.mstats: the places that hold a monotonic time.
struct ClockLayout {
  std::uint32_t pSize = 0;
  image::Field<std::int64_t> schedWhen, syscallWhen;
  image::Field<std::int64_t> lastPoll;
  std::uint32_t statsSize = 0;
  image::Field<std::uint64_t> lastGcUnix, lastGcNanotime;
  image::Field<std::uint32_t> numGc;
};

struct Layouts {
  GLayout g;
  MLayout m;
  ClockLayout clock;
};

/// Binds them. An error names every required field that is missing; fields only the clock needs
/// are never required.
Result<Layouts> bindLayouts(image::LayoutSource& source);

}  // namespace parked::golang
