// What a filter looks for in a text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace re2 {
class RE2;
}

namespace parked::query {

/// A substring, or between slashes a regular expression in the syntax of Go's package regexp (RE2),
/// which matches in linear time whatever the expression and the text are.
class Pattern {
 public:
  /// The error has RE2's words (ErrorCode::usage).
  static Result<Pattern> make(const std::string& expression, bool ignoreCase = false);

  bool operator()(std::string_view text) const;

 private:
  bool ignoreCase_ = false;
  std::string substring_;
  std::shared_ptr<const re2::RE2> expression_;
};

}  // namespace parked::query
