// Applies rules to a program and resources made by hand.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "../leak/fake_program.h"
#include "rules/findings.h"

namespace parked::rules {

/// What the rules find: `apply` is httpRules or another of its kind.
inline std::vector<Finding> find(void (*apply)(const Context&, std::vector<Finding>&),
                                 const fake::Builder& program, const stdlib::Resources& resources,
                                 const leak::Options& options = {}) {
  const leak::Analysis analysis = program.analyse(options);
  std::vector<Finding> findings;
  apply({analysis, &resources}, findings);
  // Places are of the analysis, which ends here.
  for (Finding& finding : findings) finding.place = {};
  return findings;
}

inline std::vector<Finding> only(std::vector<Finding> findings, RuleId rule) {
  std::erase_if(findings, [rule](const Finding& finding) { return finding.rule != rule; });
  return findings;
}

}  // namespace parked::rules
