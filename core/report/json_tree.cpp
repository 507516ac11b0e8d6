// The nodes of `parked pstree --json`.
#include "base/text.h"
#include "report/json_text.h"
#include "report/phrases.h"
#include "report/tree.h"

namespace parked::report {

namespace {

using leak::BlockedBy;
using leak::Forest;

std::string_view kindOf(const Forest& forest, Index item) {
  if (forest.isGoroutine(item)) return "goroutine";
  return forest.extra(item).id != 0 ? "ended" : "place";
}

/// Goroutine ids of the members; none of a place.
std::vector<std::uint64_t> idsOf(const Report& report, const Forest& forest,
                                 const Forest::Node& node) {
  std::vector<std::uint64_t> ids;
  for (const Index item : forest.membersOf(node)) {
    const std::uint64_t id =
        forest.isGoroutine(item) ? report.snapshot->goroutines[item].id : forest.extra(item).id;
    if (id != 0) ids.push_back(id);
  }
  return ids;
}

void putGoroutineMembers(JsonWriter& json, const Report& report, Index goroutine) {
  const leak::Analysis& analysis = *report.analysis;
  const leak::GoroutineInfo& info = analysis.info(goroutine);
  json.member("verdict", leak::verdictName(info.verdict));
  json.member("reason", reasonText(analysis, goroutine));
  putPlaceOrNull(json, "start", analysis.place(info.start));
  putPlaceOrNull(json, "user_frame", analysis.place(analysis.userLine(goroutine).user));
}

void putBlockedBy(JsonWriter& json, const Report& report, const Tree& tree, Index item) {
  const BlockedBy& by = tree.blocking.by[item];
  if (by.kind == BlockedBy::Kind::nobody) return json.null("waits_for");
  json.object("waits_for", [&] {
    json.member("goroutine", report.snapshot->goroutines[by.goroutine].id);
    json.text("act", by.kind == BlockedBy::Kind::partner ? "" : leak::traitsOf(by.act).id);
    putPlaceOrNull(json, "place", tree.blocking.places[by.place]);
    json.member("others", by.others);
    json.member("circle", by.circle);
  });
}

}  // namespace

void putTreeNode(JsonWriter& json, const Report& report, const Tree& tree, std::size_t index) {
  const Forest& forest = tree.forest;
  const Forest::Node& node = forest.nodes()[index];
  json.object([&] {
    json.member("kind", kindOf(forest, node.item));
    json.member("parent", node.parent == kNone ? std::nullopt : std::optional(node.parent));
    json.member("count", node.count);
    json.member("below", node.goroutines);
    json.member("chosen", !node.context);
    json.text("gravest", node.goroutines == 0 ? "" : leak::verdictName(node.gravest));
    if (forest.isGoroutine(node.item)) {
      putGoroutineMembers(json, report, node.item);
    } else {
      putPlaceOrNull(json, "place", report.analysis->place(forest.extra(node.item).place));
    }
    if (tree.waits) putBlockedBy(json, report, tree, node.item);
    json.array("goroutines", idsOf(report, forest, node),
               [&](std::uint64_t id) { json.value(id); });
  });
}

void addTree(Document& document, const Tree& tree, std::uint64_t limit) {
  const Report& report = document.report();
  document.array(
      "tree", "tree_node", atMost(tree.forest.nodes().size(), limit),
      [&report, &tree](JsonWriter& json, std::size_t i) { putTreeNode(json, report, tree, i); });
}

}  // namespace parked::report
