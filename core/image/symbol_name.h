// The parts of a symbol's name.
#pragma once

#include <cstddef>
#include <string_view>

namespace parked::image {

/// "net/http" of "net/http.DefaultClient"; all of it if there is no dot behind the last slash.
inline std::string_view packageOf(std::string_view symbol) {
  const std::size_t slash = symbol.rfind('/');
  const std::size_t dot = symbol.find('.', slash == std::string_view::npos ? 0 : slash);
  return symbol.substr(0, dot);
}

}  // namespace parked::image
