// A baseline and the report: which groups and findings it knows, and a new one.
#pragma once

#include <cstddef>
#include <string>

#include "compare/baseline.h"
#include "report/model.h"

namespace parked::report {

/// Marks groups and findings that the baseline lists. They stay in the report; --fail-on passes
/// them over.
void applyBaseline(Report& report, const compare::Baseline& baseline);

/// Whether a baseline lists what the goroutine is in.
inline bool isKnown(const Report& report, Index goroutine) {
  const Index group = report.analysis->info(goroutine).group;
  return report.knownGroups && group < report.knownGroups->size() && (*report.knownGroups)[group];
}
inline bool isKnown(const Report& report, const leak::Group& group) {
  return report.groupBy.byStack && isKnown(report, group.example);
}

/// Writes groups with the verdict or a graver one, and findings, to a file. What the filters and
/// the allow-list left out is not in it.
Result<void> writeBaseline(const Report& report, leak::Verdict verdict, const std::string& file);

}  // namespace parked::report
