#include "golang/reasons.h"

#include <algorithm>
#include <array>
#include <string>

namespace parked::golang {

namespace {

// Reasons of the runtime's own goroutines, and of moments in which it holds a user's goroutine.
constexpr std::array<std::string_view, 26> kRuntimeReasons{
    "GC assist marking",
    "dumping heap",
    "garbage collection",
    "garbage collection scan",
    "panicwait",
    "GC assist wait",
    "GC sweep wait",
    "GC scavenge wait",
    "finalizer wait",
    "force gc (idle)",
    "GOMAXPROCS updater (idle)",
    "timer goroutine (idle)",
    "trace reader (blocked)",
    "wait for GC cycle",
    "GC worker (idle)",
    "GC worker (active)",
    "preempted",
    "debug call",
    "GC mark termination",
    "stopping the world",
    "flushing proc caches",
    "trace goroutine status",
    "trace proc status",
    "page trace flush",
    "GC weak to strong wait",
    "cleanup wait",
};

bool removeSuffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// g.waitreason is a byte, so there are never more.
constexpr std::size_t kMaxReasons = 256;
constexpr std::uint64_t kMaxReasonLength = 64;

bool isReasonText(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

std::vector<std::string_view> knownReasons() {
  std::vector<std::string_view> all;
  for (const ReasonTraits& each : reasonClasses()) {
    if (!each.text.empty()) all.push_back(each.text);
  }
  all.insert(all.end(), kRuntimeReasons.begin(), kRuntimeReasons.end());
  return all;
}

ReasonClass classifyReason(std::string_view text, bool& durable) {
  durable = removeSuffix(text, " (durable)") || removeSuffix(text, " (synctest)");
  if (text.empty()) return ReasonClass::none;
  for (const ReasonTraits& each : reasonClasses()) {
    if (text == each.text) return each.value;
  }
  if (text.starts_with("synctest.")) return ReasonClass::synctest;
  if (std::ranges::find(kRuntimeReasons, text) != kRuntimeReasons.end()) {
    return ReasonClass::runtimeInternal;
  }
  return ReasonClass::other;
}

void readReasons(Snapshot& snapshot) {
  auto& memory = snapshot.image->target().memory();
  const auto table = snapshot.image->symbol("runtime.waitReasonStrings");
  if (table) {
    // The array's length is only in the debug information; what follows it does not look like
    // reasons, and if it did, no goroutine would name it.
    for (std::size_t i = 0; i < kMaxReasons; ++i) {
      std::string text;
      if (!memory.goString(*table + 16 * i, text, kMaxReasonLength) || !isReasonText(text)) break;
      Reason reason;
      reason.kind = classifyReason(text, reason.durable);
      reason.text = snapshot.strings.intern(text);
      snapshot.reasons.push_back(reason);
    }
  }
  if (snapshot.reasons.size() < 2 ||
      snapshot.strings[snapshot.reasons[1].text] != "GC assist marking") {
    snapshot.reasons.assign(1, Reason{});  // number 0, "", is always there
    snapshot.incomplete.add("wait reasons", "runtime.waitReasonStrings was not found");
  }
}

}  // namespace parked::golang
