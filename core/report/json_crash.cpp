// What the program died of, and panics in progress, as JSON (docs/json.md).

#include <optional>
#include <span>

#include "report/crash.h"
#include "report/json_text.h"
#include "report/phrases.h"

namespace parked::report {

namespace {

std::string_view deathId(golang::Death kind) {
  switch (kind) {
    case golang::Death::panic:
      return "panic";
    case golang::Death::fatalError:
      return "fatal_error";
    case golang::Death::signal:
      break;
  }
  return "signal";
}

void putPanicArray(std::string& out, const Report& report, const golang::Panicking* panicking) {
  out += '[';
  const std::size_t count = panicking == nullptr ? 0 : panicking->panics.size();
  for (std::size_t i = 0; i < count; ++i) {
    const golang::Panic& panic = panicking->panics[i];
    out += i == 0 ? R"({"text":)" : R"(,{"text":)";
    putString(out, panic.text);
    out += R"(,"type":)";
    putStringOrNull(out, panic.type);
    out += R"(,"value":)";
    putAddress(out, panic.value);
    put(out, FMT_COMPILE(R"(,"known":{},"goexit":{},"recovered":{},"repanicked":{},"user_frame":)"),
        boolText(panic.known), boolText(panic.goexit), boolText(panic.recovered),
        boolText(panic.repanicked));
    putPlaceOrNull(out, panicPlace(report, *panicking, panic));
    out += '}';
  }
  out += ']';
}

void putSignal(std::string& out, const golang::Crash& crash) {
  if (!crash.signal) {
    out += "null";
    return;
  }
  const target::SignalInfo& signal = *crash.signal;
  out += R"({"name":)";
  putString(out, signalName(signal.number));
  put(out, FMT_COMPILE(R"(,"number":{},"code":)"), signal.number);
  putNumberOrNull(
      out, signal.code == target::SignalInfo::kNoCode ? std::nullopt : std::optional(signal.code));
  out += R"(,"address":)";
  if (signal.isFault()) {
    put(out, FMT_COMPILE(R"("{:#x}")"), signal.address);  // 0 is an address here
  } else {
    out += "null";
  }
  out += R"(,"pc":)";
  putAddress(out, crash.pc);
  out += R"(,"sender":)";
  putNumberOrNull(
      out, signal.isSent() && signal.sender > 0 ? std::optional(signal.sender) : std::nullopt);
  put(out, FMT_COMPILE(R"(,"in_go":{}}})"), boolText(!crash.outsideGo));
}

}  // namespace

void putCrashObject(std::string& out, const Report& report) {
  const auto& crash = report.snapshot->crash;
  if (!crash) {
    out += "null";
    return;
  }
  put(out, FMT_COMPILE(R"({{"kind":"{}","text":)"), deathId(crash->kind));
  putString(out, crashText(report));
  out += R"(,"message":)";
  putStringOrNull(out, crash->message);
  put(out, FMT_COMPILE(R"(,"from_outside":{},"all_asleep":{},"goroutine":)"),
      boolText(crash->fromOutside), boolText(crash->allAsleep));
  putNumberOrNull(out, crash->goroutine == kNone
                           ? std::nullopt
                           : std::optional(report.snapshot->goroutines[crash->goroutine].id));
  out += R"(,"thread":)";
  const std::span<const target::Thread> threads = report.snapshot->image == nullptr
                                                      ? std::span<const target::Thread>()
                                                      : report.snapshot->image->target().threads();
  putNumberOrNull(out, crash->thread < threads.size() ? std::optional(threads[crash->thread].tid)
                                                      : std::nullopt);
  out += R"(,"user_frame":)";
  putPlaceOrNull(out, crashPlace(report));
  out += R"(,"signal":)";
  putSignal(out, *crash);
  out += R"(,"panics":)";
  putPanicArray(out, report, fatalPanics(report));
  out += '}';
}

void putPanickingObject(std::string& out, const Report& report, std::size_t number) {
  const golang::Panicking& panicking = report.snapshot->panicking[number];
  put(out, FMT_COMPILE(R"({{"goroutine":{},"panics":)"),
      report.snapshot->goroutines[panicking.goroutine].id);
  putPanicArray(out, report, &panicking);
  out += R"(,"deferred":[)";
  for (std::size_t i = 0; i < panicking.deferred.size(); ++i) {
    if (i != 0) out += ',';
    putPlaceOrNull(out, deferredPlace(report, panicking.deferred[i]));
  }
  out += "]}";
}

}  // namespace parked::report
