#include "report/page.h"

#include <algorithm>

#include "report/escape.h"

namespace parked::report {

namespace {

constexpr std::size_t kUnlimited = 1U << 20;
constexpr std::size_t kNarrowest = 40;  ///< below this fitting does more harm than long lines
constexpr std::size_t kShortestPath = 24;

std::string_view sequence(Ink ink) {
  switch (ink) {
    case Ink::plain:
      return "";
    case Ink::strong:
      return "\x1b[1m";
    case Ink::faint:
      return "\x1b[2m";
    case Ink::good:
      return "\x1b[32m";
    case Ink::warn:
      return "\x1b[1;33m";
    case Ink::bad:
      return "\x1b[1;31m";
    case Ink::odd:
      return "\x1b[35m";
    case Ink::code:
      return "\x1b[36m";
  }
  return "";
}

/// Where to break `text` so that at most `width` columns come first: behind the last space that
/// fits, or in the middle of a word that is longer than a line.
std::size_t breakAt(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return text.size();
  std::size_t column = 0, at = 0, space = 0;
  while (at < text.size() && column <= width) {
    if (text[at] == ' ') space = at;
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
    ++column;
    if (column == width && space == 0) break;
  }
  return space > 0 ? space : at;
}

}  // namespace

std::size_t Page::width() const {
  if (style_.width <= 0) return kUnlimited;
  return std::max(static_cast<std::size_t>(style_.width), kNarrowest);
}

void Page::put(std::string_view text, Ink ink) {
  const std::string clean = escape(text);
  if (!style_.color || ink == Ink::plain || clean.empty()) {
    writer_(clean);
    return;
  }
  writer_(sequence(ink));
  writer_(clean);
  writer_("\x1b[0m");
}

void Page::spaces(std::size_t count) { writer_(std::string(count, ' ')); }

void Page::line(std::size_t indent, std::initializer_list<Piece> pieces) {
  spaces(indent);
  std::size_t left = width() - std::min(indent, width());
  for (const Piece& piece : pieces) {
    if (left == 0) break;
    const std::string text = cutBack(escape(piece.text), left);
    put(text, piece.ink);
    left -= columns(text);
  }
  end();
}

void Page::field(std::size_t indent, std::size_t labelWidth, std::string_view label,
                 std::string_view text, Ink ink) {
  const std::string clean = escape(text);
  const std::size_t start = indent + labelWidth;
  const std::size_t room = std::max(width() - std::min(start, width()), std::size_t{16});
  spaces(indent);
  put(label, Ink::faint);
  spaces(labelWidth - std::min(columns(label), labelWidth));
  std::string_view rest = clean;
  while (true) {
    const std::size_t at = breakAt(rest, room);
    put(rest.substr(0, at), ink);
    end();
    rest.remove_prefix(at);
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    if (rest.empty()) return;
    spaces(start);
  }
}

void Page::placeField(std::size_t indent, std::size_t labelWidth, std::string_view label,
                      const leak::Place& place, std::string_view suffix, std::size_t used) {
  const std::size_t start = used + indent + labelWidth;
  const std::size_t room = std::max(width() - std::min(start, width()), std::size_t{24});
  spaces(indent);
  put(label, Ink::faint);
  spaces(labelWidth - std::min(columns(label), labelWidth));
  if (place.function.empty()) {
    put("unknown", Ink::faint);
    end();
    return;
  }
  const std::string function = cutFront(escape(place.function), room);
  std::string path =
      place.line > 0 ? fmt::format("{}:{}", escape(place.file), place.line) : escape(place.file);
  const std::size_t taken = columns(function) + 2;
  put(function, Ink::code);
  std::size_t tail = suffix.empty() ? 0 : columns(suffix) + 2;
  if (taken + columns(path) + tail <= room) {
    spaces(2);
  } else if (taken + tail + std::min(columns(path), kShortestPath) <= room) {
    path = cutFront(path, room - taken - tail);
    spaces(2);
  } else {
    end();
    spaces(start);
    if (tail >= room) tail = 0;
    path = cutFront(path, room - tail);
  }
  put(path);
  if (!suffix.empty()) {
    spaces(2);
    put(suffix, Ink::faint);
  }
  end();
}

}  // namespace parked::report
