// Counts of groups over all looks of `parked watch`, to be drawn. What grows is told by
// leak::History, which keeps the last looks; this keeps fewer points, of all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "leak/history.h"

namespace parked::report {

class WatchSeries {
 public:
  /// When there are as many every second one goes, and from then on every second look has a point.
  static constexpr std::size_t kPoints = 480;

  /// The last look of the history, to be called after each.
  void add(const leak::History& history);

  /// Of each point, the time since the first look in ns; the last one is the last look.
  const std::vector<std::int64_t>& times() const { return times_; }
  const std::vector<std::uint64_t>& totals() const { return totals_; }
  /// A count for each point of a group that the history has, by its number.
  const std::vector<std::uint32_t>& of(std::uint32_t group) const;
  /// One of so many looks has a point, and the last one.
  std::uint64_t step() const { return step_; }

 private:
  void thin();
  void dropLast();

  std::vector<std::int64_t> times_;
  std::vector<std::uint64_t> totals_;
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> groups_;
  std::uint64_t step_ = 1;
  std::uint64_t lastLook_ = 0;  ///< of the last point
};

}  // namespace parked::report
