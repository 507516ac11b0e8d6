// runtime._defer: a call that was deferred. Mirrors runtime/runtime2.go, Go 1.18 to 1.27.
#pragma once

#include <cstdint>

#include "image/layout.h"

namespace parked::schema {

struct DeferLayout {
  std::uint32_t size = 0;
  image::Field<Addr> function, link;
  image::Field<std::uint8_t> started;  ///< up to 1.21; since then it leaves the list before it runs

  static DeferLayout of(image::LayoutSource& source);
};

}  // namespace parked::schema
