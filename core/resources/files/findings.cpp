// The rules for files and connections that nobody closed.

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <unordered_set>

#include "base/text.h"
#include "resources/files/slice.h"
#include "resources/http/model.h"
#include "resources/kit.h"
#include "rules/thresholds.h"

namespace parked::resources {

namespace {

constexpr std::size_t kNamed = 8;
constexpr std::string_view kFixHeld =
    "mend that leak: a deferred Close runs when its goroutine returns, not before";

std::string evidenceOf(const OpenFile& file) {
  std::string text = fmt::format("fd {}", file.fd);
  const auto add = [&text](std::string_view word, std::string_view separator) {
    if (!word.empty()) text += fmt::format("{}{}", separator, word);
  };
  if (file.kind == FileKind::file) {
    add(file.name, ", ");
    return text + fmt::format(", os.file {:#x}", file.object);
  }
  add(file.network, ", ");
  add(file.local, " ");
  add(file.remote, " -> ");
  return text + fmt::format(", netFD {:#x}", file.object);
}

/// "the leaked goroutines 6, 8, 10, whose stacks the garbage collector goes by, too".
std::string holdersText(const leak::Analysis& analysis, const Finding& finding) {
  const bool one = finding.goroutines.size() == 1;
  std::string text = one ? "the leaked goroutine" : "the leaked goroutines";
  for (std::size_t i = 0; i < finding.goroutines.size() && i < kNamed; ++i) {
    text += fmt::format("{}{}", i == 0 ? " " : ", ",
                        analysis.snapshot().goroutines[finding.goroutines[i]].id);
  }
  if (finding.goroutines.size() > kNamed) text += ", ...";
  return text +
         fmt::format(", whose {} the garbage collector goes by, too", one ? "stack" : "stacks");
}

void finish(const leak::Analysis& analysis, FileKind kind, Finding& finding) {
  const FileTraits& traits = traitsOf(kind);
  const std::string what = counted(finding.count, traits.noun, traits.nouns);
  if (finding.goroutines.empty()) {
    finding.sentence = fmt::format(
        "{} open, and nobody can close {} any more; the garbage collector's finalizer will, some "
        "time",
        what + (finding.count == 1 ? " is" : " are"), finding.count == 1 ? "it" : "them");
    return;
  }
  std::ranges::sort(finding.goroutines);
  const auto same = std::ranges::unique(finding.goroutines);
  finding.goroutines.erase(same.begin(), same.end());
  finding.sentence =
      fmt::format("{} {} open until the process ends, held by {}", what,
                  finding.count == 1 ? "stays" : "stay", holdersText(analysis, finding));
  const Index first = finding.goroutines.front();
  finding.place = analysis.place(analysis.stack(analysis.snapshot().goroutines[first].stack).user);
  finding.fix = kFixHeld;
}

/// Connections of net/http that findings are about already: by their net.netFD.
std::unordered_set<Addr> alreadyNamed(const Context& context) {
  std::unordered_set<Index> goroutines;
  if (context.explained == nullptr) return {};
  for (const Finding& finding : *context.explained) {
    goroutines.insert(finding.goroutines.begin(), finding.goroutines.end());
  }
  std::unordered_set<Addr> named;
  for (const HttpConnection& connection : context.resources->of<Http>().connections) {
    if (goroutines.contains(connection.reader) || goroutines.contains(connection.writer)) {
      named.insert(connection.net.netFd);
    }
  }
  return named;
}

/// One finding about those that nobody has, and one for each place where leaked goroutines hold
/// some.
void unclosed(const Context& context, FileKind kind, RuleId rule,
              const std::unordered_set<Addr>& named, std::vector<Finding>& findings) {
  const leak::Analysis& analysis = context.analysis;
  std::map<Index, Finding> byGroup;  // of the goroutines that hold them
  for (const OpenFile& file : context.resources->of<Files>().all) {
    if (file.kind != kind || file.reachable || named.contains(file.object)) continue;
    const Index group = file.holders.empty() ? kNone : analysis.info(file.holders.front()).group;
    Finding& finding = byGroup[group];
    ++finding.count;
    finding.goroutines.insert(finding.goroutines.end(), file.holders.begin(), file.holders.end());
    if (finding.evidence.size() < kExamples) finding.evidence.push_back(evidenceOf(file));
  }
  for (auto& [group, finding] : byGroup) {
    finding.rule = rule;
    finding.verdict = leak::Verdict::proved;
    finish(analysis, kind, finding);
    findings.push_back(std::move(finding));
  }
}

}  // namespace

void fileRules(const Context& context, std::vector<Finding>& findings) {
  const auto told = alreadyNamed(context);
  unclosed(context, FileKind::file, RuleId::fileNeverClosed, told, findings);
  unclosed(context, FileKind::network, RuleId::connNeverClosed, told, findings);
}

}  // namespace parked::resources
