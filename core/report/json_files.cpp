#include "report/json_resources.h"
#include "report/json_text.h"
#include "report/resource_words.h"

namespace parked::report {

namespace {

/// Who waits for the descriptor in one direction, or null.
void putWaiter(std::string& out, const Report& report, Index goroutine, std::int64_t deadline) {
  const golang::Snapshot& snapshot = *report.snapshot;
  if (goroutine >= snapshot.goroutines.size()) {
    out += "null";
    return;
  }
  put(out, FMT_COMPILE(R"({{"goroutine":{},"wait_ns_at_least":)"),
      snapshot.goroutines[goroutine].id);
  const std::int64_t wait = report.analysis->waitAtLeast(goroutine);
  putNumberOrNull(out, wait > 0 ? std::optional(wait) : std::nullopt);
  put(out, FMT_COMPILE(R"(,"deadline":"{}","deadline_in_ns":)"),
      deadline == 0  ? "none"
      : deadline < 0 ? "passed"
                     : "set");
  putNumberOrNull(out, deadline > 0 && snapshot.clock.now != 0
                           ? std::optional(saturatingDifference(deadline, snapshot.clock.now))
                           : std::nullopt);
  out += '}';
}

}  // namespace

void putFile(std::string& out, const Report& report, std::size_t index) {
  const stdlib::OpenFile& file = report.resources->files.all[index];
  put(out, FMT_COMPILE(R"({{"fd":{},"kind":"{}","object":)"), file.fd, fileKindName(file.kind));
  putAddress(out, file.object);
  out += R"(,"name":)";
  putStringOrNull(out, file.name);
  out += R"(,"network":)";
  putStringOrNull(out, file.network);
  out += R"(,"local":)";
  putStringOrNull(out, file.local);
  out += R"(,"remote":)";
  putStringOrNull(out, file.remote);
  put(out, FMT_COMPILE(R"(,"nobody_can_close":{},"held_by_leaked":[)"), boolText(!file.reachable));
  for (std::size_t i = 0; i < file.holders.size(); ++i) {
    put(out, FMT_COMPILE("{}{}"), i == 0 ? "" : ",",
        report.snapshot->goroutines[file.holders[i]].id);
  }
  out += R"(],"reader":)";
  putWaiter(out, report, file.reader, file.readDeadline);
  out += R"(,"writer":)";
  putWaiter(out, report, file.writer, file.writeDeadline);
  out += '}';
}

}  // namespace parked::report
