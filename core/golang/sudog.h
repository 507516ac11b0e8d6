// runtime.sudog: a goroutine's place in a queue (runtime/runtime2.go, Go 1.18 to 1.27).
#pragma once

#include <string>
#include <vector>

#include "image/layout.h"

namespace parked::golang {

/// Since 1.26 elem and c are a pair of words: `vp` for the garbage collector, nil while it looks
/// for leaked goroutines, and `vu`, which always holds the address.
struct SudogLayout {
  std::uint32_t size = 0;
  image::Field<Addr> g, next, prev, waitLink, elem, channel;
  image::Field<std::uint8_t> isSelect;

  /// False if the layout lacks something; `missing` says what.
  bool bind(image::LayoutSource& layouts, std::vector<std::string>& missing) {
    const std::size_t before = missing.size();
    image::Binder binder(layouts, "runtime.sudog", missing);
    size = binder.size();
    binder.required(g, "g");
    binder.required(next, "next");
    binder.required(prev, "prev");
    binder.required(waitLink, "waitlink");
    binder.required(elem, "elem.vu", "elem");
    binder.required(channel, "c.maybeTraceablePtr.vu", "c.vu", "c");
    binder.required(isSelect, "isSelect");
    return binder.found() && missing.size() == before;
  }

  /// Empty if it is not readable; nil is not asked for, which would count as a hole.
  image::Object read(target::AddressSpace& memory, Addr address) const {
    if (address == 0) return {};
    return image::readObject(memory, address, size);
  }
};

}  // namespace parked::golang
