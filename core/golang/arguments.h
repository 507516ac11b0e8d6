// The values of a frame's arguments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "golang/unwind.h"

namespace parked::golang {

/// The argument with that number, counted from 0, of a frame whose arguments up to it are single
/// words; nullopt if it is not in memory, or was in a register and what is in its place now may be
/// stale. Mirrors runtime/traceback.go (printArgs), as formatArguments() does.
std::optional<std::uint64_t> wordArgument(image::Image& image, const Frame& frame,
                                          std::size_t number);

}  // namespace parked::golang
