// Paths and names out of a core may hold terminal escapes; messages show them defused.
#pragma once

#include <string>
#include <string_view>

namespace parked::target {

/// `text` with control characters replaced by '?', cut to a length that fits a message.
inline std::string printable(std::string_view text) {
  constexpr std::size_t kLongest = 512;
  std::string out(text.substr(0, kLongest));
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return out;
}

}  // namespace parked::target
