#include "report/alerts.h"

#include <fmt/ranges.h>

#include "base/text.h"
#include "leak/fingerprint.h"
#include "report/baseline.h"
#include "report/left_by.h"
#include "report/phrases.h"
#include "rules/rule.h"

namespace parked::report {

namespace {

Alert alertOf(const Report& report, const rules::Finding& finding) {
  const rules::Rule& rule = rules::ruleOf(finding.rule);
  Alert alert;
  alert.rule = rule.name;
  alert.title = rule.title;
  alert.verdict = finding.verdict;
  alert.message = finding.sentence;
  alert.fix = rules::fixOf(finding);
  alert.evidence = finding.evidence;
  alert.place = finding.place;
  alert.fingerprint = rules::fingerprintOf(*report.analysis, finding);
  alert.count = finding.count;
  alert.known = finding.known;
  return alert;
}

Alert alertOf(const Report& report, const leak::Group& group) {
  const leak::Analysis& analysis = *report.analysis;
  Alert alert;
  alert.rule = leak::verdictName(group.verdict);
  alert.title = lookOf(group.verdict).title;
  alert.verdict = group.verdict;
  alert.message = fmt::format("{} in {}: {}", counted(group.count, "goroutine"),
                              reasonText(analysis, group.example), analysis.sentence(group));
  alert.place = analysis.place(analysis.userLine(group.example).user);
  alert.fingerprint = leak::fingerprintOf(analysis, group);
  alert.count = group.count;
  alert.known = isKnown(report, group);
  return alert;
}

}  // namespace

std::vector<Alert> alertsOf(const Report& report) {
  std::vector<Alert> alerts;
  LeftBy leftBy(report);
  for (const leak::Group& group : report.grouping.groups) {
    if (group.system || group.verdict < leak::Verdict::suspect) continue;
    if (report.atExit && leftBy.waitsForTest(group)) continue;
    const rules::Finding* finding = findingOf(report, group);
    // One about a resource comes below, once, whatever goroutines it names.
    if (finding != nullptr && finding->group == kNone) continue;
    alerts.push_back(finding != nullptr ? alertOf(report, *finding) : alertOf(report, group));
    alerts.back().creator = report.analysis->place(group.creator);
    alerts.back().tests = leftBy.of(group);
  }
  for (const rules::Finding& finding : report.findings) {
    if (finding.group == kNone) alerts.push_back(alertOf(report, finding));
  }
  return alerts;
}

std::vector<std::string> limitsOf(const Report& report) {
  return limitsOf(report.incomplete, report.analysis->options().proof);
}

std::vector<std::string> limitsOf(const std::vector<Incomplete>& incomplete,
                                  const proof::Proof* proof) {
  std::vector<std::string> limits;
  for (const Incomplete& entry : incomplete) limits.push_back(incompleteText(entry));
  if (proof == nullptr) {
    limits.emplace_back("no proof was asked for: who can never run again is not known");
  } else if (!proof->given()) {
    limits.push_back(fmt::format("nothing was proved: {}", proof->withheld()));
  }
  return limits;
}

std::string alertText(const Alert& alert) {
  std::string text = fmt::format("{}: {}\n", alert.title, alert.message);
  if (!alert.place.function.empty()) {
    text +=
        fmt::format("at {} ({}:{})\n", alert.place.function, alert.place.file, alert.place.line);
  }
  if (!alert.creator.function.empty()) {
    text += fmt::format("created by {} ({}:{})\n", alert.creator.function, alert.creator.file,
                        alert.creator.line);
  }
  if (!alert.tests.empty()) text += fmt::format("left by {}\n", fmt::join(alert.tests, ", "));
  for (const std::string& evidence : alert.evidence) text += fmt::format("{}\n", evidence);
  if (!alert.fix.empty()) text += fmt::format("fix: {}\n", alert.fix);
  return text;
}

}  // namespace parked::report
