#include "image/shapes.h"

#include <algorithm>
#include <cstddef>

namespace parked::image {

namespace {

constexpr std::string_view kShape = "go.shape.";
constexpr int kDeepest = 8;  // of shapes in shapes

/// Where the shape ends whose name starts at `at`: at the number that 1.18 and 1.19 put behind it
/// ("go.shape.int_0"), or at what cannot be a part of it.
struct ShapeEnd {
  std::size_t name, next;  ///< the end of its name, and of the number behind it
};
ShapeEnd shapeEnd(std::string_view text, std::size_t at) {
  int depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '[' || c == '{' || c == '(') ++depth;
    if (c == ']' || c == '}' || c == ')') --depth;
    if (depth < 0 || (depth == 0 && (c == ',' || c == ';'))) return {i, i};
    if (depth != 0 || c != '_') continue;
    const std::size_t end = std::min(text.find_first_not_of("0123456789", i + 1), text.size());
    if (end > i + 1 && (end == text.size() ||
                        std::string_view(",;])} ").find(text[end]) != std::string_view::npos)) {
      return {i, end};
    }
  }
  return {text.size(), text.size()};
}

/// 1.18 puts it in front of the fields of a shape's struct, too: "struct { go.shape.id int }".
bool isField(std::string_view text) {
  const std::size_t end = text.find_first_of(" ,;[](){}");
  if (end == std::string_view::npos || text[end] != ' ') return false;
  const std::string_view word = text.substr(0, end);
  return word != "struct" && word != "interface" && word != "chan" && word != "<-chan" &&
         word != "chan<-";
}

void putWithoutShapes(std::string& out, std::string_view text, int nested) {
  while (true) {
    const std::size_t found = nested < kDeepest ? text.find(kShape) : std::string_view::npos;
    out += text.substr(0, found);
    if (found == std::string_view::npos) return;
    text.remove_prefix(found + kShape.size());
    if (nested > 0 && isField(text)) continue;
    const ShapeEnd end = shapeEnd(text, 0);
    const std::string_view name = text.substr(0, end.name);
    if (name == "*uint8") {  // stands for every pointer type (cmd/compile, shapify)
      out += "*T";
    } else {
      out += '~';
      putWithoutShapes(out, name, nested + 1);
    }
    text.remove_prefix(end.next);
  }
}

}  // namespace

std::string withoutShapes(std::string_view type) {
  std::string out;
  putWithoutShapes(out, type, 0);
  return out;
}

}  // namespace parked::image
