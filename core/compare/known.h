// Which groups and findings of an analysis a baseline lists, and the list of what an analysis has.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "compare/baseline.h"
#include "compare/side.h"
#include "leak/analysis.h"
#include "rules/findings.h"

namespace parked::compare {

/// What is known of each group of Analysis::grouping(), by its number.
std::vector<bool> knownGroups(const Baseline& baseline, const leak::Analysis& analysis);

/// Sets Finding::known.
void markKnown(const Baseline& baseline, const leak::Analysis& analysis,
               std::span<rules::Finding> findings);

/// Groups by fingerprint, as readSide() would give them of a report; those of the runtime's own
/// goroutines are left out.
Entries entriesOf(const leak::Analysis& analysis, std::span<const leak::Group> groups);
Entries entriesOf(const leak::Analysis& analysis, std::span<const rules::Finding> findings);

}  // namespace parked::compare
