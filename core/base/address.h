// Addresses of the target, and what memory is counted in. The same of every target that is read.
#pragma once

#include <cstdint>

namespace parked {

/// A virtual address in the target process.
using Addr = std::uint64_t;

/// The size of an address in the target, in bytes: all that are read have 64 bits.
inline constexpr std::uint64_t kWord = sizeof(Addr);

/// The smallest page of any target, in bytes: mappings begin and end at multiples of it.
inline constexpr std::uint64_t kPage = 4096;

}  // namespace parked
