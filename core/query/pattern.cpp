#include "query/pattern.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <fmt/format.h>
#include <re2/re2.h>

namespace parked::query {

namespace {

/// For the compiled expression and what matching needs of it; RE2 refuses a larger expression and
/// matches slower rather than use more.
constexpr std::int64_t kMostMemory = 4 << 20;

bool sameLetter(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

}  // namespace

Result<Pattern> Pattern::make(const std::string& expression, bool ignoreCase) {
  Pattern pattern;
  pattern.ignoreCase_ = ignoreCase;
  if (expression.size() < 2 || expression.front() != '/' || expression.back() != '/') {
    pattern.substring_ = expression;
    return pattern;
  }
  RE2::Options options;
  options.set_max_mem(kMostMemory);
  options.set_log_errors(false);  // they are told here
  options.set_case_sensitive(!ignoreCase);
  pattern.expression_ =
      std::make_shared<const RE2>(expression.substr(1, expression.size() - 2), options);
  if (!pattern.expression_->ok()) {
    return fail(ErrorCode::usage, fmt::format("bad regular expression {}: {}", expression,
                                              pattern.expression_->error()));
  }
  return pattern;
}

bool Pattern::operator()(std::string_view text) const {
  if (expression_ != nullptr) {
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression_);
  }
  if (!ignoreCase_) return text.find(substring_) != std::string_view::npos;
  return !std::ranges::search(text, substring_, sameLetter).empty() || substring_.empty();
}

}  // namespace parked::query
