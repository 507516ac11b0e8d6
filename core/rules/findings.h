// What the rules find in an analysed snapshot.
#pragma once

#include <string>
#include <vector>

#include "leak/analysis.h"
#include "rules/rule.h"

namespace parked::rules {

using golang::Index;
using golang::kNone;

/// A pattern that was found at one place.
struct Finding {
  RuleId rule = RuleId::nilChannel;
  std::string sentence;     ///< what was found, in plain words and numbers; no final stop
  leak::Place place;        ///< in the user's code
  std::uint64_t count = 0;  ///< goroutines that are stuck because of it
  Index group = kNone;      ///< into Analysis::grouping()
};

/// Applies every rule. In the order of the analysis' groups, at most one finding for each.
std::vector<Finding> findAll(const leak::Analysis& analysis);

/// The rule for one group of stuck goroutines: what they wait on, and how. `rule` is kept if none
/// fits; then the result is false.
bool ruleForGroup(const leak::Analysis& analysis, const leak::Group& group, Finding& finding);

}  // namespace parked::rules
