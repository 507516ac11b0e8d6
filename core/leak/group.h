// The default groups: goroutines with the same stack that wait in the same way for the same kind of
// object, and have the same verdict.
#pragma once

#include <string>
#include <vector>

#include "leak/analysis.h"

namespace parked::leak {

/// Groups some goroutines, largest first.
Grouping group(const Analysis& analysis, const std::vector<Index>& goroutines);

/// Turns "group of each goroutine", parallel to `goroutines`, into groups with their members
/// together, largest first. `keys`: of each group, what its goroutines have in common.
Grouping gather(const Analysis& analysis, const std::vector<Index>& goroutines,
                const std::vector<Index>& groupOf, std::vector<std::string> keys);

}  // namespace parked::leak
