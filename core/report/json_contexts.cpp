#include "report/json_contexts.h"

#include "report/json_text.h"
#include "rules/timer_places.h"

namespace parked::report {

namespace {

using stdlib::ContextKind;

std::string_view kindId(ContextKind kind) {
  switch (kind) {
    case ContextKind::root:
      return "root";
    case ContextKind::cancel:
      return "cancel";
    case ContextKind::deadline:
      return "deadline";
    case ContextKind::value:
      return "value";
    case ContextKind::afterFunc:
      return "after_func";
    case ContextKind::withoutCancel:
      return "without_cancel";
    case ContextKind::custom:
      break;
  }
  return "custom";
}

std::string_view rearmingId(stdlib::Rearming rearming) {
  return rearming == stdlib::Rearming::startsItself   ? "\"starts_itself\""
         : rearming == stdlib::Rearming::resetsItself ? "\"resets_itself\""
                                                      : "null";
}

std::optional<Index> unlessNone(Index index) {
  return index == kNone ? std::nullopt : std::optional(index);
}

}  // namespace

void putContext(std::string& out, const Report& report, std::size_t index) {
  const stdlib::ContextNode& node = report.resources->contexts.nodes[index];
  const golang::Snapshot& snapshot = *report.snapshot;
  out += R"({"address":)";
  putAddress(out, node.address);
  put(out, FMT_COMPILE(R"(,"kind":"{}","context_type":)"), kindId(node.kind));
  putStringOrNull(out, node.type);
  out += R"(,"key_type":)";
  putStringOrNull(out, node.key);
  out += R"(,"parent":)";
  putNumberOrNull(out, unlessNone(node.parent));
  out += R"(,"registered_with":)";
  putNumberOrNull(out, unlessNone(node.registered));
  put(out, FMT_COMPILE(R"(,"children":{},"ending_with_it":{},"cancelled":{},"due_in_ns":)"),
      node.children, node.cancelables, boolText(node.cancelled));
  putNumberOrNull(out, node.deadlineKnown && snapshot.clock.now != 0
                           ? std::optional(saturatingDifference(node.deadline, snapshot.clock.now))
                           : std::nullopt);
  put(out, FMT_COMPILE(R"(,"nobody_can_cancel":{},"done":)"), boolText(node.lost));
  putAddress(out, node.done);
  out += R"(,"goroutines":[)";
  for (std::size_t i = 0; i < node.goroutines.size(); ++i) {
    put(out, FMT_COMPILE("{}{}"), i == 0 ? "" : ",", snapshot.goroutines[node.goroutines[i]].id);
  }
  out += "]}";
}

void putTimerDetail(std::string& out, const Report& report, std::size_t index) {
  const bool known = report.resources != nullptr && index < report.resources->timers.details.size();
  const stdlib::TimerDetail detail =
      known ? report.resources->timers.details[index] : stdlib::TimerDetail{};
  out += R"(,"object":)";
  putAddress(out, detail.object);
  const std::string holder =
      known ? rules::holderText(*report.analysis, report.resources->timers, index) : std::string();
  out += R"(,"held_by":)";
  putStringOrNull(out, holder);
  put(out, FMT_COMPILE(R"(,"nobody_can_stop":{},"made":)"),
      boolText(detail.holder == stdlib::TimerHolder::nobody));
  const rules::TimerMaker maker =
      known ? rules::makerOf(*report.analysis, report.resources->timers, index)
            : rules::TimerMaker{};
  if (maker.place.function.empty()) {
    out += "null";
  } else {
    put(out, FMT_COMPILE(R"({{"how":"{}","func":)"), maker.how);
    putString(out, maker.place.function);
    out += R"(,"file":)";
    putString(out, maker.place.file);
    put(out, FMT_COMPILE(R"(,"line":{}}})"), maker.place.line);
  }
  put(out, FMT_COMPILE(R"(,"receivers":{},"rearms":{},"retained_bytes":)"), detail.receivers,
      rearmingId(detail.rearming));
  putNumberOrNull(out, detail.retainedKnown ? std::optional(detail.retainedBytes) : std::nullopt);
  out += R"(,"retained_objects":)";
  putNumberOrNull(out, detail.retainedKnown ? std::optional(detail.retainedObjects) : std::nullopt);
}

}  // namespace parked::report
