#include "report/at_exit.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "report/left_by.h"
#include "report/page.h"
#include "report/phrases.h"

namespace parked::report {

namespace {

constexpr std::size_t kTestsShown = 3;

/// "TestFirst, TestSecond and 3 more"; "" if no test is told.
std::string testsText(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kTestsShown; ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kTestsShown) text += fmt::format(" and {} more", names.size() - kTestsShown);
  return text;
}

/// How many goroutines with the verdict or a graver one only wait for tests.
std::uint64_t waitingForTests(const Report& report, LeftBy& tests) {
  std::uint64_t count = 0;
  for (const leak::Group& group : report.grouping.groups) {
    if (group.verdict >= report.decision->verdict && tests.waitsForTest(group)) {
      count += group.count;
    }
  }
  return count;
}

void putClosingAtExit(Page& page, const Report& report, const std::vector<const leak::Group*>& left,
                      LeftBy& tests) {
  std::vector<std::string> lines;
  if (!left.empty()) lines.push_back(leftText(report, left) + ": --all shows them");
  if (const std::uint64_t count = waitingForTests(report, tests); count > 0) {
    lines.push_back(fmt::format("{} of package testing not counted: {} for a test",
                                counted(count, "goroutine"),
                                count == 1 ? "it waits" : "they wait"));
  }
  if (!lines.empty()) page.blank();
  for (const std::string& line : lines) page.line(0, {{line, Ink::faint}});
}

}  // namespace

Decision decideAtExit(const Report& report, leak::Verdict verdict) {
  Decision decision = decide(report, verdict);
  LeftBy tests(report);
  std::erase_if(decision.groups, [&](std::size_t number) {
    return tests.waitsForTest(report.grouping.groups[number]);
  });
  return decision;
}

void renderAtExit(const Report& report, std::uint64_t limit, const TextStyle& style,
                  const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  putHeader(page, report);
  if (!report.decision) return;
  std::vector<const leak::Group*> shown, left;
  for (const std::size_t number : report.decision->groups) {
    const bool fits = shown.size() < atMost(report.decision->groups.size(), limit);
    (fits ? shown : left).push_back(&report.grouping.groups[number]);
  }
  LeftBy tests(report);
  const GroupColumns columns = measureGroups(report, shown);
  for (const leak::Group* group : shown) {
    page.blank();
    putGroup(page, report, *group, columns);
    const std::string names = testsText(tests.of(*group));
    if (!names.empty()) page.field(columns.count + 3, kLabel, "left by", names, Ink::strong);
  }
  putResourceFindings(page, report, report.decision->findings);
  putClosingAtExit(page, report, left, tests);
}

}  // namespace parked::report
