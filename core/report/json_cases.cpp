// The cases of a select in `parked goroutine ID --json`.
#include <memory>
#include <utility>

#include "leak/cases.h"
#include "leak/describe.h"
#include "report/document.h"
#include "report/lists.h"

namespace parked::report {

namespace {

std::string_view outlookId(leak::CaseFate fate) {
  switch (fate) {
    case leak::CaseFate::nobody:
      return "nobody";
    case leak::CaseFate::timer:
      return "timer";
    case leak::CaseFate::reached:
      return "reached";
    case leak::CaseFate::unknown:
      break;
  }
  return {};
}

void putCase(JsonWriter& json, const golang::Snapshot& snapshot, const leak::CaseOutlook& outlook) {
  const golang::Wait& wait = snapshot.waits[outlook.wait];
  json.object([&] {
    json.member("select_case", wait.caseIndex >= 0 ? std::optional(wait.caseIndex) : std::nullopt);
    json.text("op", leak::opName(wait.op));
    json.address("channel", wait.address);
    json.text("outlook", outlookId(outlook.fate));
    json.text("way", outlook.by);
  });
}

}  // namespace

void addCases(Document& document, Index goroutine, std::uint64_t limit) {
  const Report& report = document.report();
  auto cases = std::make_shared<const std::vector<leak::CaseOutlook>>(
      leak::casesOf(*report.analysis, goroutine, limit, nullptr));
  if (cases->empty()) return;
  const std::size_t count = cases->size();
  document.array("cases", "case", count,
                 [&report, cases = std::move(cases)](JsonWriter& json, std::size_t i) {
                   putCase(json, *report.snapshot, (*cases)[i]);
                 });
}

}  // namespace parked::report
