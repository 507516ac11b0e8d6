// Does a count that was looked at several times go up? Kept apart from who counts what.
#pragma once

#include <cstdint>
#include <span>

namespace parked::leak {

/// How many there were at one look.
struct Count {
  std::int64_t at = 0;  ///< ns on a clock that does not jump
  std::uint64_t count = 0;
};

/// The fewest looks by which a trend can be told from chance.
inline constexpr std::size_t kFewestForTrend = 4;

struct Trend {
  /// The count goes up, beyond what chance does in one of twenty rows of numbers without a trend:
  /// the Mann-Kendall test, which asks of every two looks only whether the later has more, so that
  /// neither a single outlier nor the size of the steps decides. False with fewer than
  /// kFewestForTrend looks.
  bool rising = false;
  double perMinute = 0;  ///< slope of the straight line that fits best (least squares); 0: unknown
};

/// `counts` in order of time.
Trend trendOf(std::span<const Count> counts);

}  // namespace parked::leak
