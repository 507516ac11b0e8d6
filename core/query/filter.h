// Choosing goroutines: --with and --without.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "query/property.h"

namespace parked::query {

/// One --with or --without.
struct Filter {
  bool with = true;
  Property property = Property::userLoc;
  std::string expression;  ///< as query::Pattern takes it; of a label KEY or KEY=VALUE
};

/// What can be said of a filter before there is a target: a regular expression that is none, a
/// status or a verdict that does not exist (ErrorCode::usage).
Result<void> checkFilter(const Filter& filter);

/// Goroutines that pass every filter, ascending. A wait reason that no release of Go has, nor this
/// target, is an error as in checkFilter().
Result<std::vector<Index>> chooseGoroutines(const leak::Analysis& analysis,
                                            const std::vector<Filter>& filters);

}  // namespace parked::query
