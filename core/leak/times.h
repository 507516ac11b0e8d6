// How far away a moment of the target's clock is, in words.
#pragma once

#include <cstdint>
#include <string>

#include "golang/snapshot.h"

namespace parked::leak {

/// "3s" of what is to come in 3s; "at most 3s" where the clock is a lower bound, so that more of it
/// may have passed.
std::string leftText(const golang::Clock& clock, std::int64_t left);

}  // namespace parked::leak
