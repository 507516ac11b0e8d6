#include "report/baseline.h"

#include "base/replace_file.h"
#include "compare/known.h"
#include "report/json_writer.h"

namespace parked::report {

namespace {

void putEntry(JsonWriter& json, const std::string& fingerprint, const compare::Entry& entry) {
  json.newLine();
  json.object([&] {
    json.member("fingerprint", fingerprint);
    json.member("verdict", leak::verdictName(entry.verdict));
    json.member("places", entry.places.size());
    json.text("rule", entry.rule);
    json.text("title", entry.title);
    json.text("func", entry.function);
    json.text("created_by", entry.creator);
  });
}

template <std::size_t N>
void putEntries(JsonWriter& json, const char (&name)[N], const compare::Entries& entries) {
  json.newLine();
  json.key(name);
  json.begin('[');
  for (const auto& [fingerprint, entry] : entries) putEntry(json, fingerprint, entry);
  json.end(']');
}

}  // namespace

void applyBaseline(Report& report, const compare::Baseline& baseline) {
  report.knownGroups = compare::knownGroups(baseline, *report.analysis);
  compare::markKnown(baseline, *report.analysis, report.findings);
}

Result<void> writeBaseline(const Report& report, leak::Verdict verdict, const std::string& file) {
  std::vector<leak::Group> groups;
  for (const leak::Group& group : report.grouping.groups) {
    if (!group.system && group.verdict >= verdict) groups.push_back(group);
  }
  // Those about groups that were left out are not in it, either.
  std::vector<rules::Finding> findings;
  for (const rules::Finding& finding : report.findings) {
    if (finding.group != kNone || !report.filtered) findings.push_back(finding);
  }
  std::string text;
  JsonWriter json(text);
  json.object([&] {
    json.member("schema", compare::kBaselineSchema);
    putEntries(json, "findings", compare::entriesOf(*report.analysis, findings));
    putEntries(json, "groups", compare::entriesOf(*report.analysis, groups));
  });
  text += '\n';
  return replaceFile(file, text);
}

}  // namespace parked::report
