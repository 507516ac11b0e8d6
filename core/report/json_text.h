// Values that several parts of the JSON document share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "golang/snapshot.h"
#include "leak/places.h"
#include "report/json_writer.h"

namespace parked::report {

/// The members of an object that says where: "func":…,"file":…,"line":…
void putPlaceMembers(JsonWriter& json, std::string_view function, std::string_view file,
                     std::int32_t line);
/// These, and of an instance of a generic its name with the types: "instance":…
void putPlaceMembers(JsonWriter& json, const leak::Place& place);
/// An object with just those.
void putPlace(JsonWriter& json, const leak::Place& place);
/// The same; null for the empty place.
void putPlaceOrNull(JsonWriter& json, const leak::Place& place);

template <std::size_t N>
void putPlaceOrNull(JsonWriter& json, const char (&name)[N], const leak::Place& place) {
  json.key(name);
  putPlaceOrNull(json, place);
}

/// The id of a goroutine; none if there is no such goroutine.
std::optional<std::uint64_t> idOf(const golang::Snapshot& snapshot, golang::Index goroutine);

/// nullopt for 0, which means "not known" or "none".
template <class Number>
std::optional<Number> unlessZero(Number number) {
  return number != 0 ? std::optional(number) : std::nullopt;
}
/// nullopt for 0 and below.
template <class Number>
std::optional<Number> ifPositive(Number number) {
  return number > 0 ? std::optional(number) : std::nullopt;
}

/// RFC 3339 in UTC with nanoseconds: "2025-11-23T01:12:44.000000000Z".
std::string rfc3339(std::int64_t nsSince1970);

/// a - b, held at the ends of the range: times of the target may be anything.
std::int64_t saturatingDifference(std::int64_t a, std::int64_t b);

}  // namespace parked::report
