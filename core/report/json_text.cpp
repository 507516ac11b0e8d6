#include "report/json_text.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

namespace parked::report {

namespace {

bool isPlain(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

}  // namespace

void putString(std::string& out, std::string_view text) {
  if (std::all_of(text.begin(), text.end(), isPlain)) {
    out += '"';
    out += text;
    out += '"';
    return;
  }
  out += nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

void putStringOrNull(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += "null";
  } else {
    putString(out, text);
  }
}

void putAddress(std::string& out, Addr address) {
  if (address == 0) {
    out += "null";
  } else {
    put(out, FMT_COMPILE("\"0x{:x}\""), address);
  }
}

void putPlaceMembers(std::string& out, std::string_view function, std::string_view file,
                     std::int32_t line) {
  out += R"("func":)";
  putString(out, function);
  out += R"(,"file":)";
  putString(out, file);
  put(out, FMT_COMPILE(R"(,"line":{})"), line);
}

void putPlaceOrNull(std::string& out, const leak::Place& place) {
  if (place.function.empty()) {
    out += "null";
    return;
  }
  out += '{';
  putPlaceMembers(out, place.function, place.file, place.line);
  out += '}';
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
