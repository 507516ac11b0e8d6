#include "report/dump_text.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

#include "leak/describe.h"
#include "report/escape.h"
#include "schema/releases.h"

namespace parked::report {

namespace {

constexpr std::size_t kInnerFrames = 50;  // tracebackInnerFrames
constexpr std::size_t kOuterFrames = 50;  // tracebackOuterFrames
constexpr std::string_view kRuntime = "runtime.";

bool isUpper(char c) { return c >= 'A' && c <= 'Z'; }

/// runtime.isExportedRuntime: "runtime.Goexit" is, "runtime.gopark" is not.
bool isExportedRuntime(const DumpDialect& dialect, std::string_view name) {
  name.remove_prefix(kRuntime.size());
  if (name.empty()) return false;
  if (!dialect.exportedMethods) return isUpper(name.front());
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return isUpper(name.front());
  std::string_view receiver = name.substr(0, dot);
  name.remove_prefix(dot + 1);
  if (receiver.size() >= 3 && receiver.starts_with("(*") && receiver.ends_with(')')) {
    receiver = receiver.substr(2, receiver.size() - 3);
  }
  return !name.empty() && isUpper(name.front()) && (receiver.empty() || isUpper(receiver.front()));
}

/// runtime.isIdleInSynctest.
bool isIdleInSynctest(const golang::Reason& reason) {
  return reason.durable || golang::traitsOf(reason.kind).idleInSynctest;
}

/// runtime.printquoted.
void putQuoted(std::string& out, std::string_view text, bool rawBytes) {
  out += '"';
  for (std::size_t at = 0; at < text.size();) {
    std::uint32_t code = 0;
    const std::size_t length = decodeUtf8(text, at, code);
    if (length == 0) {
      if (rawBytes) {
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text[at]));
      } else {
        out += "\\ufffd";
      }
      ++at;
      continue;
    }
    at += length;
    if (code == '\n') {
      out += "\\n";
    } else if (code == '\r') {
      out += "\\r";
    } else if (code == '\t') {
      out += "\\t";
    } else if (code == '\\' || code == '"') {
      out += '\\';
      out += static_cast<char>(code);
    } else if (code >= ' ' && code <= '~') {
      out += static_cast<char>(code);
    } else if (code < 127) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", code);
    } else if (code < 0x10000) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", code);
    } else {
      fmt::format_to(std::back_inserter(out), "\\U{:08x}", code);
    }
  }
  out += '"';
}

/// runtime.tracebackStringNeedsQuoting.
bool needsQuoting(std::string_view text) {
  return !std::ranges::all_of(text, [](char c) {
    return isUpper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '/' ||
           c == '_';
  });
}

std::string labelsText(const DumpDialect& dialect, const golang::Labels& labels) {
  std::string out = "{";
  const auto put = [&](std::string_view text) {
    if (dialect.labels == DumpDialect::Labels::inside || needsQuoting(text)) {
      putQuoted(out, text, dialect.rawBytes);
    } else {
      out += text;
    }
  };
  for (const auto& [key, value] : labels.pairs) {
    if (out.size() > 1) out += ", ";
    put(key);
    out += ": ";
    put(value);
  }
  return out + "}";
}

/// The value of tracebacklabels in "DefaultGODEBUG=a=1,tracebacklabels=0"; the last one counts.
bool tracebackLabels(const image::BuildInfo& build, bool byDefault) {
  constexpr std::string_view kKey = "tracebacklabels=";
  std::string_view rest = build.setting("DefaultGODEBUG");
  bool on = byDefault;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view entry = rest.substr(0, comma);
    if (entry.starts_with(kKey)) on = entry.substr(kKey.size()) == "1";
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return on;
}

}  // namespace

DumpDialect DumpDialect::of(const image::BuildInfo& build) {
  const image::GoVersion& version = build.version;
  DumpDialect dialect;
  dialect.elidesMiddle = schema::elidesMiddleFrames(version);
  dialect.pointers = schema::printsPointers(version);
  dialect.exportedMethods = schema::showsExportedMethods(version);
  dialect.durable = schema::marksDurableWaits(version);
  dialect.finalizers = schema::namesFinalizers(version);
  dialect.bubble = schema::saysSynctestBubble(version) ? "synctest bubble" : "synctest group";
  const bool unasked = schema::printsLabelsUnasked(version);
  if (schema::mayPrintLabels(version) && tracebackLabels(build, unasked)) {
    dialect.labels = unasked ? Labels::behind : Labels::inside;
  }
  dialect.rawBytes = schema::printsRawBytes(version);
  return dialect;
}

