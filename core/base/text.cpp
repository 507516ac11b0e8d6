#include "base/text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <utility>

namespace parked {

namespace {

constexpr std::int64_t kMicro = 1'000;
constexpr std::int64_t kMilli = 1'000'000;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

/// "3h2m"; the smaller unit is left out when it is zero.
std::string twoUnits(std::int64_t ns, std::int64_t big, char bigName, std::int64_t small,
                     char smallName) {
  const std::int64_t rest = ns % big / small;
  if (rest == 0) return fmt::format("{}{}", ns / big, bigName);
  return fmt::format("{}{}{}{}", ns / big, bigName, rest, smallName);
}

/// "1.5s" below ten units, "12s" above.
std::string oneUnit(std::int64_t ns, std::int64_t unit, std::string_view name) {
  const std::int64_t tenths = ns % unit * 10 / unit;
  if (ns < 10 * unit && tenths != 0) return fmt::format("{}.{}{}", ns / unit, tenths, name);
  return fmt::format("{}{}", ns / unit, name);
}

}  // namespace

std::string withSeparators(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string counted(std::uint64_t number, std::string_view singular, std::string_view plural) {
  if (number == 1) return fmt::format("1 {}", singular);
  if (plural.empty()) return fmt::format("{} {}s", withSeparators(number), singular);
  return fmt::format("{} {}", withSeparators(number), plural);
}

std::string humanDuration(std::int64_t ns) {
  if (ns < 0) {
    if (ns == std::numeric_limits<std::int64_t>::min()) ++ns;
    return "-" + humanDuration(-ns);
  }
  if (ns == 0) return "0s";
  if (ns < kMicro) return "<1us";
  if (ns < kMilli) return oneUnit(ns, kMicro, "us");
  if (ns < kSecond) return oneUnit(ns, kMilli, "ms");
  if (ns < kMinute) return oneUnit(ns, kSecond, "s");
  if (ns < 10 * kMinute) return twoUnits(ns, kMinute, 'm', kSecond, 's');
  if (ns < kHour) return fmt::format("{}m", ns / kMinute);
  if (ns < kDay) return twoUnits(ns, kHour, 'h', kMinute, 'm');
  return twoUnits(ns, kDay, 'd', kHour, 'h');
}

std::string humanBytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits = {"KB", "MB", "GB", "TB"};
  if (bytes < 1024) return counted(bytes, "byte");
  std::size_t unit = 0;
  double value = static_cast<double>(bytes) / 1024;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return value < 10 ? fmt::format("{:.1f} {}", value, kUnits[unit])
                    : fmt::format("{:.0f} {}", value, kUnits[unit]);
}

std::optional<std::int64_t> durationFrom(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::int64_t>, 8> kUnits = {{
      {"ns", 1},
      {"us", kMicro},
      {"ms", kMilli},
      {"s", kSecond},
      {"min", kMinute},
      {"m", kMinute},
      {"h", kHour},
      {"d", kDay},
  }};
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc() || !std::isfinite(number) || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::string_view unit = text.substr(0, text.find_first_of("0123456789."));
    bool known = false;
    for (const auto& [name, size] : kUnits) {
      if (unit != name) continue;
      total += number * static_cast<double>(size);
      known = true;
      break;
    }
    if (!known || total > 9e18) return std::nullopt;
    text.remove_prefix(unit.size());
  }
  return static_cast<std::int64_t>(total);
}

}  // namespace parked
