// runtime.schedt: what the scheduler counts. Mirrors runtime/runtime2.go, Go 1.18 to 1.27.
#pragma once

#include <cstdint>

#include "image/layout.h"

namespace parked::schema {

struct SchedLayout {
  image::Field<std::uint64_t> goids;           ///< the last id that was given
  image::Field<std::uint64_t> threads, freed;  ///< m's that were made, and that have ended
  image::Field<std::int64_t> lastPoll;         ///< of the network, monotonic ns

  static SchedLayout of(image::LayoutSource& source);
};

}  // namespace parked::schema
