// Where in the user's source a panic was raised.
#pragma once

#include <cstdint>

#include "leak/analysis.h"

namespace parked::leak {

/// The user's innermost place of a goroutine's stack from a physical frame outwards; where there is
/// none of the user's, the innermost that is not the runtime's. Empty if there is neither.
Place userPlaceFrom(const Analysis& analysis, const golang::Goroutine& goroutine,
                    std::uint32_t frame);

}  // namespace parked::leak
