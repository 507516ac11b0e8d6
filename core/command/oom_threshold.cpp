#include "command/oom_threshold.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include "command/memory_limit.h"

namespace parked::command {

namespace {

/// So far below the threshold memory has to be before it counts as passed again: percent of the
/// limit. What a garbage collection gives back at 90% is mostly less.
constexpr double kClear = 5;
constexpr double kWhole = 100;

std::optional<double> percentFrom(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  double percent = 0;
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), percent, std::chars_format::fixed);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(percent) || percent <= 0 || percent > kWhole) return std::nullopt;
  return percent;
}

}  // namespace

std::optional<OomThreshold> parseOomThreshold(std::string_view text) {
  constexpr std::string_view kPressure = "psi:";
  OomThreshold threshold;
  if (text.starts_with(kPressure)) {
    const auto percent = percentFrom(text.substr(kPressure.size()));
    if (!percent) return std::nullopt;
    threshold = {OomThreshold::Kind::stalled, *percent, 0};
  } else if (const auto percent = percentFrom(text)) {
    threshold = {OomThreshold::Kind::share, *percent, 0};
  } else if (const auto size = parseSize(text)) {
    threshold = {OomThreshold::Kind::left, 0, *size};
  } else {
    return std::nullopt;
  }
  return threshold;
}

double beyond(const OomThreshold& threshold, const OomReading& reading) {
  if (threshold.kind == OomThreshold::Kind::stalled) {
    return reading.stalled.value_or(0) - threshold.percent;
  }
  const target::MemoryLevel& level = *reading.level;
  if (threshold.kind == OomThreshold::Kind::share) return level.percent() - threshold.percent;
  const double distance = static_cast<double>(threshold.bytes) - static_cast<double>(level.left());
  return distance * kWhole / static_cast<double>(level.limit);
}

bool OomTrigger::passed(const OomReading& reading) {
  const double distance = beyond(threshold_, reading);
  // Of little, half is clearly less.
  const double clear = threshold_.kind == OomThreshold::Kind::left
                           ? kClear
                           : std::min(kClear, threshold_.percent / 2);
  if (distance < -clear) armed_ = true;
  if (distance < 0 || !armed_) return false;
  armed_ = false;
  return true;
}

}  // namespace parked::command
