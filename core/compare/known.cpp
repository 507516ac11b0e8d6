#include "compare/known.h"

#include "leak/fingerprint.h"

namespace parked::compare {

namespace {

void setPlace(Entry& entry, const leak::Place& place) {
  entry.function = place.function;
  entry.file = place.file;
  entry.line = place.line;
}

void countPlace(Entry& entry) {
  entry.places.emplace(entry.function, entry.creator);
  if (entry.verdict >= leak::Verdict::suspect) entry.leakingPlaces = entry.places;
}

Entry entryOf(const leak::Analysis& analysis, const leak::Group& group) {
  Entry entry;
  entry.title = leak::waitKind(analysis, group.example);
  entry.verdict = group.verdict;
  entry.count = group.count;
  setPlace(entry, analysis.place(analysis.userLine(group.example).user));
  entry.creator = analysis.place(group.creator).function;
  entry.system = group.system;
  countPlace(entry);
  return entry;
}

Entry entryOf(const leak::Analysis& analysis, const rules::Finding& finding) {
  Entry entry;
  const rules::Rule& rule = rules::ruleOf(finding.rule);
  entry.rule = rule.name;
  entry.title = rule.title;
  entry.verdict = finding.verdict;
  entry.count = finding.count;
  setPlace(entry, finding.place);
  const auto& groups = analysis.grouping().groups;
  if (finding.group < groups.size()) {
    entry.creator = analysis.place(groups[finding.group].creator).function;
    entry.group = leak::fingerprintOf(analysis, groups[finding.group]);
  }
  countPlace(entry);
  return entry;
}

Baseline::Known now(const Entries& entries, const std::string& fingerprint, leak::Verdict verdict) {
  const auto at = entries.find(fingerprint);
  if (at == entries.end()) return {verdict, 0, 0};
  return {verdict, at->second.places.size(), at->second.leakingPlaces.size()};
}

}  // namespace

Entries entriesOf(const leak::Analysis& analysis, std::span<const leak::Group> groups) {
  Entries entries;
  for (const leak::Group& group : groups) {
    if (!group.system) entries[leak::fingerprintOf(analysis, group)].add(entryOf(analysis, group));
  }
  return entries;
}

Entries entriesOf(const leak::Analysis& analysis, std::span<const rules::Finding> findings) {
  Entries entries;
  for (const rules::Finding& finding : findings) {
    entries[rules::fingerprintOf(analysis, finding)].add(entryOf(analysis, finding));
  }
  return entries;
}

std::vector<bool> knownGroups(const Baseline& baseline, const leak::Analysis& analysis) {
  const auto& groups = analysis.grouping().groups;
  const Entries entries = entriesOf(analysis, groups);
  std::vector<bool> known(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const std::string fingerprint = leak::fingerprintOf(analysis, groups[i]);
    known[i] = baseline.hasGroup(fingerprint, now(entries, fingerprint, groups[i].verdict));
  }
  return known;
}

void markKnown(const Baseline& baseline, const leak::Analysis& analysis,
               std::span<rules::Finding> findings) {
  const Entries entries = entriesOf(analysis, findings);
  for (rules::Finding& finding : findings) {
    const std::string fingerprint = rules::fingerprintOf(analysis, finding);
    finding.known = baseline.hasFinding(fingerprint, now(entries, fingerprint, finding.verdict));
  }
}

}  // namespace parked::compare
