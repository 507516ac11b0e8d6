// `parked info`: where every piece of the report comes from.

#include "leak/numbers.h"
#include "report/lists.h"
#include "report/phrases.h"
#include "report/section.h"

namespace parked::report {

namespace {

constexpr std::size_t kLabel = 14;

std::string_view kindText(target::Kind kind) {
  switch (kind) {
    case target::Kind::core:
      return "core file";
    case target::Kind::liveStopped:
      return "live process, stopped while it was read";
    case target::Kind::liveUnstopped:
      return "live process, read while it ran: values may be torn, nothing is proved";
    case target::Kind::debugger:
      return "read through the debugger";
  }
  return "unknown";
}

void renderInfo(const Report& report, std::uint64_t, const TextStyle& style, const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const TargetInfo& target = report.target;
  const golang::Snapshot& snapshot = *report.snapshot;
  const auto field = [&](std::string_view label, const std::string& text) {
    page.field(0, kLabel, label, text);
  };
  field(target.loadedBy.empty() ? "program" : "library", target.executable);
  if (!target.loadedBy.empty()) field("loaded by", target.loadedBy);
  if (const std::string others = otherRuntimesText(target); !others.empty()) {
    field("Go runtime", others);
  }
  if (!target.mainPackage.empty()) field("main package", target.mainPackage);
  field("Go", fmt::format("{} linux/{}", target.goVersion, target.architecture));
  field("build id", target.buildId.empty() ? "none" : target.buildId);
  field("source", fmt::format("{} ({})", target.source, kindText(target.kind)));
  if (target.pid != 0) field("process", std::to_string(target.pid));
  if (target.signal != 0) field("signal", signalName(target.signal));
  if (target.takenAt) field("taken", utcTime(*target.takenAt));
  if (target.pause.count() > 0) {
    field("stopped for", leak::humanDuration(target.pause.count()));
  }
  field("layouts", target.layoutOrigin);
  std::string clock = target.clockSource.empty() ? "unknown" : target.clockSource;
  if (snapshot.clock.now > 0 && snapshot.clock.lowerBound > 0 &&
      snapshot.clock.now > snapshot.clock.lowerBound) {
    clock += fmt::format("; \"at least\" is counted to {} before that",
                         leak::humanDuration(snapshot.clock.now - snapshot.clock.lowerBound));
  }
  field("clock", clock);
  if (const std::string up = upText(target); !up.empty()) field("up", up);
  std::string gc = fmt::format("{} so far", leak::counted(snapshot.clock.gcCount, "collection"));
  if (snapshot.clock.lastGc > 0 && snapshot.clock.now >= snapshot.clock.lastGc) {
    gc += fmt::format(", the last {} ago",
                      leak::humanDuration(snapshot.clock.now - snapshot.clock.lastGc));
  }
  if (snapshot.gcRunning) gc += ", one is running";
  field("GC", gc);
  field("threads", fmt::format("{}, GOMAXPROCS {}", target.threads, target.gomaxprocs));
  field("read", fmt::format("{} ({} dead ones skipped), {}, {}, {}, {}, {}",
                            leak::counted(snapshot.goroutines.size(), "goroutine"),
                            leak::withSeparators(snapshot.deadGoroutines),
                            leak::counted(snapshot.stacks.size(), "distinct stack"),
                            leak::counted(snapshot.channels.size(), "channel"),
                            leak::counted(snapshot.locks.size(), "lock"),
                            leak::counted(snapshot.timers.size(), "timer"),
                            leak::counted(snapshot.fds.size(), "file descriptor")));
  if (snapshot.image != nullptr) {
    target::AddressSpace& memory = snapshot.image->target().memory();
    std::string text =
        fmt::format("{}, {} fetched", leak::counted(memory.regions().size(), "region"),
                    leak::counted(memory.fetchedBytes(), "byte"));
    // Words are followed that only may be addresses; what lacks something says so by itself.
    if (memory.misses() > 0) {
      text += fmt::format("; {} where no memory is, {}", leak::counted(memory.misses(), "read"),
                          report.incomplete.empty() ? "and nothing depended on it"
                                                    : "what that cost is told below");
    }
    field("memory", text);
  }
  field("proof", proofText(report.analysis->options().proof));
  if (report.incomplete.empty()) {
    field("incomplete", "nothing: all that was looked for was read");
  }
  for (std::size_t i = 0; i < report.incomplete.size(); ++i) {
    page.field(0, kLabel, i == 0 ? "incomplete" : "", incompleteText(report.incomplete[i]),
               Ink::warn);
  }
  if (const std::string momentary = momentaryText(snapshot); !momentary.empty()) {
    field("momentary", momentary);
  }
}

}  // namespace

extern const Section kInfo = {
    .name = "info",
    .summary = "where every piece of the report comes from",
    .text =
        "The program, how it was read, where struct layouts and the clock come from, what was not\n"
        "readable.",
    .worthInPart = true,
    .limited = false,
    .repeatsIncomplete = true,
    .render = renderInfo,
};

}  // namespace parked::report
