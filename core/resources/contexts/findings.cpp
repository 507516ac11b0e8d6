// The rules for contexts.

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "base/text.h"
#include "resources/contexts/cases.h"
#include "resources/contexts/slice.h"
#include "resources/kit.h"
#include "rules/thresholds.h"

namespace parked::resources {

namespace {

std::string nodeText(const ContextNode& node) {
  return fmt::format("{} {:#x}", node.type, node.address);
}

std::string parentText(const ContextNode& parent) {
  return fmt::format("parent {}, which has {} that end with it", nodeText(parent),
                     counted(parent.cancelables, "context"));
}

void addExamples(const Contexts& contexts, const std::vector<Index>& nodes, Finding& finding) {
  for (std::size_t i = 0; i < std::min(nodes.size(), kExamples); ++i) {
    finding.evidence.push_back(nodeText(contexts.nodes[nodes[i]]));
  }
}

/// The goroutines that wait for a context, and with them its place.
void addGoroutines(const leak::Analysis& analysis, const ContextNode& node, Finding& finding) {
  for (const Index goroutine : node.goroutines) {
    finding.goroutines.push_back(goroutine);
    if (finding.place.function.empty()) {
      finding.place =
          analysis.place(analysis.stack(analysis.snapshot().goroutines[goroutine].stack).user);
    }
  }
}

struct Lost {
  std::vector<Index> nodes;
  std::int64_t latest = 0;  // deadline
};

/// Contexts whose cancel function nobody has any more: one finding a parent and kind.
void lost(const Context& context, std::vector<Finding>& findings) {
  const leak::Analysis& analysis = context.analysis;
  const Contexts& contexts = context.resources->of<Contexts>();
  std::map<std::pair<Index, ContextKind>, Lost> byParent;
  for (Index i = 0; i < contexts.nodes.size(); ++i) {
    const ContextNode& node = contexts.nodes[i];
    if (!node.lost || node.kind == ContextKind::afterFunc) continue;
    Lost& lost = byParent[{node.registered, node.kind}];
    lost.nodes.push_back(i);
    lost.latest = std::max(lost.latest, node.deadline);
  }
  const std::int64_t now = analysis.snapshot().clock.now;
  for (const auto& [key, all] : byParent) {
    const auto& [parent, kind] = key;
    const std::int64_t left = now == 0 ? 0 : all.latest - now;
    const bool timed = kind == ContextKind::deadline;
    if (all.nodes.size() < kManyContexts || (timed && left < kFarAway)) continue;
    Finding finding;
    finding.rule = timed ? RuleId::timeoutNeverCancelled : RuleId::cancelNeverCalled;
    finding.count = all.nodes.size();
    for (const Index i : all.nodes) addGoroutines(analysis, contexts.nodes[i], finding);
    if (timed) {
      finding.sentence = fmt::format(
          "{} WithTimeout or WithDeadline pend for up to {}, and nobody has their cancel functions "
          "any more",
          counted(all.nodes.size(), "context") + " of", humanDuration(left));
    } else {
      finding.sentence = fmt::format(
          "{} of WithCancel can be cancelled by nobody but their parent: their cancel "
          "functions are lost",
          counted(all.nodes.size(), "context"));
    }
    if (!finding.goroutines.empty()) {
      finding.sentence += fmt::format(
          "; {} for them",
          finding.goroutines.size() == 1
              ? "1 goroutine waits"
              : fmt::format("{} goroutines wait", withSeparators(finding.goroutines.size())));
    }
    if (parent != kNone) finding.evidence.push_back(parentText(contexts.nodes[parent]));
    addExamples(contexts, all.nodes, finding);
    findings.push_back(std::move(finding));
  }
}

/// What context.AfterFunc hung on a context, with its stop function lost: one finding a parent and
/// function.
void afterFuncs(const Context& context, std::vector<Finding>& findings) {
  const leak::Analysis& analysis = context.analysis;
  const Contexts& contexts = context.resources->of<Contexts>();
  std::map<std::pair<Index, Addr>, std::vector<Index>> byFunction;
  for (Index i = 0; i < contexts.nodes.size(); ++i) {
    const ContextNode& node = contexts.nodes[i];
    if (node.lost && node.kind == ContextKind::afterFunc) {
      byFunction[{node.registered, node.callback}].push_back(i);
    }
  }
  for (const auto& [key, nodes] : byFunction) {
    const auto& [parent, callback] = key;
    if (nodes.size() < kManyAfterFuncs || parent == kNone) continue;
    Finding finding;
    finding.rule = RuleId::afterFuncNeverStopped;
    finding.count = nodes.size();
    if (callback != 0) finding.place = leak::functionAt(analysis.code(), callback);
    finding.sentence = fmt::format(
        "{} of context.AfterFunc hang on one context, and nobody has their stop functions any "
        "more{}",
        counted(nodes.size(), "function"),
        finding.place.function.empty()
            ? std::string()
            : fmt::format("; they will call {}", finding.place.shownFunction()));
    finding.evidence.push_back(parentText(contexts.nodes[parent]));
    addExamples(contexts, nodes, finding);
    findings.push_back(std::move(finding));
  }
}

/// A context that many others hang on, which somebody still has.
void pileUp(const Context& context, std::vector<Finding>& findings) {
  const Contexts& contexts = context.resources->of<Contexts>();
  std::map<Index, std::vector<Index>> held;
  for (Index i = 0; i < contexts.nodes.size(); ++i) {
    const ContextNode& node = contexts.nodes[i];
    if (node.registered != kNone && !node.lost) held[node.registered].push_back(i);
  }
  for (const auto& [parent, children] : held) {
    if (children.size() < kManyChildren) continue;
    Finding finding;
    finding.rule = RuleId::contextsPileUp;
    finding.count = children.size();
    finding.sentence = fmt::format("{} hang on one parent and have not been cancelled, it seems",
                                   counted(children.size(), "context"));
    finding.evidence.push_back(parentText(contexts.nodes[parent]));
    addExamples(contexts, children, finding);
    for (const Index i : children) addGoroutines(context.analysis, contexts.nodes[i], finding);
    findings.push_back(std::move(finding));
  }
}

}  // namespace

void contextRules(const Context& context, std::vector<Finding>& findings) {
  lost(context, findings);
  afterFuncs(context, findings);
  pileUp(context, findings);
  deadContextCases(context, findings);
}

void doneChannels(const Parts& resources, std::unordered_set<Addr>& channels) {
  for (const ContextNode& node : resources.of<Contexts>().nodes) {
    if (node.done != 0) channels.insert(node.done);
  }
}

}  // namespace parked::resources
