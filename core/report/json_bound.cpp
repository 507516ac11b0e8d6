#include "report/json_bound.h"

namespace parked::report {

bool JsonBound::operator()(std::string_view text) {
  kept_.clear();
  for (const char c : text) inString_ ? string(c) : take(c);
  return kept_.empty() || out_(kept_);
}

void JsonBound::string(char c) {
  put(c);
  if (isKey_ && (escaped_ || c != '"')) levels_.back().key += c;
  if (escaped_) {
    escaped_ = false;
  } else if (c == '\\') {
    escaped_ = true;
  } else if (c == '"') {
    inString_ = isKey_ = false;
  }
}

void JsonBound::take(char c) {
  Level* level = levels_.empty() ? nullptr : &levels_.back();
  switch (c) {
    case '}':
    case ']':
      close();
      return;
    case ':':
      if (level != nullptr) level->value = due_ = true;
      put(c);
      return;
    case ',':
      if (level == nullptr) return;
      // An element that was left out ends here, with the comma that was in front of it.
      if (dropped_ == levels_.size()) dropped_ = 0;
      if (level->array) {
        comma_ = due_ = true;
        return;
      }
      level->value = false;
      put(c);
      return;
    case '\n':
    case ' ':
      // Between elements it would stay of all that are left out.
      if (!comma_) put(c);
      return;
    default:
      break;
  }
  if (c == '"' && level != nullptr && !level->array && !level->value) {
    inString_ = isKey_ = true;
    level->key.clear();
    put(c);
    return;
  }
  beginValue(c);
}

/// The first character of a value, or one more of a number or a word.
void JsonBound::beginValue(char c) {
  const bool nests = c == '{' || c == '[';
  if (due_ && !levels_.empty() && levels_.back().array) {
    Level& array = levels_.back();
    ++array.count;
    if (dropped_ == 0 && array.kept >= (nests ? limits_.objects : limits_.values)) {
      dropped_ = levels_.size();
    }
    if (dropped_ == 0) {
      ++array.kept;
      if (comma_) kept_ += ',';
    }
    comma_ = false;
  }
  due_ = false;
  if (c == '"') inString_ = true;
  put(c);
  if (nests) open(c == '[');
}

void JsonBound::open(bool array) {
  levels_.push_back({.array = array, .key = {}});
  due_ = array;
  comma_ = false;
}

void JsonBound::close() {
  if (levels_.empty()) return;
  if (dropped_ == levels_.size()) dropped_ = 0;
  const Level& level = levels_.back();
  if (level.array && level.kept < level.count && dropped_ == 0) {
    Cut& cut = cuts_[path()];
    cut.kept += level.kept;
    cut.total += level.count;
  }
  put(level.array ? ']' : '}');
  levels_.pop_back();
  due_ = comma_ = false;
}

std::string JsonBound::path() const {
  std::string path;
  for (const Level& level : levels_) {
    if (level.array || level.key.empty()) continue;
    if (!path.empty()) path += '.';
    path += level.key;
  }
  return path;
}

}  // namespace parked::report
