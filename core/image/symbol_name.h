// The parts of a symbol's name.
#pragma once

#include <cstddef>
#include <string_view>

namespace parked::image {

/// "net/http" of "net/http.DefaultClient"; "" if it has none, as a function of C. The packages of
/// type arguments ("main.Map[example.com/x.T]") are not looked at.
inline std::string_view packageOf(std::string_view symbol) {
  symbol = symbol.substr(0, symbol.find('['));
  const std::size_t slash = symbol.rfind('/');
  const std::size_t dot = symbol.find('.', slash == std::string_view::npos ? 0 : slash);
  return dot == std::string_view::npos ? std::string_view() : symbol.substr(0, dot);
}

}  // namespace parked::image
