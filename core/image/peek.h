// Reading memory that may not be what it is held for.
#pragma once

#include "target/address_space.h"

namespace parked::image {

/// Reads without counting a hole when there is nothing: a candidate is not a part of the target
/// that was expected to be there.
template <class T>
bool peek(target::AddressSpace& memory, Addr address, T& out) {
  return memory.contains(address) && memory.contains(address + sizeof(T) - 1) &&
         memory.read(address, out);
}

inline bool isPointer(Addr address) { return address != 0 && address % 8 == 0; }

}  // namespace parked::image
