// The rules about what still runs and nobody can stop.

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <unordered_set>

#include "base/text.h"
#include "leak/island_wakers.h"
#include "leak/island_words.h"
#include "rules/findings.h"

namespace parked::rules {

namespace {

using leak::IslandKind;

constexpr std::size_t kFunctions = 5;

/// Of the goroutine's waits the channels that nobody else has, at which it would receive (or send).
bool hasDead(const leak::Analysis& analysis, Index goroutine, golang::WaitOp op,
             const std::unordered_set<Addr>* of) {
  const golang::Snapshot& snapshot = analysis.snapshot();
  const auto waits = snapshot.waitsOf(snapshot.goroutines[goroutine]);
  return std::ranges::any_of(waits, [&](const golang::Wait& wait) {
    return wait.kind == golang::ObjectKind::channel && wait.op == op &&
           analysis.tickerPeriod(wait.address) < 0 && (of == nullptr || of->contains(wait.address));
  });
}

/// The channels that contexts of the program are done by.
std::unordered_set<Addr> doneChannels(const Context& context) {
  std::unordered_set<Addr> channels;
  if (context.resources == nullptr) return channels;
  for (const Source* source : context.sources) {
    if (source->doneChannels != nullptr) source->doneChannels(*context.resources, channels);
  }
  return channels;
}

/// Each goroutine of the kind's first island that waits for somebody waits for the end of a
/// context, too.
bool endsByContext(const leak::Analysis& analysis, const IslandKind& kind,
                   const std::unordered_set<Addr>& done) {
  const proof::Islands& islands = analysis.options().orphans->islands();
  bool any = false;
  for (const Index goroutine : islands.goroutinesOf(islands.all[kind.islands.front()])) {
    if (!hasDead(analysis, goroutine, golang::WaitOp::receive, nullptr)) continue;
    if (!hasDead(analysis, goroutine, golang::WaitOp::receive, &done)) return false;
    any = true;
  }
  return any;
}

RuleId ruleFor(const leak::Analysis& analysis, const IslandKind& kind,
               const std::unordered_set<Addr>& done) {
  const bool workers = areWorkers(kind);
  if (workers && hasDead(analysis, oldestOf(analysis, kind), golang::WaitOp::send, nullptr)) {
    return RuleId::feederOrphaned;
  }
  // Who has a handle is ended by that, whatever it does inside.
  if (kind.handle.type.empty() && kind.connections == 0 && endsByContext(analysis, kind, done)) {
    return RuleId::contextOrphaned;
  }
  return workers ? RuleId::workerOrphaned : RuleId::clientOrphaned;
}

/// "20 clients that nobody can close any more".
std::string headOf(const IslandKind& kind, RuleId rule) {
  const std::uint64_t islands = kind.islands.size();
  switch (rule) {
    case RuleId::feederOrphaned:
      return counted(islands, "feeder") + " whose consumer is gone, and that nobody can stop";
    case RuleId::contextOrphaned:
      return fmt::format("{} below {} that nobody can cancel and nothing ends",
                         counted(kind.goroutines, "worker"), counted(islands, "context"));
    case RuleId::workerOrphaned:
      return counted(islands, "worker") + " that nobody can stop any more";
    default:
      return counted(islands, "client") + " that nobody can close any more";
  }
}

/// "20 clients that nobody can close any more: *grpc.ClientConn, target …; each: …; all: …".
std::string sentenceOf(const leak::Analysis& analysis, const IslandKind& kind, RuleId rule) {
  const bool workers = areWorkers(kind);
  std::string text = headOf(kind, rule);
  if (const std::string handle = handleText(kind.handle); !handle.empty()) text += ": " + handle;
  if (!workers && kind.islands.size() > 1) text += "; each: " + eachText(analysis, kind);
  std::string all = workers ? std::string() : counted(kind.goroutines, "goroutine");
  for (const std::string& part : contentsOf(kind)) {
    if (part != all) all += (all.empty() ? "" : ", ") + part;
  }
  if (!all.empty()) text += (kind.islands.size() > 1 ? "; all: " : "; ") + all;
  return fmt::format("{}; {}", text, costOf(kind));
}

/// What to change, where it is known what was dropped.
std::string fixOf(const IslandKind& kind) {
  if (kind.handle.type.empty()) return {};
  return fmt::format("keep the {} and {} it, or make one and share it", kind.handle.type,
                     kind.handle.method);
}

/// What runs in them, over all islands.
void addFunctions(const leak::Analysis& analysis, const IslandKind& kind, Finding& finding) {
  const auto functions = functionsOf(analysis, kind);
  for (std::size_t i = 0; i < std::min(kFunctions, functions.size()); ++i) {
    finding.evidence.push_back(fmt::format("{} in {}", counted(functions[i].first, "goroutine"),
                                           functions[i].second.shownFunction()));
  }
  if (functions.size() > kFunctions) {
    finding.evidence.push_back(
        fmt::format("and {}", counted(functions.size() - kFunctions, "other function")));
  }
}

Finding findingOf(const leak::Analysis& analysis, const IslandKind& kind, RuleId rule) {
  Finding finding;
  finding.rule = rule;
  finding.verdict = leak::Verdict::orphan;
  finding.count = kind.islands.size();
  finding.goroutines = goroutinesOf(analysis, kind);
  finding.sentence = sentenceOf(analysis, kind, rule);
  finding.fix = fixOf(kind);
  finding.place = madeAt(analysis, kind);
  const Index oldest = oldestOf(analysis, kind);
  const std::uint64_t id = analysis.snapshot().goroutines[oldest].id;
  finding.evidence.push_back("woken by " + wakersText(wakersOf(analysis, kind)));
  if (const std::string creator = creatorText(analysis, kind); !creator.empty()) {
    finding.evidence.push_back("created by " + creator);
  }
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
  std::optional<std::unordered_set<Addr>> done;
  for (const IslandKind& kind : context.analysis.islandKinds()) {
    if (kind.background != leak::Background::none) continue;
    if (!done) done = doneChannels(context);
    findings.push_back(findingOf(context.analysis, kind, ruleFor(context.analysis, kind, *done)));
  }
}

}  // namespace parked::rules
