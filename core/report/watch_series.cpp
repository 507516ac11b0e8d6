#include "report/watch_series.h"

#include <algorithm>
#include <limits>

namespace parked::report {

namespace {

template <typename T>
void keepEverySecond(std::vector<T>& points) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < points.size(); i += 2) points[kept++] = points[i];
  points.resize(kept);
}

}  // namespace

void WatchSeries::thin() {
  keepEverySecond(times_);
  keepEverySecond(totals_);
  for (auto& [number, counts] : groups_) keepEverySecond(counts);
  step_ *= 2;
}

void WatchSeries::dropLast() {
  times_.pop_back();
  totals_.pop_back();
  for (auto& [number, counts] : groups_) counts.pop_back();
}

void WatchSeries::add(const leak::History& history) {
  if (!times_.empty() && (lastLook_ - 1) % step_ != 0) {
    dropLast();  // it was there as the last look only
  } else if (times_.size() == kPoints) {
    thin();
  }
  lastLook_ = history.looks();
  times_.push_back(history.lastAt() - history.firstAt());
  totals_.push_back(history.total());
  const std::size_t points = times_.size();
  for (const leak::FollowedGroup* group : history.groups()) {
    auto& counts = groups_[group->number];
    counts.resize(points - 1);  // none were there before it was seen first
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    counts.push_back(static_cast<std::uint32_t>(std::min(group->count, kMost)));
  }
  // What the history has forgotten has got no count now.
  std::erase_if(groups_, [points](const auto& group) { return group.second.size() != points; });
}

const std::vector<std::uint32_t>& WatchSeries::of(std::uint32_t group) const {
  static const std::vector<std::uint32_t> kNothing;
  const auto found = groups_.find(group);
  return found == groups_.end() ? kNothing : found->second;
}

}  // namespace parked::report
