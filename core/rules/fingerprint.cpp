// What stays the same of a finding from build to build (docs/fingerprints.md).

#include "leak/fingerprint.h"

#include "rules/findings.h"

namespace parked::rules {

std::string fingerprintOf(const leak::Analysis& analysis, const Finding& finding) {
  leak::Fingerprint fingerprint;
  fingerprint.add(ruleOf(finding.rule).name);
  const auto& groups = analysis.grouping().groups;
  if (finding.group < groups.size()) {
    leak::addGroup(fingerprint, analysis, groups[finding.group]);
  } else {
    fingerprint.add(leak::stableFunction(finding.place.function));
  }
  return fingerprint.text();
}

}  // namespace parked::rules
