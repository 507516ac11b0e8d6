#include "report/escape.h"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <utf8proc.h>

namespace parked::report {

namespace {

constexpr std::string_view kCut = "...";

bool isContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

bool steersTerminal(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0x9f) ||  // C0, DEL, C1
         code == 0xad || code == 0x061c ||                 // soft hyphen, arabic letter mark
         (code >= 0x200b && code <= 0x200f) ||             // zero width, direction marks
         (code >= 0x2028 && code <= 0x202e) ||             // line separators, embeddings
         (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
         (code >= 0xe0000 && code <= 0xe007f);  // invisible tags
}

/// One character of text on a terminal.
struct Cell {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};

Cell cellAt(std::string_view text, std::size_t at) {
  std::uint32_t code = 0;
  const std::size_t bytes = decodeUtf8(text, at, code);
  if (bytes <= 1) return {};  // ASCII, or broken
  const int width = utf8proc_charwidth(static_cast<utf8proc_int32_t>(code));
  return {bytes, static_cast<std::size_t>(std::max(width, 0))};
}

/// Byte position behind the first `width` columns, and behind what combines with the last of them.
std::size_t behind(std::string_view text, std::size_t width) {
  std::size_t at = 0, column = 0;
  while (at < text.size()) {
    const Cell cell = cellAt(text, at);
    if (column >= width && cell.columns > 0) break;
    at += cell.bytes;
    column += cell.columns;
  }
  return at;
}

}  // namespace

std::size_t decodeUtf8(std::string_view text, std::size_t at, std::uint32_t& code) {
  const auto lead = static_cast<unsigned char>(text[at]);
  std::size_t length = 0;
  if (lead < 0x80) {
    code = lead;
    return 1;
  }
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
    code = lead & 0x1f;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    code = lead & 0x0f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    code = lead & 0x07;
  } else {
    return 0;
  }
  if (text.size() - at < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!isContinuation(text[at + i])) return 0;
    code = code << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3f);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return overlong || surrogate || code > 0x10ffff ? 0 : length;
}

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::uint32_t code = 0;
    const std::size_t length = decodeUtf8(text, at, code);
    if (length == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at]));
      ++at;
      continue;
    }
    if (!steersTerminal(code)) {
      out.append(text.substr(at, length));
    } else if (code == '\n') {
      out += "\\n";
    } else if (code == '\t') {
      out += "\\t";
    } else if (code < 0x80) {
      out += fmt::format("\\x{:02x}", code);
    } else {
      out += fmt::format("\\u{:04x}", code);
    }
    at += length;
  }
  return out;
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Cell cell = cellAt(text, at);
    count += cell.columns;
    at += cell.bytes;
  }
  return count;
}

std::size_t fitting(std::string_view text, std::size_t width) {
  std::size_t at = 0, column = 0;
  while (at < text.size()) {
    const Cell cell = cellAt(text, at);
    if (column + cell.columns > width) break;
    at += cell.bytes;
    column += cell.columns;
  }
  return at;
}

std::string padded(std::string_view text, std::size_t width) {
  std::string out(text);
  out.append(width - std::min(columns(text), width), ' ');
  return out;
}

std::string cutFront(std::string_view text, std::size_t width) {
  const std::size_t have = columns(text);
  if (have <= width) return std::string(text);
  if (width <= kCut.size()) return std::string(text.substr(behind(text, have - width)));
  std::string_view rest = text.substr(behind(text, have - (width - kCut.size())));
  // A whole path element reads better than half of one, when it costs little.
  const auto slash = rest.find('/');
  if (slash != std::string_view::npos && slash < rest.size() / 3) rest.remove_prefix(slash);
  return fmt::format("{}{}", kCut, rest);
}

std::string cutBack(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  if (width <= kCut.size()) return std::string(text.substr(0, fitting(text, width)));
  return fmt::format("{}{}", text.substr(0, fitting(text, width - kCut.size())), kCut);
}

}  // namespace parked::report
