#include "command/handler_options.h"

#include <csignal>
#include <fmt/format.h>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "command/dump_options.h"
#include "command/memory_limit.h"
#include "command/option_table.h"
#include "command/options.h"

namespace parked::command {

namespace {

constexpr std::uint64_t kMemory = std::uint64_t{1} << 30;
constexpr std::uint64_t kKept = 20;
constexpr std::uint64_t kMostAtOnce = 64;

Result<void> wrong(std::string_view option, std::string_view word, std::string_view expected) {
  return fail(ErrorCode::usage, fmt::format("{} '{}': expected {}", option, word, expected));
}

Result<void> readSize(std::string_view option, const std::string& word, bool orNone,
                      std::uint64_t& out) {
  if (word.empty()) return {};
  if (orNone && word == "0") {
    out = 0;
    return {};
  }
  const auto size = parseSize(word);
  if (!size) return wrong(option, word, "a size such as 200M or 4G");
  out = *size;
  return {};
}

/// PID SIGNAL TIME NAME, as the kernel gives them.
Result<void> readCrash(HandlerOptions& handler) {
  constexpr std::size_t kWords = 4;
  const std::vector<std::string>& words = handler.words;
  if (words.size() < kWords) {
    return fail(ErrorCode::usage,
                "handler needs PID SIGNAL TIME NAME: in core_pattern %P %s %t %e");
  }
  std::uint64_t pid = 0, signal = 0, time = 0;
  if (!parseNumber(words[0], pid) || pid == 0 || pid > std::numeric_limits<std::int32_t>::max()) {
    return wrong("PID", words[0], "the number of a process (%P)");
  }
  if (!parseNumber(words[1], signal) || signal >= NSIG) {
    return wrong("SIGNAL", words[1], "the number of a signal (%s)");
  }
  if (!parseNumber(words[2], time) || time > std::numeric_limits<std::int32_t>::max() * 100ULL) {
    return wrong("TIME", words[2], "seconds since 1970 (%t)");
  }
  handler.pid = static_cast<std::int32_t>(pid);
  handler.signal = static_cast<int>(signal);
  handler.time = static_cast<std::int64_t>(time);
  handler.name = words[3];
  return {};
}

}  // namespace

Result<void> readHandler(const Words& words, Invocation& out) {
  if (out.kind != Kind::handler || out.help) return {};
  HandlerOptions& handler = out.handler;
  if (handler.folder.empty()) {
    return fail(ErrorCode::usage, "handler needs --dir DIR, where it keeps what it finds");
  }
  // The kernel starts it in the root folder.
  if (!handler.folder.starts_with('/')) {
    return wrong("--dir", handler.folder, "a path from the root on");
  }
  if (!handler.passOn.empty() && !handler.passOn.starts_with('/')) {
    return wrong("--pass-on", handler.passOn, "the path of a program from the root on");
  }
  out.memoryLimit = kMemory;
  out.keep = kKept;
  for (auto done : {readMemoryLimit(words, out), readKeep(words, out),
                    readSize("--keep-bytes", words.keepBytes, true, handler.keepBytes),
                    readSize("--max-spool", words.maxSpool, false, handler.maxSpool)}) {
    if (!done) return done;
  }
  if (!words.maxTime.empty()) {
    const auto time = durationFrom(words.maxTime);
    if (!time || *time <= 0)
      return wrong("--max-time", words.maxTime, "a duration such as 30s, 2m");
    handler.maxTime = std::chrono::nanoseconds(*time);
  }
  if (!words.atOnce.empty() && (!parseNumber(words.atOnce, handler.atOnce) || handler.atOnce == 0 ||
                                handler.atOnce > kMostAtOnce)) {
    return wrong("--at-once", words.atOnce, fmt::format("a number from 1 to {}", kMostAtOnce));
  }
  return readCrash(handler);
}

}  // namespace parked::command
