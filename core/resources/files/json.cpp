#include "report/json_text.h"
#include "resources/files/slice.h"
#include "resources/kit.h"

namespace parked::resources {

namespace {

/// Who waits for the descriptor in one direction, or null.
void putWaiter(JsonWriter& json, const Report& report, Index goroutine, std::int64_t deadline) {
  const golang::Snapshot& snapshot = *report.snapshot;
  if (goroutine >= snapshot.goroutines.size()) return json.null();
  json.object([&] {
    json.member("goroutine", snapshot.goroutines[goroutine].id);
    json.member("wait_ns_at_least", ifPositive(report.analysis->waitAtLeast(goroutine)));
    json.member("deadline", deadline == 0 ? "none" : deadline < 0 ? "passed" : "set");
    json.member("deadline_in_ns",
                deadline > 0 && snapshot.clock.now != 0
                    ? std::optional(saturatingDifference(deadline, snapshot.clock.now))
                    : std::nullopt);
  });
}

}  // namespace

void putFile(JsonWriter& json, const Report& report, std::size_t index) {
  const OpenFile& file = report.resources->of<Files>().all[index];
  json.object([&] {
    json.member("fd", file.fd);
    json.member("kind", traitsOf(file.kind).id);
    json.address("object", file.object);
    json.text("name", file.name);
    json.text("network", file.network);
    json.text("local", file.local);
    json.text("remote", file.remote);
    json.member("nobody_can_close", !file.reachable);
    json.array("held_by_leaked", file.holders,
               [&](Index holder) { json.value(report.snapshot->goroutines[holder].id); });
    json.key("reader");
    putWaiter(json, report, file.reader, file.readDeadline);
    json.key("writer");
    putWaiter(json, report, file.writer, file.writeDeadline);
  });
}

}  // namespace parked::resources
