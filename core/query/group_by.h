// Grouping goroutines by something else than the default: --group.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "query/property.h"

namespace parked::query {

/// How groups are made.
struct GroupBy {
  bool byStack = true;  ///< the default: same stack, same kind of object
  Property property = Property::userLoc;
  std::string labelKey;
};
/// Parses "userloc", "label:KEY", "stack" (the default). One clear line on error.
Result<GroupBy> parseGroupBy(std::string_view text);

/// Groups some goroutines, largest first.
leak::Grouping group(const leak::Analysis& analysis, const std::vector<Index>& goroutines,
                     const GroupBy& by = {});

}  // namespace parked::query
