#include "leak/trend.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace parked::leak {

namespace {

constexpr double kOneOfTwenty = 1.645;  // of a normal distribution, one-sided
constexpr double kMinute = 60e9;        // ns

/// n(n-1)(2n+5), of which the test's variance is made.
double term(std::size_t n) {
  const auto x = static_cast<double>(n);
  return x * (x - 1) * (2 * x + 5);
}

bool isRising(std::span<const Count> counts) {
  if (counts.size() < kFewestForTrend) return false;
  double score = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    for (std::size_t j = i + 1; j < counts.size(); ++j) {
      if (counts[j].count != counts[i].count) score += counts[j].count > counts[i].count ? 1 : -1;
    }
  }
  if (score <= 0) return false;
  std::vector<std::uint64_t> sorted;
  for (const Count& count : counts) sorted.push_back(count.count);
  std::ranges::sort(sorted);
  double variance = term(counts.size());
  for (auto at = sorted.begin(); at != sorted.end();) {
    const auto next = std::upper_bound(at, sorted.end(), *at);
    variance -= term(static_cast<std::size_t>(next - at));
    at = next;
  }
  // Equal counts only: no score either. One off the score for its steps of two.
  return variance > 0 && (score - 1) / std::sqrt(variance / 18) > kOneOfTwenty;
}

double slopePerMinute(std::span<const Count> counts) {
  if (counts.size() < 2) return 0;
  // From the first look on: times since boot, squared, would lose digits.
  const auto x = [&](const Count& c) { return static_cast<double>(c.at - counts[0].at) / kMinute; };
  double meanX = 0, meanY = 0;
  for (const Count& count : counts) {
    meanX += x(count);
    meanY += static_cast<double>(count.count);
  }
  meanX /= static_cast<double>(counts.size());
  meanY /= static_cast<double>(counts.size());
  double xy = 0, xx = 0;
  for (const Count& count : counts) {
    xy += (x(count) - meanX) * (static_cast<double>(count.count) - meanY);
    xx += (x(count) - meanX) * (x(count) - meanX);
  }
  return xx > 0 ? xy / xx : 0;
}

}  // namespace

Trend trendOf(std::span<const Count> counts) { return {isRising(counts), slopePerMinute(counts)}; }

}  // namespace parked::leak
