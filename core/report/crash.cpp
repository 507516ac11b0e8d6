// `parked crash`: why the program died, in full; and goroutines whose panics are still in progress.

#include "report/crash.h"

#include "base/text.h"
#include "report/lists.h"
#include "report/phrases.h"
#include "report/section.h"

namespace parked::report {

using golang::Crash;
using golang::Death;
using golang::Panicking;

namespace {

/// Who died, where, and what is known besides.
void putDead(Page& page, const Report& report, const Crash& crash, std::uint64_t limit) {
  const golang::Snapshot& snapshot = *report.snapshot;
  putCause(page, report, crash);
  if (crash.allAsleep) {
    page.field(0, kLabel, "", "the runtime itself found that no goroutine can ever run again");
  }
  putWhere(page, crash.goroutine == kNone ? "on" : "at", report, crash);
  if (crash.pc != 0) {
    page.field(0, kLabel, "signal at", fmt::format("pc {:#x}", crash.pc), Ink::faint);
  }
  if (crash.others > 0) {
    page.field(0, kLabel, "also",
               fmt::format("{} dying at the same time", counted(crash.others, "thread")));
  }
  if (crash.goroutine == kNone) return;
  const Panicking* panicking = panickingOf(snapshot, crash.goroutine);
  // One alone is the cause above.
  if (panicking != nullptr && (panicking->panics.size() > 1 || crash.kind != Death::panic)) {
    putPanics(page, 0, kLabel, report, crash.goroutine);
  }
  page.blank();
  putStack(page, report, crash.goroutine, limit);
}

/// Goroutines that panic and live on, in a deferred call that does not return.
void putOthers(Page& page, const TextStyle& style, const Report& report, std::uint64_t limit) {
  const golang::Snapshot& snapshot = *report.snapshot;
  const std::uint64_t dead = fatalPanics(report) == nullptr ? 0 : 1;
  std::uint64_t left = snapshot.panicking.size() - dead;
  if (left == 0) return;
  page.blank();
  page.line(0, {{inDeferredCalls(left), Ink::strong}});
  std::uint64_t shown = 0;
  for (const Panicking& one : snapshot.panicking) {
    if (&one == fatalPanics(report)) continue;
    if (limit != 0 && shown == limit) break;
    ++shown;
    --left;
    const golang::Goroutine& goroutine = snapshot.goroutines[one.goroutine];
    const leak::Analysis& analysis = *report.analysis;
    page.line(1, {{fmt::format("goroutine {}  ", goroutine.id), Ink::strong},
                  {reasonText(analysis, one.goroutine)}});
    constexpr std::size_t kIndent = 4;
    putPanics(page, kIndent, kLabel, report, one.goroutine);
    putPlace(page, kIndent, kLabel, "stands at", report,
             analysis.place(analysis.userLine(one.goroutine).user));
  }
  putMore(page, style, left, "crash");
}

void renderCrash(const Report& report, std::uint64_t limit, const TextStyle& style,
                 const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const auto& crash = report.snapshot->crash;
  if (!crash) {
    page.line(0, {{"nothing died here", Ink::strong},
                  {target::isFile(report.target.kind) ? ": the core is of a program that was alive"
                                                      : ": the program is alive"}});
  } else if (crash->fromOutside) {
    page.line(0, {{"nothing died here by itself", Ink::strong}});
    page.field(0, kLabel, "ended by", signalText(*crash));
    putWhere(page, "it struck", report, *crash);
  } else {
    putDead(page, report, *crash, limit);
  }
  putOthers(page, style, report, limit);
}

}  // namespace

void addPanicking(Document& document) {
  const Report& report = document.report();
  document.array(
      "panicking", "panicking", report.snapshot->panicking.size(),
      [&report](JsonWriter& json, std::size_t i) { putPanickingObject(json, report, i); });
}

extern const Section kCrash = {
    .name = "crash",
    .summary = "why the program died, and in which goroutine",
    .text =
        "What the program died of: the panic with its value and those before it, the fatal error,\n"
        "or the signal and who sent it; the goroutine and its stack. Then goroutines that panic\n"
        "and have not died of it, because a deferred call does not return.",
    .behind = "report",
    .worthInPart = true,
    .showsSource = true,
    .lines = 50,  // of the stack
    .render = renderCrash,
    .members = [](Document& document, std::uint64_t) { addPanicking(document); },
    .inReport = true,
};

}  // namespace parked::report
