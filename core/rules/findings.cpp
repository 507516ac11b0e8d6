#include "rules/findings.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>

namespace parked::rules {

namespace {

/// Whether the rules leave the group to its library's: a well-known goroutine is stuck for reasons
/// that its label tells, or that a rule about a pool has told. Of one that is proved, which no
/// label excuses, something has to be said.
bool leftToItsLibrary(const leak::Analysis& analysis, const leak::Group& group,
                      const std::unordered_set<Index>& named) {
  if (analysis.label(group.example).empty()) return false;
  if (group.verdict != leak::Verdict::proved) return true;
  return std::ranges::any_of(analysis.grouping().membersOf(group),
                             [&named](Index member) { return named.contains(member); });
}

/// `named`: goroutines that findings about pools name.
void groupRules(const Context& context, const std::unordered_set<Index>& named,
                std::vector<Finding>& findings) {
  const leak::Analysis& analysis = context.analysis;
  const auto& groups = analysis.grouping().groups;
  for (Index i = 0; i < groups.size(); ++i) {
    const leak::Group& group = groups[i];
    if (group.system || group.verdict < leak::Verdict::suspect) continue;
    if (group.verdict == leak::Verdict::orphan) continue;  // see orphanRules()
    if (leftToItsLibrary(analysis, group, named)) continue;
    Finding finding;
    if (!ruleForGroup(context, group, finding)) continue;
    // The pool that has the semaphore was told of.
    if (finding.rule == RuleId::semaphoreNeverReleased && named.contains(group.example)) continue;
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

std::string_view fixOf(const Finding& finding) {
  return finding.fix.empty() ? ruleOf(finding.rule).fix : finding.fix;
}

std::vector<Finding> findAll(const Context& context) {
  std::vector<Finding> findings, explaining, others;
  Context look = context;
  look.explained = &explaining;
  if (context.resources != nullptr) {
    for (const Source* source : context.sources) {
      if (source->find != nullptr) source->find(look, source->explains ? explaining : others);
    }
  }
  orphanRules(context, others);
  finalizerRules(context, others);
  signalRules(context, others);
  execRules(context, others);
  grpcRules(context, others);
  std::unordered_set<Index> named;
  for (const Finding& finding : explaining) {
    named.insert(finding.goroutines.begin(), finding.goroutines.end());
  }
  groupRules(context, named, findings);
  for (auto* more : {&explaining, &others}) std::ranges::move(*more, std::back_inserter(findings));
  return findings;
}

}  // namespace parked::rules
