#include "command/dump_options.h"

#include <fmt/format.h>

#include "command/memory_limit.h"
#include "target/pack.h"

namespace parked::command {

Result<void> readMemoryLimit(const Words& words, Invocation& out) {
  if (words.memoryLimit.empty()) return {};
  const auto size = parseSize(words.memoryLimit);
  if (!size) {
    return fail(
        ErrorCode::usage,
        fmt::format("--memory-limit '{}': expected a size such as 200M or 1G", words.memoryLimit));
  }
  out.memoryLimit = *size;
  return {};
}

Result<void> readKeep(const Words& words, Invocation& out) {
  if (words.keep.empty()) return {};
  std::uint64_t number = 0;
  if (!parseNumber(words.keep, number)) {
    return fail(ErrorCode::usage, fmt::format("--keep '{}': expected a number", words.keep));
  }
  out.keep = number;
  return {};
}

Result<void> readDump(const Words& words, Invocation& out) {
  if (out.kind != Kind::dump) return {};
  using target::ZstdSink;
  if (!words.level.empty()) {
    std::uint64_t level = 0;
    if (!parseNumber(words.level, level) || level < ZstdSink::kLeast || level > ZstdSink::kMost) {
      return fail(ErrorCode::usage, fmt::format("--level '{}': expected a number from {} to {}",
                                                words.level, ZstdSink::kLeast, ZstdSink::kMost));
    }
    out.level = static_cast<int>(level);
  }
  if (out.level && out.uncompressed) {
    return fail(ErrorCode::usage, "--level and --uncompressed exclude each other");
  }
  if (auto limit = readMemoryLimit(words, out); !limit) return limit;
  if (out.output.empty() && !out.help) {
    return fail(ErrorCode::usage, "dump needs -o FILE, or -o - for stdout");
  }
  return {};
}

}  // namespace parked::command
