// Names in type descriptors. Mirrors abi.Name of internal/abi/type.go (runtime/type.go
// before 1.21), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <string>

#include "target/address_space.h"

namespace parked::image {

struct TypeName {
  std::string text;  ///< empty if it cannot be told: not readable, or no text
};

/// The name at `address`: a byte of flags, the length as an unsigned varint, the text.
TypeName readTypeName(target::AddressSpace& memory, Addr address);

/// The stored name of a type may have a "*" in front that is not part of it, so that the linker can
/// share the text with the pointer type's; `flags` (abi.TFlag) say whether.
void dropExtraStar(std::string& name, std::uint8_t flags);

}  // namespace parked::image
