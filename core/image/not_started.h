// A process, or a core, of a moment at which the Go runtime was not set up yet.
#pragma once

#include <string_view>

#include "image/image.h"
#include "target/target.h"

namespace parked::image {

inline constexpr std::string_view kNotStarted =
    "there are no goroutines: the Go runtime had not started yet";

/// Whether no code of the program has run: its variables without initial value are all zero, as the
/// kernel made them, but for a few that the dynamic loader copies from libraries. The first thing
/// that a Go program does (rt0_go in runtime/asm_*.s) is to set some. A dynamic loader that is not
/// done yet has not relocated pointers, so that nothing of the runtime can be found. Reads the
/// whole of them: to be asked when something was not found. False where they are not all in memory.
bool nothingHasRun(target::Target& target);

/// Whether the runtime has not made its first goroutine, told without a symbol: all that
/// runtime.allgadd stores to is zero.
bool hasNoGoroutineYet(const Image& image);

}  // namespace parked::image
