// How much runtime.duffzero and runtime.duffcopy write when they are entered in the middle.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "leak/machine_code.h"

namespace parked::leak {

/// Bytes [from, to) from where CallRules::fill points when it is called.
struct Filled {
  std::int64_t from = 0, to = 0;
};

/// What code without branches stores through the register `fill` until it returns
/// (runtime/duff_GOARCH.s, Go 1.18 to 1.27). Nothing if it does anything else to memory, or to the
/// register something that is not told.
std::optional<Filled> filledBy(std::span<const Instruction> code, Register fill);

}  // namespace parked::leak
