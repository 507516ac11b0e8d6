// Names in type descriptors. Mirrors abi.Name of internal/abi/type.go (runtime/type.go
// before 1.21), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <string>

#include "image/moduledata.h"
#include "target/address_space.h"

namespace parked::image {

/// The name at `address`: a byte of flags, the length as an unsigned varint, the text. Empty if it
/// cannot be told: not readable, or no text.
std::string readTypeName(target::AddressSpace& memory, Addr address);

/// The same of a name that a descriptor of `module` gives as an offset.
std::string readTypeName(target::AddressSpace& memory, const Module& module, std::int32_t offset);

/// The stored name of a type may have a "*" in front that is not part of it, so that the linker can
/// share the text with the pointer type's; `flags` (abi.TFlag) say whether.
void dropExtraStar(std::string& name, std::uint8_t flags);

}  // namespace parked::image
