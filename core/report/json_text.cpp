#include "report/json_text.h"

#include <chrono>
#include <fmt/format.h>

namespace parked::report {

void putPlaceMembers(JsonWriter& json, std::string_view function, std::string_view file,
                     std::int32_t line) {
  json.member("func", function);
  json.member("file", file);
  json.member("line", line);
}

void putPlaceMembers(JsonWriter& json, const leak::Place& place) {
  putPlaceMembers(json, place.function, place.file, place.line);
  json.text("instance", place.types.empty() ? std::string() : place.shownFunction());
}

void putPlace(JsonWriter& json, const leak::Place& place) {
  json.object([&] { putPlaceMembers(json, place); });
}

void putPlaceOrNull(JsonWriter& json, const leak::Place& place) {
  place.function.empty() ? json.null() : putPlace(json, place);
}

std::optional<std::uint64_t> idOf(const golang::Snapshot& snapshot, golang::Index goroutine) {
  return goroutine < snapshot.goroutines.size() ? std::optional(snapshot.goroutines[goroutine].id)
                                                : std::nullopt;
}

std::string rfc3339(std::int64_t nsSince1970) {
  using namespace std::chrono;
  const sys_time<nanoseconds> at{nanoseconds(nsSince1970)};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss<nanoseconds> time(at - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

std::int64_t saturatingDifference(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  if (!__builtin_sub_overflow(a, b, &result)) return result;
  return b < 0 ? INT64_MAX : INT64_MIN;
}

}  // namespace parked::report
