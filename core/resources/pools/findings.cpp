// The rules for pools that starve by themselves.

#include <algorithm>
#include <fmt/format.h>

#include "base/text.h"
#include "resources/kit.h"
#include "resources/pools/slice.h"
#include "rules/thresholds.h"

namespace parked::resources {

namespace {

Finding findingOf(const leak::Analysis& analysis, const StarvedPool& pool) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const bool proved = std::ranges::all_of(pool.waiters, [&](Index waiter) {
    return analysis.info(waiter).verdict == leak::Verdict::proved;
  });
  const Index example = pool.places.front().holder;
  Finding finding;
  finding.rule =
      pool.type == std::string_view("sql.DB") ? RuleId::sqlPoolStarved : RuleId::poolStarved;
  finding.fix = ruleOf(RuleId::poolStarved).fix;
  finding.verdict = proved ? leak::Verdict::proved : leak::Verdict::suspect;
  finding.count = pool.waiters.size();
  finding.goroutines = pool.waiters;
  finding.place = analysis.place(analysis.stack(snapshot.goroutines[example].stack).user);
  const bool alone = finding.count == 1, one = pool.places.size() == 1;
  finding.sentence =
      fmt::format("{} for {} of a {}, {} {}{}",
                  alone ? "1 goroutine waits"
                        : fmt::format("{} goroutines wait", withSeparators(finding.count)),
                  one ? "the only connection"
                      : fmt::format("one of {} connections", withSeparators(pool.places.size())),
                  pool.type, one ? "which" : "all of which",
                  alone ? "it holds itself"
                  : one ? "one of them holds"
                        : "they hold themselves",
                  proved ? "" : ", it seems");
  for (const auto& place : pool.places) {
    if (finding.evidence.size() == kExamples) break;
    finding.evidence.push_back(fmt::format("taken: {} {:#x}, which goroutine {} has", place.use,
                                           place.object, snapshot.goroutines[place.holder].id));
  }
  return finding;
}

}  // namespace

void poolRules(const Context& context, std::vector<Finding>& findings) {
  for (const StarvedPool& pool : context.resources->of<Pools>().starved) {
    findings.push_back(findingOf(context.analysis, pool));
  }
}

}  // namespace parked::resources
