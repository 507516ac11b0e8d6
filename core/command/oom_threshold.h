// The word behind --before-oom, and when it is so far.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "target/memory_level.h"

namespace parked::command {

/// When a process is near its end.
struct OomThreshold {
  enum class Kind : std::uint8_t {
    share,    ///< so many percent of a limit are used
    left,     ///< so many bytes are left, or fewer
    stalled,  ///< so many percent of the time all of it waits for memory (PSI)
  };
  Kind kind = Kind::share;
  double percent = 0;
  std::uint64_t bytes = 0;
};

/// "90%", "200M", "psi:10%"; nullopt if it is none of these.
std::optional<OomThreshold> parseOomThreshold(std::string_view text);

/// What was found at a look.
struct OomReading {
  std::optional<target::MemoryLevel> level;  ///< the one that is nearest to its limit
  std::optional<double> stalled;             ///< percent
};

/// How far beyond the threshold, in percent; below 0: not yet. `reading` has what its kind asks.
double beyond(const OomThreshold& threshold, const OomReading& reading);

/// Tells each time that the threshold is passed, once, until the memory was clearly below it.
class OomTrigger {
 public:
  explicit OomTrigger(const OomThreshold& threshold) : threshold_(threshold) {}
  bool passed(const OomReading& reading);

 private:
  OomThreshold threshold_;
  bool armed_ = true;
};

}  // namespace parked::command
