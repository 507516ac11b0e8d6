// JSON values as text, appended to a string.
#pragma once

#include <cstdint>
#include <fmt/compile.h>
#include <fmt/format.h>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "leak/places.h"

namespace parked::report {

/// Appends by a pattern checked and compiled at build time: put(out, FMT_COMPILE("{}"), 1).
template <class Pattern, class... Args>
void put(std::string& out, const Pattern& pattern, Args&&... args) {
  fmt::format_to(std::back_inserter(out), pattern, std::forward<Args>(args)...);
}

/// A string literal in ASCII: everything else is escaped, so that text of the target cannot steer a
/// terminal the JSON is shown on. Broken UTF-8 becomes U+FFFD.
void putString(std::string& out, std::string_view text);
/// The same, or null for "".
void putStringOrNull(std::string& out, std::string_view text);
/// "0xc000012345", or null for 0.
void putAddress(std::string& out, Addr address);
/// A number, or null.
template <class Number>
void putNumberOrNull(std::string& out, std::optional<Number> number) {
  if (number) {
    put(out, FMT_COMPILE("{}"), *number);
  } else {
    out += "null";
  }
}
/// The members of an object that says where: "func":…,"file":…,"line":…
void putPlaceMembers(std::string& out, std::string_view function, std::string_view file,
                     std::int32_t line);
/// An object with just these; null for the empty place.
void putPlaceOrNull(std::string& out, const leak::Place& place);
inline std::string_view boolText(bool value) { return value ? "true" : "false"; }

/// RFC 3339 in UTC with nanoseconds: "2025-11-23T01:12:44.000000000Z".
std::string rfc3339(std::int64_t nsSince1970);

/// a - b, held at the ends of the range: times of the target may be anything.
std::int64_t saturatingDifference(std::int64_t a, std::int64_t b);

}  // namespace parked::report
