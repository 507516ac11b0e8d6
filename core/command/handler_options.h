// The options and words that `parked handler` alone has.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace parked::command {

struct Words;
struct Invocation;

/// What is kept of crashes, and what it may cost.
struct HandlerOptions {
  std::string folder;                                          ///< --dir
  std::string passOn;                                          ///< --pass-on
  bool whole = false;                                          ///< --no-redact
  std::uint64_t keepBytes = std::uint64_t{1} << 30;            ///< --keep-bytes; 0: no bound
  std::chrono::nanoseconds maxTime = std::chrono::minutes(1);  ///< --max-time
  std::uint64_t maxSpool = std::uint64_t{8} << 30;             ///< --max-spool
  std::uint64_t atOnce = 2;                                    ///< --at-once

  std::int32_t pid = 0;
  int signal = 0;
  std::int64_t time = 0;  ///< seconds since 1970
  std::string name;
  std::vector<std::string> words;  ///< all of these, and what else is behind them, as they came
};

/// The options, and PID SIGNAL TIME NAME of HandlerOptions::words; of other commands nothing.
/// Errors: usage.
Result<void> readHandler(const Words& words, Invocation& out);

}  // namespace parked::command
