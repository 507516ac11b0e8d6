// pc-value tables of pclntab. Mirrors runtime/symtab.go (pcvalue, step), Go 1.18 to 1.27.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/error.h"

namespace parked::image {

/// The code a table speaks of.
struct PcRange {
  Addr entry = 0;
  Addr end = 0;
  std::uint32_t minLc = 1;  ///< bytes of a pc delta of one
};

/// The value at `pc` of the table that starts at `offset` of pctab. -1 when there is no table
/// (offset 0), when it does not reach pc, or when it is damaged. Takes at most one step an
/// instruction of the function, whatever the bytes say.
std::int32_t pcValue(std::span<const std::byte> pctab, std::uint32_t offset, const PcRange& code,
                     Addr pc);

}  // namespace parked::image
