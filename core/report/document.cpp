#include "report/document.h"

#include <algorithm>

#include "report/put_document.h"
#include "report/render.h"

namespace parked::report {

namespace {

using FindingsShown = std::vector<std::pair<const rules::Finding*, std::size_t>>;

/// In the groups' order; then those about resources.
FindingsShown findingsShown(const Report& report) {
  FindingsShown shown;
  for (std::size_t i = 0; i < report.grouping.groups.size(); ++i) {
    const rules::Finding* finding = findingOf(report, report.grouping.groups[i]);
    if (finding != nullptr && finding->group != kNone) shown.emplace_back(finding, i);
  }
  for (const rules::Finding& finding : report.findings) {
    if (finding.group == kNone) shown.emplace_back(&finding, kNone);
  }
  return shown;
}

/// What --fail-on made of the report, by places in the document's arrays.
void putDecision(JsonWriter& json, const Decision& decision, const FindingsShown& shown) {
  json.object([&] {
    json.member("verdict", leak::verdictName(decision.verdict));
    json.array("groups", decision.groups, [&](std::size_t group) { json.value(group); });
    json.key("findings");
    json.begin('[');
    for (std::size_t i = 0; i < shown.size(); ++i) {
      if (std::ranges::find(decision.findings, shown[i].first) != decision.findings.end()) {
        json.value(i);
      }
    }
    json.end(']');
    json.member("incomplete", decision.incomplete);
  });
}

void putMember(Writer& out, JsonWriter& json, const Document::Member& member) {
  json.newLine();
  json.key(member.name);
  if (member.array) json.begin('[');
  for (std::size_t i = 0; i < member.count && !out.ended(); ++i) {
    if (member.array) json.newLine();
    member.put(json, i);
    out.drain();
  }
  if (member.array) json.end(']');
}

}  // namespace

void Document::array(std::string_view name, std::string_view type, std::size_t count, Put put) {
  members_.push_back({name, type, count, true, std::move(put)});
}

void Document::value(std::string_view name, std::function<void(JsonWriter& json)> put) {
  members_.push_back(
      {name, name, 1, false, [put = std::move(put)](JsonWriter& json, std::size_t) { put(json); }});
}

void Document::addGoroutines(std::uint64_t limit) {
  const std::size_t listed = atMost(report_.goroutines.size(), limit);
  value("selection", [this, listed](JsonWriter& json) { putSelection(json, report_, listed); });
  array("goroutines", "goroutine", listed, [this](JsonWriter& json, std::size_t i) {
    objects_.goroutine(json, report_.goroutines[i]);
  });
}

void Document::addGroups() {
  array("groups", "group", report_.grouping.groups.size(),
        [this](JsonWriter& json, std::size_t i) { objects_.group(json, i); });
  findings_ = findingsShown(report_);
  array("findings", "finding", findings_.size(), [this](JsonWriter& json, std::size_t i) {
    putFinding(json, report_, *findings_[i].first, findings_[i].second);
  });
}

void Document::addEnd() {
  value("proof", [this](JsonWriter& json) { putProof(json, report_); });
  if (report_.decision) {
    value("fail_on", [this](JsonWriter& json) { putDecision(json, *report_.decision, findings_); });
  }
  array("incomplete", "incomplete", report_.incomplete.size(),
        [this](JsonWriter& json, std::size_t i) { putIncomplete(json, report_.incomplete[i]); });
  const auto& momentary = report_.snapshot->momentary.entries();
  array("momentary", "momentary", momentary.size(),
        [&momentary](JsonWriter& json, std::size_t i) { putIncomplete(json, momentary[i]); });
}

void putDocument(Writer& out, JsonWriter& json, const Document& document) {
  json.object([&] {
    json.member("schema", kJsonSchema);
    json.newLine();
    json.key("target");
    putTarget(json, document.report());
    for (const Document::Member& member : document.members()) putMember(out, json, member);
  });
}

}  // namespace parked::report
