// The sentences behind the verdicts.
#pragma once

#include <string>

#include "leak/analysis.h"

namespace parked::leak {

/// Why one member of the group has its verdict: see Analysis::sentence().
std::string sentenceOf(const Analysis& analysis, Why why, const Group& group, Index goroutine);

}  // namespace parked::leak
