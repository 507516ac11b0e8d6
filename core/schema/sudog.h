// runtime.sudog: a goroutine's place in a queue. Mirrors runtime/runtime2.go, Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "image/layout.h"

namespace parked::schema {

/// Since 1.26 elem and c are a pair of words: `vp` for the garbage collector, nil while it looks
/// for leaked goroutines, and `vu`, which always holds the address. Before, both are the same word.
struct SudogLayout {
  std::uint32_t size = 0;
  image::Field<Addr> g, next, prev, waitLink, elem, channel;
  image::Field<Addr> tracedElem, tracedChannel;  ///< as the collector follows them
  image::Field<std::uint8_t> isSelect;

  /// To `missing` go the names of fields that no walker of queues can do without.
  static SudogLayout of(image::LayoutSource& source, std::vector<std::string>& missing);
  static SudogLayout of(image::LayoutSource& source);

  /// Empty if it is not readable; nil is not asked for, which would count as a hole.
  image::Object read(target::AddressSpace& memory, Addr address) const {
    if (address == 0) return {};
    return image::readObject(memory, address, size);
  }
};

}  // namespace parked::schema
