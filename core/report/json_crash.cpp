// What the program died of, and panics in progress, as JSON (docs/json.md).

#include <optional>
#include <span>

#include "report/crash.h"
#include "report/json_text.h"
#include "report/phrases.h"

namespace parked::report {

namespace {

void putPanicArray(JsonWriter& json, const Report& report, const golang::Panicking* panicking) {
  const std::span<const golang::Panic> panics =
      panicking == nullptr ? std::span<const golang::Panic>() : std::span(panicking->panics);
  json.array("panics", panics, [&](const golang::Panic& panic) {
    json.object([&] {
      json.member("text", panic.text);
      json.text("type", panic.type);
      json.address("value", panic.value);
      json.member("known", panic.known);
      json.member("goexit", panic.goexit);
      json.member("recovered", panic.recovered);
      json.member("repanicked", panic.repanicked);
      putPlaceOrNull(json, "user_frame", panicPlace(report, *panicking, panic));
    });
  });
}

void putSignal(JsonWriter& json, const golang::Crash& crash) {
  if (!crash.signal) return json.null("signal");
  const target::SignalInfo& signal = *crash.signal;
  json.object("signal", [&] {
    json.member("name", signalName(signal.number));
    json.member("number", signal.number);
    json.member("code", signal.code == target::SignalInfo::kNoCode ? std::nullopt
                                                                   : std::optional(signal.code));
    // 0 is an address here.
    json.text("address", signal.isFault() ? fmt::format("{:#x}", signal.address) : std::string());
    json.address("pc", crash.pc);
    json.member("sender",
                signal.isSent() && signal.sender > 0 ? std::optional(signal.sender) : std::nullopt);
    json.member("in_go", !crash.outsideGo);
  });
}

}  // namespace

void putCrashObject(JsonWriter& json, const Report& report) {
  const auto& crash = report.snapshot->crash;
  if (!crash) return json.null();
  const std::span<const target::Thread> threads = report.snapshot->image == nullptr
                                                      ? std::span<const target::Thread>()
                                                      : report.snapshot->image->target().threads();
  json.object([&] {
    json.member("kind", golang::deathName(crash->kind));
    json.member("text", crashText(report));
    json.text("message", crash->message);
    json.member("from_outside", crash->fromOutside);
    json.member("all_asleep", crash->allAsleep);
    json.member("goroutine", idOf(*report.snapshot, crash->goroutine));
    json.member("thread", crash->thread < threads.size() ? std::optional(threads[crash->thread].tid)
                                                         : std::nullopt);
    putPlaceOrNull(json, "user_frame", crashPlace(report));
    putSignal(json, *crash);
    putPanicArray(json, report, fatalPanics(report));
  });
}

void putPanickingObject(JsonWriter& json, const Report& report, std::size_t number) {
  const golang::Panicking& panicking = report.snapshot->panicking[number];
  json.object([&] {
    json.member("goroutine", report.snapshot->goroutines[panicking.goroutine].id);
    putPanicArray(json, report, &panicking);
    json.array("deferred", panicking.deferred,
               [&](Addr code) { putPlaceOrNull(json, deferredPlace(report, code)); });
  });
}

}  // namespace parked::report
