// The renderers. Each reads the report and writes text to the sink; none changes anything.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
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
  std::string choosing, judging;
};

struct TextOptions {
  std::uint64_t limit = 0;  ///< groups shown; 0: all
  bool system = false;      ///< the runtime's own goroutines too
};

/// The leak report, one screen first.
void renderText(const Report& report, const TextOptions& options, const TextStyle& style,
                const Sink& sink);

/// Which arrays a JSON document has besides target and incomplete.
struct JsonParts {
  bool goroutines = true, groups = true, timers = true;
  bool channels = false, locks = false;
  Index channel = kNone;  ///< of the channels this one alone
  bool http = false, sql = false, files = false;
  bool contexts = false;
  bool islands = false;
  bool panicking = true;
  const struct Tree* tree = nullptr;  ///< the nodes of `pstree`
  Index why = kNone;                  ///< the way to what this goroutine waits on
};

/// How many of `count` a limit leaves; 0: all.
inline std::size_t atMost(std::size_t count, std::uint64_t limit) {
  return limit == 0 ? count : static_cast<std::size_t>(std::min<std::uint64_t>(count, limit));
}

/// One JSON document (docs/json.md). `limit` bounds each array of what was asked for, 0:
/// all.
void renderJson(const Report& report, const JsonParts& parts, std::uint64_t limit,
                const Sink& sink);

/// The same as JSON lines: one object a line, each with a "type" (docs/json.md).
void renderJsonl(const Report& report, const JsonParts& parts, std::uint64_t limit,
                 const Sink& sink);

/// Go's own goroutine dump, as panic and SIGQUIT print it, so that tools that parse it work on
/// cores. As GOTRACEBACK=all prints it; with `system` as GOTRACEBACK=system does: the runtime's own
/// goroutines and frames too, and every frame's fp, sp and pc. Mirrors runtime/traceback.go,
/// Go 1.18 to 1.27.
void renderTraceback(const Report& report, bool system, std::uint64_t limit, const Sink& sink);

}  // namespace parked::report
