// The inline tree of a function (FUNCDATA_InlTree): which calls were inlined into it.
// Mirrors runtime/symtabinl.go (type inlinedCall), Go 1.18 to 1.27.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "image/func_table.h"
#include "target/address_space.h"

namespace parked::image {

struct InlinedCall {
  std::uint8_t funcId = 0;
  std::uint32_t nameOffset = 0;  ///< of the called function, in funcnametab
  std::uint32_t parentPc = 0;  ///< offset from the function's entry of an instruction of the caller
  std::int32_t startLine = 0;  ///< 0 before 1.20
};

/// Entry `index` of the tree at `tree`; nullopt when it is not readable.
std::optional<InlinedCall> readInlinedCall(target::AddressSpace& memory, const PclnFormat& format,
                                           Addr tree, std::int32_t index);

}  // namespace parked::image
