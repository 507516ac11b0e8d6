#include <algorithm>
#include <csignal>

#include "base/text.h"
#include "leak/raised.h"
#include "report/crash.h"
#include "report/escape.h"
#include "report/phrases.h"

namespace parked::report {

using golang::Crash;
using golang::Death;
using golang::Panic;
using golang::Panicking;

namespace {

constexpr std::size_t kLongestInLine = 400;
constexpr std::size_t kPanicsInHeader = 4;

/// What a fault's code says, of bits/siginfo-consts.h; "" of one that says no more than the signal.
std::string_view faultText(const target::SignalInfo& signal) {
  if (signal.number == SIGSEGV && signal.code == SEGV_MAPERR) return " (address not mapped)";
  if (signal.number == SIGSEGV && signal.code == SEGV_ACCERR) return " (no permission)";
  if (signal.number == SIGBUS && signal.code == BUS_ADRALN) return " (address not aligned)";
  if (signal.number == SIGBUS && signal.code == BUS_ADRERR) return " (beyond the end of a file)";
  if (signal.number == SIGFPE && signal.code == FPE_INTDIV) return " (integer divided by zero)";
  return "";
}

std::string threadText(const Report& report, Index thread) {
  const auto& threads = report.snapshot->image != nullptr
                            ? report.snapshot->image->target().threads()
                            : std::vector<target::Thread>();
  return thread < threads.size() ? fmt::format("thread {}", threads[thread].tid) : std::string();
}

/// "goroutine 7, on thread 4711", "thread 4711" where it ran none.
std::string whoText(const Report& report, const Crash& crash) {
  const std::string thread = threadText(report, crash.thread);
  if (crash.goroutine == kNone) return thread;
  const std::uint64_t id = report.snapshot->goroutines[crash.goroutine].id;
  return fmt::format("goroutine {}{}{}", id, thread.empty() ? "" : ", on ", thread);
}

/// One line each, the label before the first.
void putFatalPanics(Page& page, std::string_view label, const Panicking& panicking) {
  std::size_t shown = 0;
  const std::size_t first =
      panicking.panics.size() > kPanicsInHeader ? panicking.panics.size() - kPanicsInHeader : 0;
  for (std::size_t i = first; i < panicking.panics.size(); ++i) {
    const Panic& panic = panicking.panics[i];
    // The next one says the same.
    if (panic.goexit || (panic.repanicked && i + 1 < panicking.panics.size())) continue;
    page.field(0, kLabel, shown == 0 ? label : "",
               cutBack(escape(panicText(panic)), kLongestInLine), Ink::bad);
    ++shown;
  }
}

/// ", with a stack of 512 MB", "" where it is none to speak of.
std::string largeStack(const Report& report, const Crash& crash) {
  constexpr std::uint64_t kLarge = 1 << 20;
  if (crash.goroutine == kNone || crash.message != "stack overflow") return {};
  const golang::Goroutine& goroutine = report.snapshot->goroutines[crash.goroutine];
  const std::uint64_t size = goroutine.stackHi - goroutine.stackLo;
  return size < kLarge ? "" : fmt::format(", with a stack of {}", humanBytes(size));
}

std::string senderText(const Crash& crash) {
  const std::string name = signalName(crash.signal->number);
  if (crash.signal->sender == 0) return name + " sent from outside of its pid namespace";
  return fmt::format("{} sent by process {}", name, crash.signal->sender);
}

}  // namespace

const Panicking* fatalPanics(const Report& report) {
  const auto& crash = report.snapshot->crash;
  return crash && crash->kind == Death::panic ? panickingOf(*report.snapshot, crash->goroutine)
                                              : nullptr;
}

void putWhere(Page& page, std::string_view label, const Report& report, const Crash& crash) {
  const leak::Place place = crashPlace(report);
  const std::string who = whoText(report, crash);
  if (who.empty()) return;
  if (place.function.empty()) {
    page.field(0, kLabel, label, who);
  } else {
    putPlace(page, 0, kLabel, label, report, place, who);
  }
}

const Panicking* panickingOf(const golang::Snapshot& snapshot, Index goroutine) {
  const auto& all = snapshot.panicking;
  const auto at = std::ranges::lower_bound(all, goroutine, {}, &Panicking::goroutine);
  return at != all.end() && at->goroutine == goroutine ? &*at : nullptr;
}

std::string panicText(const Panic& panic) {
  if (panic.goexit) return panic.text;
  std::string text = "panic: " + panic.text;
  const bool plain =
      panic.type.empty() || panic.type == "string" || panic.type.starts_with("runtime.") ||
      panic.type.starts_with("*runtime.") || panic.text.find(panic.type) != std::string::npos ||
      (panic.type.starts_with("*") && panic.text.starts_with("&" + panic.type.substr(1)));
  if (!plain) text += fmt::format(" ({})", panic.type);
  if (panic.recovered) text += panic.repanicked ? " [recovered, repanicked]" : " [recovered]";
  return text;
}

leak::Place panicPlace(const Report& report, const Panicking& panicking, const Panic& panic) {
  const golang::Goroutine& goroutine = report.snapshot->goroutines[panicking.goroutine];
  return leak::userPlaceFrom(*report.analysis, goroutine, panic.frame);
}

leak::Place deferredPlace(const Report& report, Addr code) {
  return leak::functionAt(report.analysis->code(), code);
}

std::string signalText(const Crash& crash) {
  if (!crash.signal) return "a signal";
  const target::SignalInfo& signal = *crash.signal;
  if (crash.fromOutside) return senderText(crash);
  std::string text = signalName(signal.number);
  if (signal.isFault()) {
    text += fmt::format("{} at address {:#x}", faultText(signal), signal.address);
  } else if (signal.isSent()) {
    text += ", raised by the program itself";
  }
  if (crash.outsideGo) text += crash.goroutine != kNone ? ", in C code" : ", outside of Go code";
  return text;
}

std::string crashText(const Report& report) {
  const auto& crash = report.snapshot->crash;
  if (!crash) return {};
  if (crash->kind == Death::fatalError) {
    if (crash->message.empty()) return "fatal error of the runtime, its message was not found";
    return "fatal error: " + crash->message + largeStack(report, *crash);
  }
  if (crash->kind == Death::signal) return signalText(*crash);
  const Panicking* panicking = fatalPanics(report);
  return panicking == nullptr ? "panic, its value was not found"
                              : panicText(panicking->panics.back());
}

leak::Place crashPlace(const Report& report) {
  const auto& crash = report.snapshot->crash;
  if (!crash || crash->goroutine == kNone) return {};
  if (const Panicking* panicking = fatalPanics(report)) {
    const leak::Place raised = panicPlace(report, *panicking, panicking->panics.back());
    if (!raised.function.empty()) return raised;
  }
  const leak::Analysis& analysis = *report.analysis;
  return analysis.place(analysis.userLine(crash->goroutine).user);
}

void putCause(Page& page, const Report& report, const Crash& crash) {
  if (const Panicking* panicking = fatalPanics(report)) {
    putFatalPanics(page, "died of", *panicking);
  } else {
    page.field(0, kLabel, "died of", cutBack(escape(crashText(report)), kLongestInLine), Ink::bad);
  }
  if (crash.kind != Death::signal && crash.signal) page.field(0, kLabel, "", signalText(crash));
}

std::string inDeferredCalls(std::uint64_t goroutines) {
  return fmt::format("{} in deferred calls that have not returned",
                     counted(goroutines, "panicking goroutine"));
}

void putCrashHeader(Page& page, const Report& report) {
  const auto& crash = report.snapshot->crash;
  if (crash && !crash->fromOutside) {
    putCause(page, report, *crash);
    if (crash->goroutine != kNone || crash->kind == Death::signal) {
      putWhere(page, "", report, *crash);
    }
  }
  const std::uint64_t others =
      report.snapshot->panicking.size() - (fatalPanics(report) == nullptr ? 0 : 1);
  if (others > 0) page.field(0, kLabel, "panics", inDeferredCalls(others), Ink::warn);
}

void putPanics(Page& page, std::size_t indent, std::size_t label, const Report& report,
               Index goroutine) {
  const Panicking* panicking = panickingOf(*report.snapshot, goroutine);
  if (panicking == nullptr) return;
  bool first = true;
  for (const Panic& panic : panicking->panics) {
    page.field(indent, label, first ? "panicking" : "",
               cutBack(escape(panicText(panic)), kLongestInLine), Ink::bad);
    first = false;
    const leak::Place place = panicPlace(report, *panicking, panic);
    if (!place.function.empty()) putPlace(page, indent, label, "", report, place);
  }
  first = true;
  for (const Addr code : panicking->deferred) {
    const leak::Place place = deferredPlace(report, code);
    if (place.function.empty()) continue;
    page.placeField(indent, label, first ? "still to run" : "", place, "deferred");
    first = false;
  }
}

}  // namespace parked::report
