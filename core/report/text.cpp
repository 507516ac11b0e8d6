// The leak report as text: one screen first.

#include "base/text.h"

#include <algorithm>

#include "leak/describe.h"
#include "report/baseline.h"
#include "report/crash.h"
#include "report/escape.h"
#include "report/lists.h"
#include "report/phrases.h"
#include "report/section.h"

namespace parked::report {

using leak::Verdict;

namespace {

constexpr std::size_t kHeaderLabel = 12;
constexpr std::size_t kIncompleteLines = 5;
constexpr std::size_t kBuildIdShown = 20;

std::string targetText(const TargetInfo& target) {
  std::string text = target.executable.empty() ? "unknown program" : target.executable;
  if (!target.loadedBy.empty()) text += fmt::format(", loaded by {}", target.loadedBy);
  text += fmt::format(", {} linux/{}", target.goVersion, target.architecture);
  if (target.newerGo) text += " (newer than this parked was checked against)";
  if (!target.buildId.empty()) {
    text += fmt::format(", build id {}", cutBack(target.buildId, kBuildIdShown));
  }
  return text;
}

std::string takenText(const Report& report) {
  const TargetInfo& target = report.target;
  std::string text = target.source;
  if (const auto& crash = report.snapshot->crash; crash && crash->fromOutside) {
    text += fmt::format(", {}", signalText(*crash));
  } else if (target.signal != 0) {
    text += fmt::format(", {}", signalName(target.signal));
  }
  if (target.takenAt) text += fmt::format(", {}", utcTime(*target.takenAt));
  if (const std::string up = upText(target); !up.empty()) text += ", up " + up;
  if (target.kind == target::Kind::liveStopped && target.pause.count() > 0) {
    text += fmt::format(", stopped for {}", humanDuration(target.pause.count()));
  }
  if (target.kind == target::Kind::dump) {
    text += fmt::format(", {}", target::traitsOf(target.kind).text);
    if (target.redacted) text += ", nor texts of the program (--redact)";
  }
  if (target.kind == target::Kind::liveUnstopped) {
    text += ", read while it ran: values may be torn, nothing is proved";
  }
  return text;
}

std::string censusText(const Report& report) {
  const Census& census = report.census;
  std::string text = withSeparators(census.total);
  const char* separator = ": ";
  const auto add = [&](std::uint64_t count, std::string_view what) {
    if (count == 0) return;
    text += fmt::format("{}{} {}", separator, withSeparators(count), what);
    separator = ", ";
  };
  add(census.blocked, "blocked");
  add(census.running, "running");
  add(census.runnable, "runnable");
  add(census.syscall - census.inC, "in a system call");
  add(census.inC, "in C code");
  add(census.other, "in another state");
  if (census.system > 0) text += fmt::format("; {} of the runtime", withSeparators(census.system));
  if (census.unread > 0) text += fmt::format("; {} not readable", withSeparators(census.unread));
  return text;
}

void putVerdicts(Page& page, const Report& report) {
  static constexpr std::array kOrder = {Verdict::proved,  Verdict::orphan,  Verdict::suspect,
                                        Verdict::unknown, Verdict::waiting, Verdict::running};
  page.put("verdicts", Ink::faint);
  page.spaces(kHeaderLabel - 8);
  bool first = true;
  for (const Verdict verdict : kOrder) {
    const std::uint64_t count = report.census.byVerdict[static_cast<std::size_t>(verdict)];
    if (count == 0) continue;
    if (!first) page.put(", ");
    first = false;
    page.put(fmt::format("{} {}", withSeparators(count), leak::verdictName(verdict)),
             lookOf(verdict).ink);
  }
  if (first) page.put("none");
  page.end();
}

/// What all leaked goroutines together keep from being used again. Groups show what each keeps
/// alone; what several share is counted here, once.
void putRetained(Page& page, const Report& report) {
  std::uint64_t stacks = 0, heap = 0;
  for (const proof::Holding& holding : report.holdings.owners) {
    stacks += holding.stackBytes;
    heap += holding.heapBytes;
  }
  if (stacks == 0) return;
  const std::uint64_t shared = report.holdings.sharedBytes;
  std::string text = fmt::format("{} by leaked goroutines: stacks {}",
                                 humanBytes(stacks + heap + shared), humanBytes(stacks));
  if (heap + shared != 0) text += fmt::format(", heap {}", humanBytes(heap + shared));
  if (shared != 0) text += fmt::format(", of it {} shared by groups", humanBytes(shared));
  page.field(0, kHeaderLabel, "retained", text);
}

/// The largest groups, but a finding is never pushed out by a healthy group: the places go to
/// findings first. What the program died in is always shown. In the order of the grouping.
std::vector<const leak::Group*> chooseGroups(const Report& report, const TextOptions& options,
                                             std::vector<const leak::Group*>& left) {
  std::vector<const leak::Group*> all, shown;
  for (const leak::Group& group : report.grouping.groups) {
    if (options.system || !group.system) all.push_back(&group);
  }
  if (options.limit == 0 || all.size() <= options.limit) return all;
  std::uint64_t findings = 0;
  for (const auto* group : all) findings += group->findings > 0 ? 1 : 0;
  std::uint64_t placesForFindings = std::min(findings, options.limit);
  std::uint64_t placesForOthers = options.limit - placesForFindings;
  for (const auto* group : all) {
    if (group == crashGroup(report)) {
      shown.push_back(group);
      continue;
    }
    std::uint64_t& places = group->findings > 0 ? placesForFindings : placesForOthers;
    (places > 0 ? shown : left).push_back(group);
    if (places > 0) --places;
  }
  return shown;
}

void putGroups(Page& page, const Report& report, const std::vector<const leak::Group*>& shown,
               const TextOptions& options) {
  if (shown.empty()) {
    page.line(0, {{noGoroutinesText(report)}});
  }
  const GroupColumns columns = measureGroups(report, shown);
  bool first = true;
  for (const leak::Group* group : shown) {
    if (!first) page.blank();
    first = false;
    putGroup(page, report, *group, columns);
    if (!options.stacks) continue;
    page.blank();
    putStack(page, report, group->example, *options.stacks, "-t 0");
  }
}

/// `command` is the one that shows this.
void putClosing(Page& page, const Report& report, const TextOptions& options,
                const TextStyle& style, std::string_view command,
                const std::vector<const leak::Group*>& shown,
                const std::vector<const leak::Group*>& left) {
  std::vector<std::pair<std::string, std::string>> hints;
  if (!left.empty()) {
    hints.emplace_back(leftText(report, left), fmt::format("{} --all", command));
  }
  if (!options.system && report.census.system > 0 && !report.filtered) {
    hints.emplace_back(
        fmt::format("{} of the runtime not shown", counted(report.census.system, "goroutine")),
        "report --system");
  }
  if (const auto& crash = report.snapshot->crash; crash && !crash->fromOutside) {
    hints.emplace_back("why it died, in full", "crash");
  }
  if (!shown.empty()) {
    const leak::Group& group =
        **std::max_element(shown.begin(), shown.end(),
                           [](const auto* a, const auto* b) { return a->verdict < b->verdict; });
    hints.emplace_back("one goroutine in full",
                       fmt::format("goroutine {}", report.snapshot->goroutines[group.example].id));
  }
  if (hints.empty()) return;
  page.blank();
  std::size_t width = 0;
  for (const auto& hint : hints) width = std::max(width, hint.first.size());
  for (const auto& [what, words] : hints) {
    page.line(0, {{fmt::format("{:<{}}  ", what, width), Ink::faint},
                  {hintCommand(page, style, words, width + 2)}});
  }
}

/// How much of what was found the baseline lists.
void putKnown(Page& page, const Report& report) {
  if (!report.knownGroups) return;
  std::uint64_t groups = 0, known = 0;
  for (const leak::Group& group : report.grouping.groups) {
    if (group.findings == 0) continue;
    ++groups;
    if (isKnown(report, group)) ++known;
  }
  const auto findings = std::ranges::count(report.findings, kNone, &rules::Finding::group);
  const auto listed = std::ranges::count_if(report.findings, [](const rules::Finding& finding) {
    return finding.group == kNone && finding.known;
  });
  page.field(0, kHeaderLabel, "known",
             fmt::format("the baseline lists {} of {} and {} of {}", withSeparators(known),
                         counted(groups, "leaking group"), listed,
                         counted(static_cast<std::uint64_t>(findings), "finding about resources",
                                 "findings about resources")));
}

/// What was not readable.
void putIncomplete(Page& page, const Report& report) {
  for (std::size_t i = 0; i < report.incomplete.size(); ++i) {
    if (i == kIncompleteLines) {
      page.field(
          0, kHeaderLabel, "",
          fmt::format("and {} more kinds of damage, see `info`", report.incomplete.size() - i),
          Ink::warn);
      break;
    }
    page.field(0, kHeaderLabel, i == 0 ? "incomplete" : "", incompleteText(report.incomplete[i]),
               Ink::warn);
  }
}

}  // namespace

void putResourceFindings(Page& page, const Report& report,
                         const std::vector<const rules::Finding*>& findings) {
  static constexpr std::size_t kIndent = 8, kGoroutines = 3;
  if (findings.empty()) return;
  page.blank();
  page.line(
      0, {{fmt::format("{} about resources", counted(findings.size(), "finding")), Ink::strong}});
  for (const rules::Finding* each : findings) {
    const rules::Finding& finding = *each;
    const rules::Rule& rule = rules::ruleOf(finding.rule);
    page.line(1, {{fmt::format("{}  ", rule.name), Ink::strong},
                  {fmt::format("{:<7}  ", leak::verdictName(finding.verdict)),
                   lookOf(finding.verdict).ink},
                  {std::string(rule.title), Ink::strong},
                  {finding.known ? "  known" : "", Ink::faint}});
    page.field(kIndent, kLabel, "found", finding.sentence);
    if (!finding.place.function.empty()) {
      putPlace(page, kIndent, kLabel, "at", report, finding.place);
    }
    for (std::size_t i = 0; i < finding.evidence.size(); ++i) {
      page.field(kIndent, kLabel, i == 0 ? "evidence" : "", finding.evidence[i]);
    }
    if (!finding.goroutines.empty()) {
      std::vector<Index> some(
          finding.goroutines.begin(),
          finding.goroutines.begin() +
              static_cast<std::ptrdiff_t>(std::min(kGoroutines + 1, finding.goroutines.size())));
      page.field(kIndent, kLabel, "who", goroutineList(*report.snapshot, some), Ink::faint);
    }
    page.field(kIndent, kLabel, "fix", rules::fixOf(finding));
  }
}

std::string leftText(const Report& report, const std::vector<const leak::Group*>& left) {
  std::uint64_t goroutines = 0, leaked = 0, findings = 0;
  for (const auto* group : left) {
    goroutines += group->count;
    leaked += group->findings;
    findings += findingOf(report, *group) == nullptr ? 0 : 1;
  }
  std::string text =
      fmt::format("{}, {}", counted(left.size(), "more group"), counted(goroutines, "goroutine"));
  if (leaked > 0) text += fmt::format(", {} of them leaked", withSeparators(leaked));
  if (findings > 0) text += ", " + counted(findings, "finding");
  return text;
}

void putHeader(Page& page, const Report& report) {
  page.field(0, kHeaderLabel, report.target.loadedBy.empty() ? "program" : "library",
             targetText(report.target), Ink::strong);
  if (const std::string others = otherRuntimesText(report.target); !others.empty()) {
    page.field(0, kHeaderLabel, "Go runtime", others, Ink::warn);
  }
  page.field(0, kHeaderLabel, "read from", takenText(report));
  putCrashHeader(page, report);
  page.field(0, kHeaderLabel, "goroutines", censusText(report));
  putVerdicts(page, report);
  putRetained(page, report);
  if (report.quietedGoroutines > 0) {
    page.field(
        0, kHeaderLabel, "quieted",
        fmt::format("{} of {} by the allow-list", counted(report.quietedGoroutines, "goroutine"),
                    counted(report.quietedGroups, "group")));
  }
  putKnown(page, report);
  if (const proof::Proof* proof = report.analysis->options().proof;
      proof != nullptr && !proof->given()) {
    page.field(0, kHeaderLabel, "no proof", proof->withheld(), Ink::bad);
    page.field(0, kHeaderLabel, "", withheldMeaning(report.census), Ink::bad);
  }
  putIncomplete(page, report);
  if (const std::string momentary = momentaryText(*report.snapshot); !momentary.empty()) {
    page.field(0, kHeaderLabel, "momentary", momentary, Ink::faint);
  }
}

void renderText(const Report& report, const TextOptions& options, const TextStyle& style,
                const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  putHeader(page, report);
  std::vector<const leak::Group*> left;
  const std::vector<const leak::Group*> shown = chooseGroups(report, options, left);
  page.blank();
  putGroups(page, report, shown, options);
  std::vector<const rules::Finding*> findings;
  for (const rules::Finding& finding : report.findings) {
    if (finding.group == kNone && !report.filtered) findings.push_back(&finding);
  }
  putResourceFindings(page, report, findings);
  for (const Section* section : report.sections) {
    if (section->brief != nullptr) section->brief(page, report, style);
  }
  putClosing(page, report, options, style, "report", shown, left);
}

void renderGroups(const Report& report, const TextOptions& options, const TextStyle& style,
                  const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  std::vector<const leak::Group*> left;
  const std::vector<const leak::Group*> shown = chooseGroups(report, options, left);
  putGroups(page, report, shown, options);
  putClosing(page, report, options, style, "goroutines", shown, left);
}

void renderIncomplete(const Report& report, const TextStyle& style, const Sink& sink) {
  if (report.incomplete.empty()) return;
  Writer writer(sink);
  Page page(style, writer);
  page.blank();
  putIncomplete(page, report);
}

}  // namespace parked::report
