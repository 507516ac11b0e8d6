// A slice of the target's. Fixed by the language's implementation.
#pragma once

#include <cstdint>

#include "target/address_space.h"

namespace parked::schema {

struct Slice {
  Addr data = 0;
  std::uint64_t length = 0;  ///< elements
};

/// Reads data and length of the slice at `address`. False if they are not readable; nothing is said
/// of what it leads to.
inline bool readSlice(target::AddressSpace& memory, Addr address, Slice& out) {
  return memory.read(address, out.data) && memory.read(address + sizeof(Addr), out.length);
}

}  // namespace parked::schema
