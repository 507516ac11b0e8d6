// Groups whose lines would be the same are told apart by where their stacks differ.
#pragma once

#include <unordered_map>
#include <vector>

#include "report/model.h"

namespace parked::report {

/// A line of a group's stack that others with the same lines do not have.
struct Apart {
  leak::Place place;
  bool caller = true;  ///< farther out than the user's line; else between it and the library's
};

/// Of each of the groups, by stack, that has the same verdict, reason, user's and library's line,
/// creator and origin as another of them.
std::unordered_map<const leak::Group*, std::vector<Apart>> tellApart(
    const Report& report, const std::vector<const leak::Group*>& groups);

}  // namespace parked::report
