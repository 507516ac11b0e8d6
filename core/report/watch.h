// The renderers of `parked watch`: what changed over several looks at one process.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/incomplete.h"
#include "leak/history.h"
#include "report/model.h"
#include "report/render.h"

namespace parked::report {

class JsonWriter;
class WatchSeries;

/// The last look, and those before it.
struct WatchView {
  const leak::History* history = nullptr;
  TargetInfo target;  ///< at the last look
  std::chrono::nanoseconds every{0};
  std::vector<Incomplete> incomplete;  ///< of the last look
  std::set<std::uint32_t> known;       ///< numbers of groups that the baseline lists
  std::string withheld;                ///< why the last look proved nothing; empty if it did
};

struct WatchOptions {
  std::uint64_t limit = 0;  ///< groups shown; 0: all
  int rows = 0;             ///< lines there are; 0: as many as it takes
};

/// A header, and two lines a group.
void renderWatchText(const WatchView& view, const WatchOptions& options, const TextStyle& style,
                     const Sink& sink);

/// One line of JSON (docs/json.md).
void renderWatchJson(const WatchView& view, std::uint64_t limit, const Sink& sink);

/// A page for a browser with plots of all looks. `ended`: why there will be no more, "" if there
/// will.
void renderWatchHtml(const WatchView& view, const WatchSeries& series, std::string_view ended,
                     const Sink& sink);

/// Members of the open object: a group at the last look.
void putFollowedGroup(JsonWriter& json, const leak::FollowedGroup& group, bool known);

}  // namespace parked::report
