// Applies rules to a program and resources made by hand.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "../leak/fake_program.h"
#include "resources/contexts/slice.h"
#include "resources/http/slice.h"
#include "resources/kit.h"
#include "resources/resources.h"
#include "resources/sql/slice.h"
#include "resources/timers/slice.h"

namespace parked::resources {

/// What the rules find: `apply` is httpRules or another of its kind.
inline std::vector<Finding> find(void (*apply)(const Context&, std::vector<Finding>&),
                                 const fake::Builder& program, const Resources& resources,
                                 const leak::Options& options = {}) {
  const leak::Analysis analysis = program.analyse(options);
  std::vector<Finding> findings;
  apply({.analysis = analysis, .resources = &resources.parts}, findings);
  // Places are of the analysis, which ends here.
  for (Finding& finding : findings) finding.place = {};
  return findings;
}

inline std::vector<Finding> only(std::vector<Finding> findings, RuleId rule) {
  std::erase_if(findings, [rule](const Finding& finding) { return finding.rule != rule; });
  return findings;
}

}  // namespace parked::resources
