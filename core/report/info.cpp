// `parked info`: where every piece of the report comes from.

#include <algorithm>

#include "base/text.h"
#include "report/lists.h"
#include "report/phrases.h"
#include "report/section.h"

namespace parked::report {

namespace {

constexpr std::size_t kInfoLabel = 14;

std::string clockText(const Report& report) {
  const std::string& source = report.target.clockSource;
  const golang::Clock& clock = report.snapshot->clock;
  std::string text = source.empty() ? "unknown" : source;
  if (clock.now > 0 && clock.lowerBound > 0 && clock.now > clock.lowerBound) {
    text += fmt::format("; \"at least\" is counted to {} before that",
                        humanDuration(clock.now - clock.lowerBound));
  }
  return text;
}

std::string collectorText(const golang::Snapshot& snapshot) {
  const golang::Clock& clock = snapshot.clock;
  std::string text = fmt::format("{} so far", counted(clock.gcCount, "collection"));
  if (clock.lastGc > 0 && clock.now >= clock.lastGc) {
    text += fmt::format(", the last {} ago", humanDuration(clock.now - clock.lastGc));
  }
  if (snapshot.gcRunning) text += ", one is running";
  return text;
}

std::string whatWasRead(const golang::Snapshot& snapshot) {
  return fmt::format(
      "{} ({} dead ones skipped), {}, {}, {}, {}, {}",
      counted(snapshot.goroutines.size(), "goroutine"), withSeparators(snapshot.deadGoroutines),
      counted(snapshot.stacks.size(), "distinct stack"),
      counted(snapshot.channels.size(), "channel"), counted(snapshot.locks.size(), "lock"),
      counted(snapshot.timers.size(), "timer"), counted(snapshot.fds.size(), "file descriptor"));
}

/// Without them who runs cannot be followed, and nothing can be proved.
std::string registersText(const Report& report) {
  const auto& threads = report.snapshot->image->target().threads();
  const auto text = [&](std::string_view kind, auto member) {
    const auto having = static_cast<std::size_t>(std::ranges::count(threads, true, member));
    if (having == threads.size()) return fmt::format("{} ones of all threads", kind);
    return fmt::format("{} ones of {} of {}", kind, having, counted(threads.size(), "thread"));
  };
  return fmt::format("{}, {}", text("general", &target::Thread::hasRegisters),
                     text("vector", &target::Thread::hasVectors));
}

std::string memoryText(const Report& report) {
  const target::AddressSpace& memory = report.snapshot->image->target().memory();
  std::string text = fmt::format("{}, {} fetched", counted(memory.regions().size(), "region"),
                                 counted(memory.fetchedBytes(), "byte"));
  // Words are followed that only may be addresses; what lacks something says so by itself.
  if (memory.misses() > 0) {
    text += fmt::format(
        "; {} where no memory is, {}", counted(memory.misses(), "read"),
        report.incomplete.empty() ? "and nothing depended on it" : "what that cost is told below");
  }
  return text;
}

void renderInfo(const Report& report, std::uint64_t, const TextStyle& style, const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const TargetInfo& target = report.target;
  const golang::Snapshot& snapshot = *report.snapshot;
  const auto field = [&](std::string_view label, const std::string& text) {
    page.field(0, kInfoLabel, label, text);
  };
  field(target.loadedBy.empty() ? "program" : "library", target.executable);
  if (!target.loadedBy.empty()) field("loaded by", target.loadedBy);
  if (const std::string others = otherRuntimesText(target); !others.empty()) {
    field("Go runtime", others);
  }
  if (!target.mainPackage.empty()) field("main package", target.mainPackage);
  field("Go", fmt::format("{} linux/{}", target.goVersion, target.architecture));
  field("build id", target.buildId.empty() ? "none" : target.buildId);
  field("source", fmt::format("{} ({})", target.source, target::traitsOf(target.kind).text));
  if (target.redacted) field("redacted", "texts of the program are not in it (--redact)");
  if (target.pid != 0) field("process", std::to_string(target.pid));
  if (target.signal != 0) field("signal", signalName(target.signal));
  if (target.takenAt) field("taken", utcTime(*target.takenAt));
  if (target.pause.count() > 0) {
    field("stopped for", humanDuration(target.pause.count()));
  }
  field("layouts", target.layoutOrigin);
  field("clock", clockText(report));
  if (const std::string up = upText(target); !up.empty()) field("up", up);
  field("GC", collectorText(snapshot));
  field("threads", fmt::format("{}, GOMAXPROCS {}", target.threads, target.gomaxprocs));
  if (snapshot.image != nullptr) field("registers", registersText(report));
  field("read", whatWasRead(snapshot));
  if (snapshot.image != nullptr) field("memory", memoryText(report));
  field("proof", proofText(report.analysis->options().proof));
  if (report.incomplete.empty()) {
    field("incomplete", "nothing: all that was looked for was read");
  }
  for (std::size_t i = 0; i < report.incomplete.size(); ++i) {
    page.field(0, kInfoLabel, i == 0 ? "incomplete" : "", incompleteText(report.incomplete[i]),
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
