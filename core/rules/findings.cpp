#include "rules/findings.h"

namespace parked::rules {

namespace {

void groupRules(const Context& context, std::vector<Finding>& findings) {
  const leak::Analysis& analysis = context.analysis;
  const auto& groups = analysis.grouping().groups;
  for (Index i = 0; i < groups.size(); ++i) {
    const leak::Group& group = groups[i];
    if (group.system || group.verdict < leak::Verdict::suspect) continue;
    // A well-known goroutine is stuck for reasons of its library's; the rules speak of the user's.
    if (!analysis.label(group.example).empty()) continue;
    Finding finding;
    if (!ruleForGroup(context, group, finding)) continue;
    finding.verdict = group.verdict;
    // Somebody could still come, as far as the proof can tell.
    if (group.verdict != leak::Verdict::proved) finding.sentence += ", it seems";
    finding.group = i;
    finding.count = group.findings;
    finding.place =
        analysis.place(analysis.stack(analysis.snapshot().goroutines[group.example].stack).user);
    findings.push_back(std::move(finding));
  }
}

}  // namespace

std::vector<Finding> findAll(const Context& context) {
  std::vector<Finding> findings;
  groupRules(context, findings);
  if (context.resources != nullptr) {
    timerRules(context, findings);
    httpRules(context, findings);
    sqlRules(context, findings);
    fileRules(context, findings);
    contextRules(context, findings);
  }
  return findings;
}

}  // namespace parked::rules
