#include "report/json_writer.h"

#include <nlohmann/json.hpp>

namespace parked::report {

namespace {

bool isPlain(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

}  // namespace

void JsonWriter::literal(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), isPlain)) {
    out_ += '"';
    out_ += text;
    out_ += '"';
  } else {
    out_ += nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  }
  comma_ = true;
}

void JsonWriter::address(Addr address) {
  if (address == 0) {
    null();
    return;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<char, 20> text;  // "0x", 16 digits, quotes
  auto at = text.end();
  *--at = '"';
  for (Addr rest = address; rest != 0; rest >>= 4) *--at = kDigits[rest & 0xf];
  *--at = 'x';
  *--at = '0';
  *--at = '"';
  token({at, text.end()});
}

}  // namespace parked::report
