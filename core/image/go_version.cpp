#include <algorithm>
#include <charconv>

#include "image/build_info.h"

namespace parked::image {

namespace {

/// Reads a decimal number of at most four digits at the start of `text` and drops it.
std::optional<int> takeNumber(std::string_view& text) {
  const std::string_view digits = text.substr(0, 4);
  int value = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || value < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - digits.data()));
  return value;
}

/// Reads what follows the number: experiments behind "X:", which follows a blank (up to 1.25) or a
/// dash (since 1.26), and what others have added before or after them.
void readRest(std::string_view text, GoVersion& version) {
  std::size_t at = text.find(" X:");
  if (at == std::string_view::npos) at = text.find("-X:");
  std::string_view names;
  std::string_view behind;
  if (at != std::string_view::npos) {
    names = text.substr(at + 3);
    const std::size_t end = names.find(' ');
    if (end != std::string_view::npos) behind = names.substr(end);
    names = names.substr(0, end);
  }
  while (!names.empty()) {
    const std::size_t comma = names.find(',');
    if (comma != 0) version.experiments.emplace_back(names.substr(0, comma));
    if (comma == std::string_view::npos) break;
    names.remove_prefix(comma + 1);
  }
  version.suffix = text.substr(0, at);
  version.suffix += behind;
  version.suffix.erase(0, version.suffix.find_first_not_of(' '));
}

}  // namespace

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
  readRest(rest, version);
  version.text = text;
  return version;
}

}  // namespace parked::image
