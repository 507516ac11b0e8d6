// `parked files`: descriptors with the objects behind them.
#include "base/text.h"

#include <algorithm>

#include "leak/times.h"
#include "report/json_text.h"
#include "report/page.h"
#include "report/phrases.h"
#include "resources/files/slice.h"
#include "resources/kit.h"

namespace parked::resources {

namespace {

std::string socketText(const OpenFile& file) {
  std::string text = file.network;
  if (!file.local.empty()) text += " " + file.local;
  if (!file.remote.empty()) text += " -> " + file.remote;
  return text;
}

/// ", held by the leaked goroutines 6, 8 (main.convert main.go:20): open until the process ends".
std::string lostText(const Report& report, const OpenFile& file) {
  if (file.reachable) return {};
  if (file.holders.empty()) return ", nobody has it any more: a finalizer will close it";
  const leak::Analysis& analysis = *report.analysis;
  const golang::Snapshot& snapshot = *report.snapshot;
  std::string text = fmt::format(", held by the leaked {}{}", goroutineList(snapshot, file.holders),
                                 file.moreHolders ? " and others" : "");
  const leak::Place& at =
      analysis.place(analysis.stack(snapshot.goroutines[file.holders.front()].stack).user);
  if (!at.function.empty()) {
    text += fmt::format(" ({} {}:{})", at.function, baseName(at.file), at.line);
  }
  return text + ": open until the process ends";
}

std::string whatText(const OpenFile& file) {
  std::string socket = socketText(file);
  const std::string_view what = traitsOf(file.kind).what;
  switch (file.kind) {
    case FileKind::network:
      return socket;
    case FileKind::file:
      return fmt::format("{}{}{}{}{}", what, file.name.empty() ? "" : " ", file.name,
                         socket.empty() ? "" : ", ", socket);
    case FileKind::polled:
      return fmt::format("{}{}{}{}{}", what, file.name.empty() ? "" : ", ", file.name,
                         socket.empty() ? "" : ", ", socket);
    case FileKind::raw:
      break;
  }
  return fmt::format("{}{}{}", socket, socket.empty() ? "" : ", ", file.name);
}

std::string waitOf(const Report& report, std::string_view verb, Index goroutine,
                   std::int64_t deadline) {
  const golang::Snapshot& snapshot = *report.snapshot;
  if (goroutine >= snapshot.goroutines.size()) return {};
  std::string text = fmt::format(", goroutine {} {}", snapshot.goroutines[goroutine].id, verb);
  if (const std::string wait = waitText(report.analysis->waitAtLeast(goroutine)); !wait.empty()) {
    text += " for " + wait;
  }
  if (deadline == 0) return text + ", no deadline";
  if (deadline < 0) return text + ", deadline has passed";
  if (snapshot.clock.now == 0) return text + ", with a deadline";
  const std::int64_t left = saturatingDifference(deadline, snapshot.clock.now);
  return text + ", deadline in " + leak::leftText(snapshot.clock, std::max<std::int64_t>(left, 0));
}

}  // namespace

void renderFiles(const Report& report, std::uint64_t limit, const TextStyle& style,
                 const Sink& sink) {
  Writer writer(sink);
  Page page(style, writer);
  const auto& files = report.resources->of<Files>().all;
  if (files.empty()) {
    page.line(0, {{"no open files"}});
    return;
  }
  const std::size_t width = std::to_string(files.back().fd).size();
  std::uint64_t shown = 0;
  for (const OpenFile& file : files) {
    if (limit != 0 && shown >= limit) break;
    ++shown;
    std::string text = whatText(file);
    text += lostText(report, file);
    text += waitOf(report, "reads", file.reader, file.readDeadline);
    text += waitOf(report, "writes", file.writer, file.writeDeadline);
    page.field(0, width + 1, fmt::format("{:>{}}", file.fd, width), text,
               file.reachable ? Ink::plain : Ink::warn);
  }
  putMore(page, style, files.size() - shown, "files");
}

}  // namespace parked::resources
