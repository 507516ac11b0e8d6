#include <algorithm>
#include <charconv>

#include "image/build_info.h"

namespace parked::image {

/// Reads a decimal number of at most four digits at the start of `text` and drops it.
static std::optional<int> takeNumber(std::string_view& text) {
  const std::string_view digits = text.substr(0, 4);
  int value = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || value < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - digits.data()));
  return value;
}

/// The names behind "X:", which follows a blank (up to 1.25) or a dash (since 1.26).
static std::vector<std::string> experimentsOf(std::string_view text) {
  std::vector<std::string> names;
  std::size_t at = text.find(" X:");
  if (at == std::string_view::npos) at = text.find("-X:");
  if (at == std::string_view::npos) return names;
  text.remove_prefix(at + 3);
  text = text.substr(0, text.find(' '));
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    if (comma != 0) names.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return names;
}

bool GoVersion::experiment(std::string_view name) const {
  return std::find(experiments.begin(), experiments.end(), name) != experiments.end();
}

std::optional<GoVersion> parseGoVersion(std::string_view text) {
  // "devel +abcdef" without a number is Go 1.16 or older; "xgo1.20" is not a version at all.
  std::size_t at = text.find("go1.");
  if (at == std::string_view::npos || (at != 0 && text[at - 1] != ' ')) return std::nullopt;
  std::string_view rest = text.substr(at + 4);
  const auto minor = takeNumber(rest);
  if (!minor) return std::nullopt;
  GoVersion version;
  version.minor = *minor;
  if (rest.size() > 1 && rest.front() == '.') {
    rest.remove_prefix(1);
    version.patch = takeNumber(rest).value_or(0);
  }
  version.development = text.starts_with("devel") || rest.starts_with("-devel");
  version.experiments = experimentsOf(text);
  version.text = text;
  return version;
}

}  // namespace parked::image
