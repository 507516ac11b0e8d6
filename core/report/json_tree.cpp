// The nodes of `parked pstree --json`.
#include "leak/numbers.h"
#include "report/json_names.h"
#include "report/json_text.h"
#include "report/phrases.h"
#include "report/tree.h"

namespace parked::report {

namespace {

using leak::BlockedBy;
using leak::Forest;

void putIndexOrNull(std::string& out, Index index) {
  putNumberOrNull(out, index == kNone ? std::nullopt : std::optional(index));
}

void putPlace(std::string& out, const Report& report, leak::PlaceId id) {
  putPlaceOrNull(out, report.analysis->place(id));
}

std::string_view kindOf(const Forest& forest, Index item) {
  if (forest.isGoroutine(item)) return "goroutine";
  return forest.extra(item).id != 0 ? "ended" : "place";
}

/// Goroutine ids of the members; none of a place.
void putIds(std::string& out, const Report& report, const Forest& forest,
            const Forest::Node& node) {
  out += '[';
  bool first = true;
  for (const Index item : forest.membersOf(node)) {
    const std::uint64_t id =
        forest.isGoroutine(item) ? report.snapshot->goroutines[item].id : forest.extra(item).id;
    if (id == 0) continue;
    put(out, FMT_COMPILE("{}{}"), first ? "" : ",", id);
    first = false;
  }
  out += ']';
}

void putGoroutineMembers(std::string& out, const Report& report, Index goroutine) {
  const leak::GoroutineInfo& info = report.analysis->info(goroutine);
  put(out, FMT_COMPILE(R"(,"verdict":"{}","reason":)"), leak::verdictName(info.verdict));
  putString(out, reasonText(*report.analysis, goroutine));
  out += R"(,"start":)";
  putPlace(out, report, info.start);
  out += R"(,"user_frame":)";
  putPlace(out, report, report.analysis->userLine(goroutine).user);
}

void putBlockedBy(std::string& out, const Report& report, const Tree& tree, Index item) {
  const BlockedBy& by = tree.blocking.by[item];
  out += R"(,"waits_for":)";
  if (by.kind == BlockedBy::Kind::nobody) {
    out += "null";
    return;
  }
  put(out, FMT_COMPILE(R"({{"goroutine":{},"act":)"), report.snapshot->goroutines[by.goroutine].id);
  putStringOrNull(out, by.kind == BlockedBy::Kind::partner ? "" : actId(by.act));
  out += R"(,"place":)";
  putPlaceOrNull(out, tree.blocking.places[by.place]);
  put(out, FMT_COMPILE(R"(,"others":{},"circle":{}}})"), by.others, boolText(by.circle));
}

}  // namespace

void putTreeNode(std::string& out, const Report& report, const Tree& tree, std::size_t index) {
  const Forest& forest = tree.forest;
  const Forest::Node& node = forest.nodes()[index];
  put(out, FMT_COMPILE(R"({{"kind":"{}","parent":)"), kindOf(forest, node.item));
  putIndexOrNull(out, node.parent);
  put(out, FMT_COMPILE(R"(,"count":{},"below":{},"chosen":{},"gravest":)"), node.count,
      node.goroutines, boolText(!node.context));
  putStringOrNull(out, node.goroutines == 0 ? "" : leak::verdictName(node.gravest));
  if (forest.isGoroutine(node.item)) {
    putGoroutineMembers(out, report, node.item);
  } else {
    out += R"(,"place":)";
    putPlace(out, report, forest.extra(node.item).place);
  }
  if (tree.waits) putBlockedBy(out, report, tree, node.item);
  out += R"(,"goroutines":)";
  putIds(out, report, forest, node);
  out += '}';
}

}  // namespace parked::report
