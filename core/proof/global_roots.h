// The variables of all modules that may point into the heap.
// Mirrors markrootBlock over data and bss (runtime/mgcmark.go), Go 1.18 to 1.27.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "image/image.h"

namespace parked::proof {

/// Calls visit(address, value) for each word of data and bss that holds a pointer. Returns why
/// something is missing; nullopt if nothing is.
std::optional<std::string> visitGlobals(image::Image& image,
                                        const std::function<void(Addr, Addr)>& visit);

/// The arrays that the timer heaps of all Ps are in.
std::vector<Addr> timerHeaps(image::Image& image);

}  // namespace parked::proof
