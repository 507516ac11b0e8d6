// Words and numbers of the shipped layout tables.
#pragma once

#include <charconv>
#include <string_view>

namespace parked::image {

/// The text up to the next line end, taken off `text` with it.
inline std::string_view takeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

/// The text up to the next blank, taken off `line` with it.
inline std::string_view takeWord(std::string_view& line) {
  const std::size_t end = line.find(' ');
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  return word;
}

/// The whole of `word` as a decimal number; false if it is none or does not fit.
template <class T>
bool toNumber(std::string_view word, T& value) {
  const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc{} && rest == word.data() + word.size() && !word.empty();
}

}  // namespace parked::image
