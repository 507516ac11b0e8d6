
#include "report/json_text.h"
#include "resources/contexts/slice.h"
#include "resources/kit.h"

namespace parked::resources {

namespace {

std::optional<Index> unlessNone(Index index) {
  return index == kNone ? std::nullopt : std::optional(index);
}

}  // namespace

void putContext(JsonWriter& json, const Report& report, std::size_t index) {
  const ContextNode& node = report.resources->of<Contexts>().nodes[index];
  const golang::Snapshot& snapshot = *report.snapshot;
  json.object([&] {
    json.address("address", node.address);
    json.member("kind", traitsOf(node.kind).id);
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

}  // namespace parked::resources
