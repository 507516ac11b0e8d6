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

/// "" where nothing does.
std::string_view rearmingId(stdlib::Rearming rearming) {
  return rearming == stdlib::Rearming::startsItself   ? "starts_itself"
         : rearming == stdlib::Rearming::resetsItself ? "resets_itself"
                                                      : "";
}

std::optional<Index> unlessNone(Index index) {
  return index == kNone ? std::nullopt : std::optional(index);
}

}  // namespace

void putContext(JsonWriter& json, const Report& report, std::size_t index) {
  const stdlib::ContextNode& node = report.resources->contexts.nodes[index];
  const golang::Snapshot& snapshot = *report.snapshot;
  json.object([&] {
    json.address("address", node.address);
    json.member("kind", kindId(node.kind));
    json.text("context_type", node.type);
    json.text("key_type", node.key);
    json.member("parent", unlessNone(node.parent));
    json.member("registered_with", unlessNone(node.registered));
    json.member("children", node.children);
    json.member("ending_with_it", node.cancelables);
    json.member("cancelled", node.cancelled);
    json.member("due_in_ns",
                node.deadlineKnown && snapshot.clock.now != 0
                    ? std::optional(saturatingDifference(node.deadline, snapshot.clock.now))
                    : std::nullopt);
    json.member("nobody_can_cancel", node.lost);
    json.address("done", node.done);
    json.array("goroutines", node.goroutines,
               [&](Index goroutine) { json.value(snapshot.goroutines[goroutine].id); });
  });
}

void putTimerDetail(JsonWriter& json, const Report& report, std::size_t index) {
  const bool known = report.resources != nullptr && index < report.resources->timers.details.size();
  const stdlib::TimerDetail detail =
      known ? report.resources->timers.details[index] : stdlib::TimerDetail{};
  json.address("object", detail.object);
  json.text("held_by", known ? rules::holderText(*report.analysis, report.resources->timers, index)
                             : std::string());
  json.member("nobody_can_stop", detail.holder == stdlib::TimerHolder::nobody);
  const rules::TimerMaker maker =
      known ? rules::makerOf(*report.analysis, report.resources->timers, index)
            : rules::TimerMaker{};
  if (maker.place.function.empty()) {
    json.null("made");
  } else {
    json.object("made", [&] {
      json.member("how", maker.how);
      putPlaceMembers(json, maker.place.function, maker.place.file, maker.place.line);
    });
  }
  json.member("receivers", detail.receivers);
  json.text("rearms", rearmingId(detail.rearming));
  const auto ifKnown = [&](std::uint64_t number) {
    return detail.retainedKnown ? std::optional(number) : std::nullopt;
  };
  json.member("retained_bytes", ifKnown(detail.retainedBytes));
  json.member("retained_objects", ifKnown(detail.retainedObjects));
}

}  // namespace parked::report