std::string headerText(const DumpDialect& dialect, const DumpHeader& header, bool system) {
  std::string out = fmt::format("goroutine {}", header.id);
  const auto into = std::back_inserter(out);
  if (system && dialect.pointers) {
    fmt::format_to(into, " gp={:#x}", header.g);
    if (header.m == 0) {
      out += " m=nil";
    } else {
      if (header.mId) fmt::format_to(into, " m={}", *header.mId);
      fmt::format_to(into, " mp={:#x}", header.m);
    }
  }
  fmt::format_to(into, " [{}", escape(header.status));
  if (header.leaked) out += " (leaked)";
  if (header.scan) out += " (scan)";
  if (header.durable) out += " (durable)";
  if (header.minutes >= 1) fmt::format_to(into, ", {} minutes", header.minutes);
  if (header.locked) out += ", locked to thread";
  if (header.bubble != 0) fmt::format_to(into, ", {} {}", dialect.bubble, header.bubble);
  const bool labels = header.labels != nullptr && !header.labels->pairs.empty();
  if (labels && dialect.labels == DumpDialect::Labels::inside) {
    out += " labels:" + labelsText(dialect, *header.labels);
  }
  out += ']';
  if (labels && dialect.labels == DumpDialect::Labels::behind) {
    out += ' ' + labelsText(dialect, *header.labels);
  }
  return out + ":";
}

DumpHeader describeHeader(const DumpDialect& dialect, const golang::Snapshot& snapshot,
                          const golang::Goroutine& g) {
  using golang::Status;
  DumpHeader header;
  header.id = g.id;
  header.g = g.address;
  header.m = g.m;
  header.status = golang::statusName(g.status);
  header.leaked = g.status == Status::leaked;
  if ((g.status == Status::waiting || header.leaked) && g.reason != 0 &&
      g.reason < snapshot.reasons.size()) {
    const golang::Reason& reason = snapshot.reasons[g.reason];
    header.status = snapshot.strings[reason.text];
    header.durable = dialect.durable && g.bubble != 0 && !header.leaked &&
                     isIdleInSynctest(reason) && !header.status.ends_with("(durable)");
  }
  header.scan = g.scan;
  header.locked = g.lockedToThread;
  header.bubble = g.bubble;
  const std::int64_t now = snapshot.clock.now;
  if ((g.status == Status::waiting || g.status == Status::syscall) && g.waitSince > 0 &&
      now > g.waitSince) {
    header.minutes = (now - g.waitSince) / 60'000'000'000;
  }
  if (g.labels < snapshot.labelSets.size()) header.labels = &snapshot.labelSets[g.labels];
  return header;
}

FrameTraits traitsOf(const DumpDialect& dialect, std::string_view function, bool wrapper) {
  FrameTraits traits;
  traits.wrapper = wrapper;
  if (!function.starts_with(kRuntime)) {
    traits.hidden = function.find('.') == std::string_view::npos;
    return traits;
  }
  traits.gopanic = function == "runtime.gopanic";
  traits.panics =
      traits.gopanic || function == "runtime.sigpanic" || function == "runtime.panicwrap";
  const bool finalizers = dialect.finalizers && (function == "runtime.runFinalizers" ||
                                                 function == "runtime.runCleanups");
  traits.hidden = !finalizers && !isExportedRuntime(dialect, function);
  return traits;
}

bool isShown(const FrameTraits& frame, const FrameTraits& callee, bool first) {
  if (frame.wrapper && !callee.panics) return false;
  return !frame.hidden || (frame.gopanic && !first);
}

DumpCut cutOf(const DumpDialect& dialect, std::size_t shown) {
  if (!dialect.elidesMiddle || shown <= kInnerFrames + kOuterFrames) return {shown, 0};
  return {kInnerFrames, shown - kInnerFrames - kOuterFrames};
}

}  // namespace parked::report
