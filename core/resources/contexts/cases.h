// Cases of a select that wait for the end of a context which nothing can end.
#pragma once

#include <vector>

#include "rules/findings.h"

namespace parked::resources {

/// Appends a finding for each place at which several goroutines, which others can still wake by
/// another case, wait besides for a context that nobody can cancel: there is no cancel function of
/// it any more, it has no deadline, and nothing above it can be cancelled.
void deadContextCases(const rules::Context& context, std::vector<rules::Finding>& findings);

}  // namespace parked::resources
