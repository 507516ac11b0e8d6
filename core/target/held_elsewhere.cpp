#include "target/held_elsewhere.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

#include "target/printable.h"
#include "target/proc.h"

namespace parked::target {

std::optional<HeldElsewhere> HeldElsewhere::find(std::int32_t pid) {
  HeldElsewhere held;
  for (const std::int32_t tid : readThreadIds(pid)) {
    if (hasEnded(tid)) continue;
    const std::string tracer = readStatus(tid, "TracerPid");
    if (tracer.empty() || tracer == "0") return std::nullopt;
    held.by_ =
        fmt::format("process {} ({})", tracer, printable(readCommand(std::atoi(tracer.c_str()))));
    held.ran_.emplace_back(tid, readRunTimes(tid));
    // Asked last: from here on it stands.
    if (!readStatus(tid, "State").starts_with('t')) return std::nullopt;
  }
  return held.ran_.empty() ? std::nullopt : std::optional(std::move(held));
}

bool HeldElsewhere::standing() const {
  return std::ranges::all_of(ran_, [](const auto& thread) {
    const auto& [tid, ran] = thread;
    // Asked for each piece that is copied: where the kernel counts, one file a thread is enough.
    return readRunTimes(tid) == ran && (!ran.empty() || readStatus(tid, "State").starts_with('t'));
  });
}

std::vector<std::int32_t> HeldElsewhere::threads() const {
  std::vector<std::int32_t> all;
  for (const auto& [tid, ran] : ran_) all.push_back(tid);
  return all;
}

}  // namespace parked::target
