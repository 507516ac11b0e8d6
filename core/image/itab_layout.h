// What an interface value's first word leads to. Mirrors internal/abi/iface.go (runtime/runtime2.go
// before 1.22), Go 1.18 to 1.27.
#pragma once

#include <cstdint>

#include "image/layout.h"

namespace parked::image {

struct ItabLayout {
  std::uint32_t size = 0;
  Field<Addr> type;       ///< the descriptor of what the interface holds
  Field<Addr> interface;  ///< the interface's own

  static ItabLayout of(LayoutSource& layouts);
};

}  // namespace parked::image
