// Lines of text on a terminal: colour, indents, fitting to a width. Everything put on a page is
// escaped here, so that no renderer can forget it.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "report/render.h"
#include "report/writer.h"

namespace parked::report {

/// Columns of the words in front of a line: "held by     …".
inline constexpr std::size_t kLabel = 12;

/// What a piece of text is, not what it looks like.
enum class Ink { plain, strong, faint, good, warn, bad, odd, code };

struct Piece {
  std::string text;
  Ink ink = Ink::plain;
};

class Page {
 public:
  Page(const TextStyle& style, Writer& writer) : style_(style), writer_(writer) {}

  /// Columns of a line; a large number when lines are not fitted.
  std::size_t width() const;

  /// One line of pieces after `indent` spaces. What does not fit is cut at the end.
  void line(std::size_t indent, std::initializer_list<Piece> pieces);
  /// The same behind something of the caller's own making ("│  ├─ "), which is not escaped.
  void line(std::string_view lead, std::span<const Piece> pieces);
  void blank() { writer_("\n"); }

  /// "label  text", the text wrapped between words under itself.
  void field(std::size_t indent, std::size_t labelWidth, std::string_view label,
             std::string_view text, Ink ink = Ink::plain);
  /// "label  function  file:line": the path is cut from its front, or moved to a line of its own
  /// when the two leave too little room. `suffix` follows ("and 2 other places"). `used`: columns
  /// of the line that are already written.
  void placeField(std::size_t indent, std::size_t labelWidth, std::string_view label,
                  const leak::Place& place, std::string_view suffix = {}, std::size_t used = 0);

  /// A piece as it is written: escaped, coloured if the style says so.
  void put(std::string_view text, Ink ink = Ink::plain);
  void spaces(std::size_t count);
  void end() { writer_("\n"); }

 private:
  const TextStyle& style_;
  Writer& writer_;
};

}  // namespace parked::report
