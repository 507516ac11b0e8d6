// runtime.mstats: when the last collection ended. Mirrors runtime/mstats.go, Go 1.18 to 1.27.
#pragma once

#include <array>
#include <cstdint>

#include "image/layout.h"

namespace parked::schema {

struct MstatsLayout {
  std::uint32_t size = 0;
  image::Field<std::uint64_t> lastGcUnix, lastGcNanotime;  ///< ns; wall clock, monotonic
  image::Field<std::uint32_t> numGc;
  /// When the last collections ended, wall clock, ns: a ring, the entry of the first one is 0.
  image::Field<std::array<std::uint64_t, 256>> pauseEnd;

  static MstatsLayout of(image::LayoutSource& source);
};

}  // namespace parked::schema
