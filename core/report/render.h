// The report as text. A renderer reads the report and writes text to the sink; none changes
// anything.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "report/model.h"
#include "report/writer.h"

namespace parked::report {

/// How text is to look.
struct TextStyle {
  bool color = false;
  int width = 0;                         ///< columns; 0: lines are not fitted
  std::string commandPrefix = "parked";  ///< for hints: "parked core BIN CORE"
  /// For hints, too, each behind a space: the options that chose the goroutines, and those that
  /// judged them.
  std::string choosing = {}, judging = {};
};

struct TextOptions {
  std::uint64_t limit = 0;                   ///< groups shown; 0: all
  bool system = false;                       ///< the runtime's own goroutines too
  std::optional<std::uint64_t> stacks = {};  ///< the calls of a stack of each, 0: all
};

/// The leak report, one screen first.
void renderText(const Report& report, const TextOptions& options, const TextStyle& style,
                const Sink& sink);

/// How many of `count` a limit leaves; 0: all.
inline std::size_t atMost(std::size_t count, std::uint64_t limit) {
  return limit == 0 ? count : static_cast<std::size_t>(std::min<std::uint64_t>(count, limit));
}

}  // namespace parked::report
