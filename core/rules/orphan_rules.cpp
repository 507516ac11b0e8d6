// The rules about what still runs and nobody can stop.

#include <algorithm>
#include <fmt/format.h>

#include "leak/island_words.h"
#include "leak/numbers.h"
#include "rules/findings.h"

namespace parked::rules {

namespace {

using leak::counted;
using leak::IslandKind;

constexpr std::size_t kFunctions = 5;

std::string sentenceOf(const IslandKind& kind) {
  const bool workers = areWorkers(kind);
  std::string text = fmt::format("{} that nobody can {} any more",
                                 counted(kind.islands.size(), workers ? "worker" : "client"),
                                 workers ? "stop" : "close");
  const char* before = ", with ";
  for (const std::string& part : contentsOf(kind)) {
    text += before + part;
    before = ", ";
  }
  return fmt::format("{}; {}", text, costOf(kind));
}

/// What runs in them, over all islands.
void addFunctions(const leak::Analysis& analysis, const IslandKind& kind, Finding& finding) {
  const auto functions = functionsOf(analysis, kind);
  for (std::size_t i = 0; i < std::min(kFunctions, functions.size()); ++i) {
    finding.evidence.push_back(fmt::format("{} in {}", counted(functions[i].first, "goroutine"),
                                           functions[i].second.function));
  }
  if (functions.size() > kFunctions) {
    finding.evidence.push_back(
        fmt::format("and {}", counted(functions.size() - kFunctions, "other function")));
  }
}

Finding findingOf(const leak::Analysis& analysis, const IslandKind& kind) {
  Finding finding;
  finding.rule = areWorkers(kind) ? RuleId::workerOrphaned : RuleId::clientOrphaned;
  finding.verdict = leak::Verdict::orphan;
  finding.count = kind.islands.size();
  finding.goroutines = goroutinesOf(analysis, kind);
  finding.sentence = sentenceOf(kind);
  finding.place = madeAt(analysis, kind);
  const Index oldest = oldestOf(analysis, kind);
  const std::uint64_t id = analysis.snapshot().goroutines[oldest].id;
  if (areWorkers(kind)) {
    for (const std::string& dead : deadWaits(analysis, oldest)) {
      finding.evidence.push_back(fmt::format("goroutine {}: {}", id, dead));
    }
  } else {
    addFunctions(analysis, kind, finding);
  }
  finding.evidence.push_back(fmt::format("goroutine {}: {}", id, analysis.sentence(oldest)));
  return finding;
}

}  // namespace

void orphanRules(const Context& context, std::vector<Finding>& findings) {
  for (const IslandKind& kind : context.analysis.islandKinds()) {
    if (kind.background != leak::Background::none) continue;
    findings.push_back(findingOf(context.analysis, kind));
  }
}

}  // namespace parked::rules
