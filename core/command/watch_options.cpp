#include "command/watch_options.h"

#include <arpa/inet.h>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fmt/format.h>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include "base/text.h"
#include "command/dump_options.h"
#include "command/oom_threshold.h"
#include "leak/trend.h"

namespace parked::command {

namespace {

/// "9474", "127.0.0.1:9474", "[::1]:9474"; names would have to be looked up.
bool isListenAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const std::string_view port = colon == std::string_view::npos ? text : text.substr(colon + 1);
  std::uint64_t number = 0;
  if (!parseNumber(port, number) || number > 65535) return false;
  if (colon == std::string_view::npos) return true;
  std::string host(text.substr(0, colon));
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) return true;
  if (!host.starts_with('[') || !host.ends_with(']')) return false;
  host = host.substr(1, host.size() - 2);
  in6_addr six{};
  return inet_pton(AF_INET6, host.c_str(), &six) == 1;
}

Result<void> readBeforeOom(const Words& words, Invocation& out) {
  if (words.beforeOom.empty()) {
    const bool more =
        !out.dumpDir.empty() || out.redact || !words.keep.empty() || !words.memoryLimit.empty();
    if (!more) return {};
    return fail(
        ErrorCode::usage,
        "--dump-dir, --redact, --keep and --memory-limit are about what --before-oom keeps");
  }
  out.beforeOom = parseOomThreshold(words.beforeOom);
  if (!out.beforeOom) {
    return fail(
        ErrorCode::usage,
        fmt::format("--before-oom '{}': expected how much is used (90%), how little is left "
                    "(200M), or how long it waits for memory (psi:10%)",
                    words.beforeOom));
  }
  if (out.dumpDir.empty() && !out.help) {
    return fail(ErrorCode::usage,
                "--before-oom needs --dump-dir DIR, where it keeps what it finds");
  }
  if (auto keep = readKeep(words, out); !keep) return keep;
  return readMemoryLimit(words, out);
}

}  // namespace

Result<void> readWatch(const Words& words, Invocation& out) {
  if (out.kind != Kind::watch) return {};
  constexpr std::chrono::nanoseconds kShortest = std::chrono::milliseconds(100);
  if (!words.every.empty()) {
    const auto every = durationFrom(words.every);
    if (!every) {
      return fail(
          ErrorCode::usage,
          fmt::format("--every '{}': expected a duration such as 5s, 1m, 500ms", words.every));
    }
    out.every = std::chrono::nanoseconds(*every);
    if (out.every < kShortest) {
      return fail(
          ErrorCode::usage,
          fmt::format("--every {}: at least 100ms, as each look stops the process", words.every));
    }
  }
  if (!words.count.empty() && (!parseNumber(words.count, out.count) || out.count == 0)) {
    return fail(ErrorCode::usage,
                fmt::format("--count '{}': expected a number of looks above 0", words.count));
  }
  if (!out.listen.empty() && !isListenAddress(out.listen)) {
    return fail(ErrorCode::usage,
                fmt::format("--listen '{}': expected an address in numbers and a port, such as "
                            "127.0.0.1:9474 or [::1]:9474, or a port",
                            out.listen));
  }
  if (out.failOnGrowing && out.count > 0 && out.count < leak::kFewestForTrend) {
    return fail(ErrorCode::usage,
                fmt::format("--fail-on growing needs --count {} or more: fewer looks tell no trend",
                            leak::kFewestForTrend));
  }
  return readBeforeOom(words, out);
}

}  // namespace parked::command
