#include "leak/short_name.h"

#include <cctype>
#include <cstddef>

namespace parked::leak {

namespace {

constexpr std::size_t kLongest = 60;

/// "struct {...}" of "struct { a int; b string }", interfaces likewise.
std::string withoutBodies(std::string_view name) {
  std::string out;
  int depth = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '}' && depth > 0) --depth;
    if (depth == 0) out += name[i];
    if (name[i] != '{') continue;
    if (depth == 0 && name.substr(i + 1, 1) != "}") out += "...";
    ++depth;
  }
  return out;
}

/// A byte that goes on with a character of UTF-8.
bool isContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

std::string withoutPaths(std::string_view name) {
  std::string out;
  std::size_t word = 0;  // where the last element of a path begins in `out`
  for (const char c : name) {
    const bool inPath = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                        std::string_view("._-~%/").find(c) != std::string_view::npos;
    if (c == '/') {
      out.resize(word);
      continue;
    }
    out += c;
    if (!inPath) word = out.size();
  }
  return out;
}

std::string shortName(std::string_view name) {
  if (name.size() <= kLongest) return std::string(name);
  std::string text = withoutBodies(name);
  if (text.size() > kLongest) text = withoutPaths(text);
  if (text.size() <= kLongest) return text;
  std::size_t head = kLongest / 2, tail = text.size() - kLongest / 2;
  while (head > 0 && isContinuation(text[head])) --head;
  while (tail < text.size() && isContinuation(text[tail])) ++tail;
  return text.substr(0, head) + "..." + text.substr(tail);
}

}  // namespace parked::leak
