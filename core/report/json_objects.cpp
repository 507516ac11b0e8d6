#include "report/json_objects.h"

#include <optional>

#include "leak/describe.h"
#include "leak/fingerprint.h"
#include "report/baseline.h"
#include "report/json_text.h"
#include "report/json_waits.h"
#include "report/phrases.h"
#include "report/source_lines.h"

namespace parked::report {

JsonObjects::JsonObjects(const Report& report)
    : report_(report),
      snapshot_(*report.snapshot),
      analysis_(*report.analysis),
      leftBy_(report),
      groupOf_(snapshot_.goroutines.size(), kNone),
      stacks_(snapshot_.stacks.size()),
      places_(analysis_.placeCount()) {
  for (std::size_t i = 0; i < report.grouping.groups.size(); ++i) {
    for (const Index member : report.grouping.membersOf(report.grouping.groups[i])) {
      groupOf_[member] = static_cast<Index>(i);
    }
  }
  for (std::size_t i = 0; i < places_.size(); ++i) {
    const leak::Place& at = analysis_.place(static_cast<leak::PlaceId>(i));
    JsonWriter json(places_[i]);
    putPlaceMembers(json, at);
  }
}

template <class Members>
void JsonObjects::place(JsonWriter& json, leak::PlaceId id, const Members& members) const {
  if (id == leak::kNoPlace) return json.null();
  json.object([&] {
    json.raw(places_[id]);
    members();
  });
}

void JsonObjects::place(JsonWriter& json, leak::PlaceId id) const {
  place(json, id, [] {});
}

void JsonObjects::createdBy(JsonWriter& json, leak::PlaceId creator,
                            std::uint64_t goroutine) const {
  json.key("created_by");
  place(json, creator, [&] { json.member("goroutine", unlessZero(goroutine)); });
}

void JsonObjects::origin(JsonWriter& json, const leak::Origin& origin) const {
  if (origin.kind == leak::OriginKind::none) return json.null("origin");
  json.key("origin");
  place(json, origin.place, [&] {
    json.member("goroutine", unlessZero(origin.goroutine));
    json.member("how", leak::traitsOf(origin.kind).id);
  });
}

void JsonObjects::frames(JsonWriter& json, const golang::Goroutine& goroutine) {
  source_.clear();
  pcs_.clear();
  analysis_.frames(goroutine, source_, &pcs_);
  std::size_t i = 0;
  json.array("frames", source_, [&](const image::SourceFrame& frame) {
    json.object([&] {
      putPlaceMembers(json, frame.function, frame.file, frame.line);
      json.address("pc", i < pcs_.size() ? pcs_[i] : 0);
      json.member("inlined", frame.inlined);
      json.member("wrapper", frame.wrapper);
    });
    ++i;
  });
  json.member("stack_complete", goroutine.stack < snapshot_.stacks.size() &&
                                    !snapshot_.stacks[goroutine.stack].truncated);
}

void JsonObjects::stack(JsonWriter& json, Index index) {
  const leak::StackInfo info = analysis_.userLine(index);
  json.key("user_frame");
  place(json, info.user, [&] { putSourceMember(json, report_, analysis_.place(info.user)); });
  json.text("user_frame_of", leak::ownerName(info.owner));
  json.key("library_frame");
  place(json, info.library);
  const golang::Goroutine& goroutine = snapshot_.goroutines[index];
  if (goroutine.stack >= stacks_.size()) return json.raw(R"("frames":[],"stack_complete":false)");
  std::string& text = stacks_[goroutine.stack];
  if (text.empty()) {
    JsonWriter kept(text);
    frames(kept, goroutine);
  }
  json.raw(text);
}

void JsonObjects::sentence(JsonWriter& json, Index index) {
  const leak::GoroutineInfo& info = analysis_.info(index);
  json.key("why");
  // These speak of the goroutine itself, the others of its group alone.
  if (info.why == leak::Why::noSudog || info.label != kEmptyString) {
    return json.value(analysis_.sentence(index));
  }
  const std::uint64_t key = std::uint64_t{info.group} << 8 | static_cast<std::uint64_t>(info.why);
  const auto [at, isNew] = sentences_.try_emplace(key);
  if (isNew) JsonWriter(at->second).value(analysis_.sentence(index));
  json.raw(at->second);
}

void JsonObjects::reason(JsonWriter& json, const golang::Goroutine& g) const {
  const bool blocked = leak::stateOf(g) == leak::State::blocked;
  json.text("reason", blocked && g.reason < snapshot_.reasons.size()
                          ? snapshot_.strings[snapshot_.reasons[g.reason].text]
                          : std::string_view());
}

void JsonObjects::identity(JsonWriter& json, const golang::Goroutine& g) const {
  json.member("id", g.id);
  json.address("address", g.address);
  json.member("status", golang::statusName(g.status));
  json.member("scan", g.scan);
  reason(json, g);
}

void JsonObjects::judgement(JsonWriter& json, Index index) {
  const leak::GoroutineInfo& info = analysis_.info(index);
  json.member("verdict", leak::verdictName(info.verdict));
  json.text("rule", leak::traitsOf(info.why).id);
  sentence(json, index);
}

std::int32_t JsonObjects::threadOf(const golang::Goroutine& g) const {
  if (snapshot_.image == nullptr || g.thread == kNone) return 0;
  const auto& threads = snapshot_.image->target().threads();
  return g.thread < threads.size() ? threads[g.thread].tid : 0;
}

void JsonObjects::labels(JsonWriter& json, const golang::Goroutine& g) const {
  json.object("labels", [&] {
    if (g.labels >= snapshot_.labelSets.size()) return;
    for (const auto& [key, value] : snapshot_.labelSets[g.labels].pairs) {
      json.key(std::string_view(key));
      json.value(value);
    }
  });
}

void JsonObjects::goroutine(JsonWriter& json, Index index) {
  const golang::Goroutine& g = snapshot_.goroutines[index];
  const leak::GoroutineInfo& info = analysis_.info(index);
  json.object([&] {
    identity(json, g);
    judgement(json, index);
    json.member("system", g.system);
    json.text("known_as", analysis_.label(index));
    json.member("wait_ns_at_least", unlessZero(analysis_.waitAtLeast(index)));
    json.member("locked_to_thread", g.lockedToThread);
    json.member("thread", unlessZero(threadOf(g)));
    json.member("synctest_bubble", unlessZero(g.bubble));
    json.member("in_c", analysis_.inC(index));
    json.text("start_func", info.start == leak::kNoPlace ? std::string_view()
                                                         : analysis_.place(info.start).function);
    createdBy(json, info.creator, g.parentId);
    origin(json, analysis_.origin(index));
    stack(json, index);
    json.array("waiting_on", snapshot_.waitsOf(g),
               [&](const golang::Wait& wait) { putWait(json, snapshot_, wait); });
    labels(json, g);
    json.member("group", groupOf_[index] != kNone ? std::optional(groupOf_[index]) : std::nullopt);
  });
}

void JsonObjects::group(JsonWriter& json, std::size_t index) {
  const leak::Group& group = report_.grouping.groups[index];
  const golang::Goroutine& example = snapshot_.goroutines[group.example];
  json.object([&] {
    json.member("index", index);
    json.member("count", group.count);
    json.text("key", report_.groupBy.byStack ? std::string_view() : group.key);
    json.text("fingerprint", report_.groupBy.byStack ? leak::fingerprintOf(analysis_, group) : "");
    const bool compared = report_.knownGroups && report_.groupBy.byStack;
    json.member("known", compared ? std::optional(isKnown(report_, group)) : std::nullopt);
    json.member("verdict", leak::verdictName(group.verdict));
    json.text("rule", leak::traitsOf(group.why).id);
    json.member("why", analysis_.sentence(group));
    json.member("findings", group.findings);
    json.member("state", leak::traitsOf(group.state).id);
    reason(json, example);
    json.member("in_c", analysis_.inC(group.example));
    json.member("wait_ns_at_least", unlessZero(group.longestWait));
    json.member("system", group.system);
    json.text("known_as", analysis_.label(group.example));
    json.member("objects", group.objects);
    json.text("waits_on", groupObjects(report_, group));
    holding(json, index);
    keptBy(json, group);
    json.member("creators", group.creators);
    json.key("created_by");
    place(json, group.creator);
    origin(json, group.origin);
    leftBy(json, group);
    json.member("example", example.id);
    stack(json, group.example);
    json.array("goroutines", report_.grouping.membersOf(group),
               [&](Index member) { json.value(snapshot_.goroutines[member].id); });
  });
}

void JsonObjects::leftBy(JsonWriter& json, const leak::Group& group) {
  const std::vector<std::string> tests = leftBy_.of(group);
  if (tests.empty()) return json.null("left_by");
  json.array("left_by", tests, [&](const std::string& test) { json.value(test); });
}

void JsonObjects::keptBy(JsonWriter& json, const leak::Group& group) const {
  const leak::Keeper* keeper = keeperOf(report_, group);
  if (keeper == nullptr) return json.null("kept_by");
  json.object("kept_by", [&] {
    json.member("goroutines", keeper->members);
    json.member("of", keeper->of);
    json.member("holder", keeper->holder);
    json.text("each", keeper->each);
    json.member("entries", keeper->entries);
    json.address("object", keeper->object);
  });
}

void JsonObjects::holding(JsonWriter& json, std::size_t group) const {
  const auto& owners = report_.holdings.owners;
  if (group >= owners.size() || owners[group].goroutines == 0) {
    json.null("retained");
    json.null("root_cause_group");
    return;
  }
  const proof::Holding& holding = owners[group];
  json.object("retained", [&] {
    json.member("goroutines", holding.goroutines);
    json.member("stack_bytes", holding.stackBytes);
    json.member("heap_bytes", holding.heapBytes);
    json.member("heap_objects", holding.objects);
  });
  const bool shown = holding.cause < report_.grouping.groups.size();
  json.member("root_cause_group", shown ? std::optional(holding.cause) : std::nullopt);
}

void putSourceMember(JsonWriter& json, const Report& report, const leak::Place& place) {
  if (report.source == nullptr) return;
  const auto source = report.source->of(place);
  if (!source) return json.null("source");
  json.object("source", [&] {
    json.member("text", source->text);
    json.member("newer", source->newer);
  });
}

void putFinding(JsonWriter& json, const Report& report, const rules::Finding& finding,
                std::size_t group) {
  const rules::Rule& rule = rules::ruleOf(finding.rule);
  json.object([&] {
    json.member("rule", rule.name);
    json.member("fingerprint", rules::fingerprintOf(*report.analysis, finding));
    json.member("known", report.knownGroups ? std::optional(finding.known) : std::nullopt);
    json.text("title", rule.title);
    json.text("sentence", finding.sentence);
    json.text("fix", rules::fixOf(finding));
    json.text("documentation", rules::documentation(rule));
    json.member("count", finding.count);
    if (finding.place.function.empty()) {
      json.null("place");
    } else {
      json.object("place", [&] {
        putPlaceMembers(json, finding.place);
        putSourceMember(json, report, finding.place);
      });
    }
    json.member("group", group == kNone ? std::nullopt : std::optional(group));
    json.member("verdict", leak::verdictName(finding.verdict));
    json.array("evidence", finding.evidence,
               [&](const std::string& sentence) { json.value(sentence); });
    json.array("goroutines", finding.goroutines,
               [&](Index goroutine) { json.value(report.snapshot->goroutines[goroutine].id); });
  });
}

}  // namespace parked::report
