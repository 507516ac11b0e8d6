// The cases of a select in `parked goroutine ID --json`.
#include "leak/cases.h"
#include "leak/describe.h"
#include "report/document.h"
#include "report/lists.h"

namespace parked::report {

namespace {

void putCase(JsonWriter& json, const golang::Snapshot& snapshot, const leak::CaseOutlook& outlook) {
  const golang::Wait& wait = snapshot.waits[outlook.wait];
  json.object([&] {
    json.member("select_case", wait.caseIndex >= 0 ? std::optional(wait.caseIndex) : std::nullopt);
    json.text("op", golang::opName(wait.op));
    json.address("channel", wait.address);
    json.text("outlook", leak::traitsOf(outlook.fate).id);
    json.text("way", outlook.by);
  });
}

}  // namespace

void addCases(Document& document) {
  const Report& report = document.report();
  if (report.cases.empty()) return;
  document.array("cases", "case", report.cases.size(), [&report](JsonWriter& json, std::size_t i) {
    putCase(json, *report.snapshot, report.cases[i]);
  });
}

}  // namespace parked::report
