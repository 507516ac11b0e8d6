// The order of what a report lists: --sort.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "report/model.h"

namespace parked::report {

enum class SortKey : std::uint8_t {
  byDefault,  ///< groups by size, goroutines by id
  count,
  verdict,
  wait,
  retained,
  reason,
  place,
  rule,
  id,
};

/// The names of all keys, or of those that one goroutine has.
std::vector<std::string_view> sortKeys(bool ofGoroutines);
/// What --sort says; one clear line on error. `ofGoroutines`: a list of them, not of groups.
Result<SortKey> parseSortKey(std::string_view name, bool ofGoroutines);

/// Orders groups, with what they hold, and findings: the largest, gravest, longest and costliest
/// first, names in their order. What has the same stays in the order it had, and what the program
/// died in stays the first. To be called before decide(), which notes places.
void sortGroups(Report& report, SortKey key);
/// Orders Report::goroutines, which then is for renderers alone: others search it by id.
void sortGoroutines(Report& report, SortKey key);

}  // namespace parked::report
